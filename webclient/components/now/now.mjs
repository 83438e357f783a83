/** What the group does now: the exercise that is open, above the card of the part; for those who lead, what to open. */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { mount as agreement } from "/components/agreement/agreement.mjs";
import { mount as card } from "/components/card/card.mjs";
import { mount as choose } from "/components/exercises/choose.mjs";
import { mount as exercise } from "/components/exercises/exercise.mjs";
import { mount as milestones } from "/components/milestones/milestones.mjs";
import { mount as rooms } from "/components/breakouts/lead.mjs";
import { mount as lead } from "/components/round/lead.mjs";

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const parts = { exercise, ...(context.boot.role === "participant" ? { milestones, agreement, card } : { milestones, lead, rooms, agreement, choose }) };
  render(html`${Object.keys(parts).map((name) => html`<div class="stack loose" data-part=${name}></div>`)}`, root);
  /** @param {string} name */
  const at = (name) => /** @type {HTMLElement} */ (root.querySelector(`[data-part="${name}"]`));
  const mounted = Object.entries(parts).map(([name, part]) => part(at(name), context));

  /** In a skills block the skill comes first, else it comes last; it stays where it is while somebody is in it. @param {any} room */
  function order({ agenda }) {
    if (!("choose" in parts) || at("choose").contains(document.activeElement)) return;
    const isSkills = agenda.segments.some((/** @type {any} */ one) => one.id === agenda.position && one.kind === "skills");
    const before = isSkills ? at("lead") : null;
    if (at("choose").nextElementSibling !== before) root.insertBefore(at("choose"), before);
  }

  return {
    /** @param {any} view */
    update(view) {
      order(view.room);
      for (const part of mounted) part.update(view);
    },
    unmount() {
      for (const part of mounted) part.unmount();
      render(nothing, root);
    },
  };
}
