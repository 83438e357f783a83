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
  const mounted = Object.entries(parts).map(([name, part]) => part(/** @type {HTMLElement} */ (root.querySelector(`[data-part="${name}"]`)), context));
  return {
    /** @param {any} view */
    update(view) {
      for (const part of mounted) part.update(view);
    },
    unmount() {
      for (const part of mounted) part.unmount();
      render(nothing, root);
    },
  };
}
