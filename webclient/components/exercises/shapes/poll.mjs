/** Anonymous answers: each sends theirs, and when there are enough of them all are shown together. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { many, t } from "/static/core/words.mjs";
import { field } from "../fields.mjs";

export function create() {
  return {
    /** @param {import("../shape.mjs").Moment} moment */
    draw({ exercise, paper, staff }) {
      const step = exercise.steps[0];
      return html`<div class="stack tight"><h3>${step.title}</h3><p>${step.text}</p></div>
        ${exercise.results || staff ? nothing : repeat(step.fields, (/** @type {any} */ one) => one.id, (/** @type {any} */ one) => field(one, paper))}
        ${exercise.results ? results(step.fields, exercise.results) : nothing}`;
    },
  };
}

/** All answers as one picture with its numbers. @param {any[]} fields @param {Record<string, [string, number][]>} counted */
export function results(fields, counted) {
  return html`${fields.map((one) => {
    const rows = counted[one.id];
    if (!rows) return html`<p class="soft">${t("“{question}”: too few answers to show.", { question: one.label })}</p>`;
    return one.kind === "words" ? cloud(one, rows) : bars(one, rows);
  })}`;
}

/** @param {any} one @param {[string, number][]} rows */
function cloud(one, rows) {
  const most = Math.max(...rows.map(([, count]) => count));
  return html`<ul class="cloud plain" aria-label=${t("The words of the group")}>${rows.map(([word, count]) => html`
    <li data-size=${Math.ceil((4 * count) / most)}>${word}${count > 1 ? html` <span class="small figures">${many("{n} time", "{n} times", count)}</span>` : nothing}</li>`)}</ul>`;
}

/** @param {any} one @param {[string, number][]} rows */
function bars(one, rows) {
  const most = Math.max(1, ...rows.map(([, count]) => count));
  return html`<figure class="bars"><figcaption>${one.label}</figcaption>
    <ol class="plain">${rows.map(([label, count]) => html`<li><span class="figures">${label}</span>
      <span class="bar" data-share=${Math.round((20 * count) / most)} aria-hidden="true"></span><span class="figures">${count}</span></li>`)}</ol>
    ${one.low_label ? html`<p class="small soft">${one.low}: ${one.low_label}. ${one.high}: ${one.high_label}.</p>` : nothing}</figure>`;
}
