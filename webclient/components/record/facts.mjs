/** The facts a note begins with. What is the same for everyone who was there folds away, so that the eye meets this person. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { t, told } from "/static/core/words.mjs";

import { attended } from "./words.mjs";

/** @typedef {{label: string, value: string, told?: {label: import("/static/core/words.mjs").Told, value: import("/static/core/words.mjs").Told}}} Fact */

/** @param {any} person @param {any[]} people  all of the session @param {string | null} measures  where what they handed in stands over time */
export function facts(person, people, measures) {
  const others = people.filter((other) => other !== person && attended(other));
  /** @param {Fact} fact */
  const common = (fact) =>
    others.length > 0 && others.every((other) => other.facts.some((/** @type {Fact} */ one) => one.label === fact.label && one.value === fact.value));
  const shared = person.facts.filter(common);
  const own = person.facts.filter((/** @type {Fact} */ fact) => !common(fact));
  return html`<section class="stack tight" aria-labelledby="facts-title">
    <h3 id="facts-title">${t("Facts")}</h3>
    ${factList(own)}
    ${measures && person.measures?.some((/** @type {any} */ one) => one.result) ? html`<p><a href=${measures}>${t("Measures over time")}</a></p>` : nothing}
    ${shared.length ? html`<details class="record-shared"><summary>${t("{n} more, the same for everyone", { n: shared.length })}</summary>${factList(shared)}</details>` : nothing}
  </section>`;
}

/** @param {readonly Fact[]} list */
export const factList = (list) =>
  html`<dl class="facts">${list.map((fact) => html`<div><dt>${fact.told ? told(fact.told.label) : t(fact.label)}</dt><dd class="figures">${linesOf(fact.told ? told(fact.told.value) : fact.value)}</dd></div>`)}</dl>`;

/** Answers of a form come as "question answer; question answer": one a line reads better. @param {string} value */
const linesOf = (value) => value.split("; ").map((line, index) => (index ? html`<br>${line}` : line));
