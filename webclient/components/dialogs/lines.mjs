/** Whom to call when it gets hard: the numbers that the clinic set, ready to be pressed, and the words around them. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";
import { whyNot } from "/static/core/refusals.mjs";
import { rich, t } from "/static/core/words.mjs";

const boot = JSON.parse(/** @type {HTMLElement | null} */ (document.querySelector("#app"))?.dataset.boot ?? "{}");

/** `text`: who takes messages, "" for nobody; `name`: what the line is called. @type {{crisis: string, text: string, name: string, emergency: string}} */
export const lines = boot.lines;

/** The program's own, in its hours; "" where it gave none. @type {string} */
export const program = boot.clinic_phone ?? "";

/** As a telephone takes it. @param {string} number */
export const dialled = (number) => number.replace(/[^+\d]/g, "");

/** How to reach the line for a crisis, in the middle of a sentence. */
export function reach() {
  const line = html`<a href="tel:${dialled(lines.crisis)}">${lines.crisis}</a>`;
  if (lines.text === lines.crisis) return rich("call or text {line}", { line });
  if (!lines.text) return rich("call {line}", { line });
  return rich("call {line} or text {number}", { line, number: html`<a href="sms:${dialled(lines.text)}">${lines.text}</a>` });
}

/** Who sends help when somebody is in danger. */
export function emergency() {
  return html`<a href="tel:${dialled(lines.emergency)}">${lines.emergency}</a>`;
}

/** Why something was not taken; where nobody watches, also whom to call instead of waiting. @param {any} refusal @param {string} [otherwise] */
export function told(refusal, otherwise) {
  const text = refusal.text ?? otherwise ?? whyNot();
  return refusal.code === "nobody_watching" ? html`${text} ${meanwhile()}` : text;
}

/** For whoever is asked to wait. */
export function meanwhile() {
  return rich("If you need help now: {reach}, or call {emergency}.", { reach: reach(), emergency: emergency() });
}

/** Beside the ways to help somebody else. */
export function about() {
  return html`<a class="button" href="tel:${dialled(lines.crisis)}">${icon("life-buoy")} <span>${t("{line}, with them or about them", { line: lines.crisis })}</span></a>`;
}

/** What the line is, beneath the ways to it. */
export function whose() {
  if (lines.name) return html`<p class="hint">${t("{line} is {name}.", { line: lines.crisis, name: lines.name })}</p>`;
  return lines.crisis === "988" ? html`<p class="hint">${t("988 is the Suicide and Crisis Lifeline in the US. Elsewhere, call your local emergency number.")}</p>` : nothing;
}
