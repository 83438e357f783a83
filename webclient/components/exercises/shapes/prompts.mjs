/** One prompt after another, all at the same time; what was written under earlier ones stays at hand. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { t } from "/static/core/words.mjs";
import { field } from "../fields.mjs";

export function create() {
  return {
    /** @param {import("../shape.mjs").Moment} moment */
    draw({ exercise, step, index, paper }) {
      const earlier = exercise.steps.slice(0, index).filter((/** @type {any} */ each) => each.fields.length);
      return html`
        ${repeat(step.fields, (/** @type {any} */ one) => one.id, (/** @type {any} */ one) => field(one, paper))}
        ${earlier.length ? html`<details class="exercise-earlier"><summary>${t("The steps before")}</summary><div class="stack">
          ${repeat(earlier, (/** @type {any} */ each) => each.title, (/** @type {any} */ each) => html`<div class="stack tight"><h4>${each.title}</h4>
            ${repeat(each.fields, (/** @type {any} */ one) => one.id, (/** @type {any} */ one) => field(one, paper))}</div>`)}</div></details>` : nothing}`;
    },
  };
}
