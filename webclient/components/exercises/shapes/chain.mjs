/** One row in which each speaks of the one before them. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { rich, t } from "/static/core/words.mjs";
import { field } from "../fields.mjs";

export function create() {
  return {
    /** @param {import("../shape.mjs").Moment} moment */
    draw({ exercise, step, index, own, names, paper, person }) {
      const about = own.partners[0] ? names.get(own.partners[0]) : null;
      const fields = index > 0 ? exercise.steps.flatMap((/** @type {any} */ each) => each.fields) : step.fields;
      return html`
        ${about ? html`<p class="chain-about">${rich("You speak of {name}.", { name: html`<strong>${about}</strong>` })}</p>` : nothing}
        ${about || paper.staff ? repeat(fields, (/** @type {any} */ one) => one.id, (/** @type {any} */ one) => field(one, paper))
          : html`<p class="soft">${t("You came in later, so nobody stands before you in the row. You can still say something to the group.")}</p>`}
        ${exercise.groups[0]?.length ? html`<details><summary>${t("The row")}</summary><ol class="exercise-list">
          ${exercise.groups[0].map((/** @type {string} */ each) => html`<li aria-current=${each === person ? "true" : nothing}>${names.get(each) ?? t("Someone who left")}${each === person ? html` (${t("you")})` : nothing}</li>`)}
        </ol></details>` : nothing}`;
    },
  };
}
