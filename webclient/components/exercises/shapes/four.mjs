/** A sheet whose long fields stand two by two, where there is room for it. */

import { html } from "/vendor/lit-html/lit-html.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { field } from "../fields.mjs";

export function create() {
  return {
    /** @param {import("../shape.mjs").Moment} moment */
    draw({ exercise, paper }) {
      return html`${repeat(exercise.steps, (/** @type {any} */ step) => step.title, (/** @type {any} */ step) => {
        const texts = step.fields.filter((/** @type {any} */ one) => one.kind === "text");
        const others = step.fields.filter((/** @type {any} */ one) => one.kind !== "text");
        return html`<div class="stack exercise-part">
          <div class="stack tight"><h3>${step.title}</h3><p>${step.text}</p></div>
          ${repeat(others, (/** @type {any} */ one) => one.id, (/** @type {any} */ one) => field(one, paper))}
          <div class=${texts.length >= 4 ? "exercise-four" : "stack"}>
            ${repeat(texts, (/** @type {any} */ one) => one.id, (/** @type {any} */ one) => field(one, paper))}</div>
        </div>`;
      })}`;
    },
  };
}
