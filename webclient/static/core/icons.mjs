/**
 * Lucide drawings as lit-html templates: fetched once, all that our scripts use in one file, then drawn from memory.
 *
 *     html`<button>${icon("mic")} Mute</button>`
 *
 * They are decoration: the words beside them, or the button's label, carry the meaning.
 */

import { html } from "/vendor/lit-html/lit-html.js";
import { unsafeSVG } from "/vendor/lit-html/directives/unsafe-svg.js";
import { until } from "/vendor/lit-html/directives/until.js";

/** @type {Map<string, Promise<unknown>>} */
const drawings = new Map();

/** Fetch what will be needed when there may be no line to fetch it by. @param {string[]} names */
export function prepare(...names) {
  for (const name of names) drawingOf(name);
}

/** @param {string} name a file name of lucide-static, without its ending */
export function icon(name) {
  const drawing = drawingOf(name);
  return html`<svg class="icon" viewBox="0 0 24 24" fill="none" stroke-width="2" stroke-linecap="round"
    stroke-linejoin="round" aria-hidden="true" focusable="false">${until(drawing, "")}</svg>`;
}

/** @param {string} name */
function drawingOf(name) {
  let drawing = drawings.get(name);
  if (!drawing) {
    drawing = load(name);
    drawings.set(name, drawing);
  }
  return drawing;
}

/** All drawings that our scripts name, by their name. @type {Promise<Record<string, string>> | null} */
let pack = null;

/** @returns {Promise<Record<string, string>>} */
async function packed() {
  const response = await fetch("/vendor/icons.json");
  return response.ok ? response.json() : {};
}

/** @param {string} name */
async function load(name) {
  try {
    pack ??= packed();
    const inside = (await pack)[name] ?? (await alone(name));
    return inside && unsafeSVG(inside);
  } catch {
    pack = null;
    drawings.delete(name); // no line just now: words do without it, and the next drawing asks again
    return "";
  }
}

/** One whose name is put together, so that it is not in the pack. @param {string} name */
async function alone(name) {
  const response = await fetch(`/vendor/icons/${encodeURIComponent(name)}.svg`);
  if (!response.ok) return "";
  const source = await response.text();
  return source.slice(source.indexOf(">", source.indexOf("<svg")) + 1, source.lastIndexOf("</svg>"));
}
