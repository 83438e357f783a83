/** An urge as a line that is drawn while time goes by; how far the time has come is shown beneath. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { field } from "../fields.mjs";

export function create() {
  return {
    /** @param {import("../shape.mjs").Moment} moment */
    draw({ exercise, step, index, paper }) {
      const line = exercise.steps.slice(0, index).flatMap((/** @type {any} */ each) => each.fields).find((/** @type {any} */ one) => one.kind === "drawing");
      return html`
        ${line ? field(line, paper) : nothing}
        ${repeat(step.fields, (/** @type {any} */ one) => one.id, (/** @type {any} */ one) => field(one, paper))}
        ${step.seconds ? html`<div class="wave-time" aria-hidden="true"><span></span></div>` : nothing}`;
    },
    /** @param {HTMLElement} root @param {import("../shape.mjs").Moment} moment @param {number} now */
    frame(root, { step, since }, now) {
      const bar = /** @type {HTMLElement | null} */ (root.querySelector(".wave-time"));
      if (!bar || since === null || !step?.seconds) return;
      bar.style.setProperty("--share", Math.min(1, Math.max(0, (now - since) / (step.seconds * 1_000))).toFixed(3));
    },
  };
}
