/**
 * One breath for all: a circle that grows and shrinks by the server's clock. Whoever wants less motion gets words and
 * numbers; sound and a buzz are there for eyes that are closed, and off until somebody asks for them.
 */

import { html } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";
import { t } from "/static/core/words.mjs";
import { breathAt, fullness } from "../moment.mjs";
import { buzz, createTone } from "../tone.mjs";

const WORDS = { ready: t("Get ready"), inhale: t("Breathe in"), hold: t("Hold"), exhale: t("Breathe out"), rest: t("Rest") };

/** @param {import("../shape.mjs").Context} context */
export function create({ memory, redraw }) {
  const tone = createTone();
  let sound = false;
  let haptics = Boolean(memory.get("breath-haptics"));
  let lastPhase = "";

  return {
    leading: true,

    /** @param {import("../shape.mjs").Moment} moment */
    draw({ step }) {
      if (!step?.beat) return null;
      return html`<div class="breath" aria-hidden="true">
          <div class="breath-circle"></div>
          <p class="breath-word"></p>
          <p class="breath-count figures"></p>
        </div>
        <p class="visually-hidden">${t("In for {inhale} seconds, out for {exhale} seconds. You can switch on a soft sound that rises and falls with the breath.", { inhale: step.beat.inhale_ms / 1_000, exhale: step.beat.exhale_ms / 1_000 })}</p>
        <div class="row">
          <button type="button" class="button small-button" aria-pressed=${sound ? "true" : "false"} @click=${() => {
            sound = !sound;
            if (sound) tone.start();
            else tone.stop();
            redraw();
          }}>${icon(sound ? "check" : "volume-2")} ${t("Soft sound")}</button>
          ${"vibrate" in navigator ? html`<button type="button" class="button small-button" aria-pressed=${haptics ? "true" : "false"} @click=${() => {
            haptics = !haptics;
            memory.set("breath-haptics", haptics || null);
            redraw();
          }}>${icon(haptics ? "check" : "vibrate")} ${t("Gentle buzz")}</button>` : null}
        </div>`;
    },

    /** Every frame: what is drawn follows from the clock alone. @param {HTMLElement} root @param {import("../shape.mjs").Moment} moment @param {number} now */
    frame(root, { step, since, over }, now) {
      const place = /** @type {HTMLElement | null} */ (root.querySelector(".breath"));
      if (!place || !step?.beat || since === null) return tone.level(0);
      const at = breathAt(step.beat, since, now);
      place.style.setProperty("--breath", (over ? 0 : fullness(at)).toFixed(4));
      if (place.dataset.phase !== at.phase) {
        place.dataset.phase = at.phase;
        /** @type {HTMLElement} */ (place.querySelector(".breath-word")).textContent = WORDS[at.phase];
      }
      const count = /** @type {HTMLElement} */ (place.querySelector(".breath-count"));
      if (count.textContent !== String(at.count)) count.textContent = String(at.count);
      if (sound) tone.level(at.phase === "ready" ? 0 : fullness(at));
      if (haptics && at.phase !== lastPhase && lastPhase) buzz(at.phase);
      lastPhase = at.phase;
    },

    end() {
      tone.stop();
    },
  };
}
