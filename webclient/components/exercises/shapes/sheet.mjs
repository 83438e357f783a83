/** A sheet that each fills in at their own pace: all of its steps stand below each other. */

import { html } from "/vendor/lit-html/lit-html.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { field } from "../fields.mjs";

export function create() {
  return {
    /** @param {import("../shape.mjs").Moment} moment */
    draw({ exercise, paper }) {
      return html`${repeat(exercise.steps, (/** @type {any} */ step) => step.title, (/** @type {any} */ step) => html`<div class="stack exercise-part">
        <div class="stack tight"><h3>${step.title}</h3><p>${step.text}</p></div>
        ${repeat(step.fields, (/** @type {any} */ one) => one.id, (/** @type {any} */ one) => field(one, paper))}</div>`)}`;
    },
  };
}
