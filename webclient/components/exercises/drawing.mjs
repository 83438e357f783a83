/**
 * A line that is drawn: by finger or mouse from left to right, or by two sliders, one for where and one for how high.
 * It is a list of heights, so that it can be kept, shared and read aloud.
 */

import { html, nothing, svg } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { t } from "/static/core/words.mjs";

export const POINTS = 48;
const HEIGHT_MAX = 100;
const WIDTH = 240;
const TALL = 100;

/** Where each line's sliders stand; the heights themselves are the person's answer. @type {Map<string, number>} */
const places = new Map();

/** @param {{id: string, value: number[] | null, change: (value: number[] | null) => void, now?: number}} bound */
export function drawing({ id, value, change }) {
  const points = value ?? [];
  const place = Math.min(places.get(id) ?? points.length, POINTS - 1);

  /** @param {number} at @param {number} height */
  const put = (at, height) => {
    const next = points.slice(0, POINTS);
    const from = next.length ? Math.min(at, next.length) : at;
    for (let index = Math.min(from, next.length); index < at; index += 1) next[index] = next[index - 1] ?? height; // no gaps
    next[at] = height;
    places.set(id, at);
    change(next);
  };

  /** @param {PointerEvent} event */
  const draw = (event) => {
    if (event.type !== "pointerdown" && !event.buttons) return;
    const area = /** @type {Element} */ (event.currentTarget);
    if (event.type === "pointerdown") area.setPointerCapture(event.pointerId);
    const box = area.getBoundingClientRect();
    const at = Math.round(clamp((event.clientX - box.left) / box.width) * (POINTS - 1));
    put(at, Math.round((1 - clamp((event.clientY - box.top) / box.height)) * HEIGHT_MAX));
  };

  return html`<div class="drawing" @pointerdown=${draw} @pointermove=${draw}>${picture(points, place)}</div>
    <div class="drawing-sliders">
      <label class="field"><span>${t("How strong (up and down)")}</span>
        <input id=${id} type="range" min="0" max=${HEIGHT_MAX} step="5" .value=${live(String(points[place] ?? points[place - 1] ?? 0))}
          @input=${(/** @type {any} */ event) => put(place, Number(event.target.value))}></label>
      <label class="field"><span>${t("Where in time (left to right)")}</span>
        <input type="range" min="0" max=${POINTS - 1} step="1" .value=${live(String(place))}
          @input=${(/** @type {any} */ event) => put(Number(event.target.value), points[Number(event.target.value)] ?? points[points.length - 1] ?? 0)}></label>
    </div>
    <div class="row"><button type="button" class="button small-button" ?disabled=${!points.length} @click=${() => {
      places.delete(id);
      change(null);
    }}>${t("Start the line again")}</button></div>`;
}

/** The same line, on its own. @param {number[]} points @param {string} words what it shows, for those who do not see it */
export function line(points, words) {
  return html`<div class="drawing still" role="img" aria-label=${words}>${picture(points, null)}</div>`;
}

/** @param {number[]} points @param {number | null} place */
function picture(points, place) {
  const x = (/** @type {number} */ index) => ((index / (POINTS - 1)) * WIDTH).toFixed(1);
  const y = (/** @type {number} */ height) => (TALL - height).toFixed(1);
  const path = points.map((height, index) => `${index ? "L" : "M"}${x(index)} ${y(height)}`).join("");
  return html`<svg viewBox="-4 -4 ${WIDTH + 8} ${TALL + 8}" preserveAspectRatio="none" aria-hidden="true">
    ${[0, 50, 100].map((height) => svg`<line class="drawing-level" x1="0" x2=${WIDTH} y1=${y(height)} y2=${y(height)}></line>`)}
    <path class="drawing-line" d=${path}></path>
    ${place === null || !points.length ? nothing : svg`<circle class="drawing-end" cx=${x(place)} cy=${y(points[place] ?? points[points.length - 1])} r="4"></circle>`}
  </svg>`;
}

/** @param {number} share */
const clamp = (share) => Math.min(1, Math.max(0, share));
