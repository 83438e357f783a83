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
  const parts = { exercise, ...(context.boot.role === "participant" ? { card, agreement, milestones } : { milestones, lead, rooms, agreement, choose }) };
  render(html`${Object.keys(parts).map((name) => html`<div class="stack loose" data-part=${name}></div>`)}`, root);
  /** @param {string} name */
  const at = (name) => /** @type {HTMLElement} */ (root.querySelector(`[data-part="${name}"]`));
  const mounted = Object.entries(parts).map(([name, part]) => part(at(name), context));

  /**
   * What is asked of a participant comes first: the card; beside it goes what can wait, above it what the group is just now agreeing
   * on or glad about. For those who lead the skill comes first in a skills block, else last. Nothing moves while somebody is in it.
   * @param {any} room
   */
  function order({ agenda, agreement: agreed, milestones: marks, phase }) {
    if ("card" in parts) {
      if (root.contains(document.activeElement)) return;
      const first = [marks?.length ? "milestones" : "", agreed?.draft || phase === "lobby" ? "agreement" : ""];
      const wanted = ["exercise", ...first, "card", ...["agreement", "milestones"].filter((name) => !first.includes(name))].filter(Boolean);
      wanted.reduceRight((/** @type {Element | null} */ next, name) => {
        if (at(name).nextElementSibling !== next) root.insertBefore(at(name), next);
        return at(name);
      }, null);
      return;
    }
    if (at("choose").contains(document.activeElement)) return;
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
