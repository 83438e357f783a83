/**
 * Who is missing, some minutes after the start, with whom to call in which order: one tap dials, one more keeps how it
 * went. Numbers come by themselves when somebody is missing, and lie in no log.
 */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { wallTime } from "/static/core/clock.mjs";
import { icon } from "/static/core/icons.mjs";
import { t } from "/static/core/words.mjs";

const AGAIN_MS = 30_000;

/** @typedef {{whom: string, name: string, relation: string, phone: string}} Call */

/** @param {{boot: any, act: any, redraw: () => void}} context */
export function createMissing({ boot, act, redraw }) {
  /** @type {Record<string, Call[]> | null} */
  let calls = null;
  let asked = -Infinity;
  let failed = false;

  async function load() {
    if (!boot.contacts || calls || performance.now() - asked < AGAIN_MS) return;
    asked = performance.now();
    const answer = await fetch(boot.contacts).then((response) => (response.ok ? response.json() : null), () => null);
    calls = answer?.people ?? null;
    failed = calls === null;
    redraw();
  }

  /** @param {any[]} people those of the staff's view @param {string} zone */
  function part(people, zone) {
    const missing = people.filter((one) => one.missing_since);
    if (!missing.length) return nothing;
    void load();
    return html`<section class="people-part waiting" aria-labelledby="missing-title">
      <h3 id="missing-title">${t("Missing ({n})", { n: missing.length })}</h3>
      <ul class="plain">${repeat(missing, (one) => one.person, (one) => row(one, zone))}</ul>
    </section>`;
  }

  /** @param {any} one @param {string} zone */
  function row(one, zone) {
    return html`<li class="person missing-person">
      <p><span class="person-words">${one.name}</span>
        <span class="small">${t("not seen by {clock}", { clock: wallTime(one.missing_since, zone) })}</span></p>
      ${boot.contacts ? numbers(one) : nothing}
      ${one.attempts.length ? html`<ul class="plain small missing-log">${one.attempts.map((/** @type {any} */ attempt) => html`<li>${tried(attempt, zone)}</li>`)}</ul>` : nothing}
    </li>`;
  }

  /** @param {any} one */
  function numbers(one) {
    if (!calls) return html`<p class="small">${failed ? t("The phone numbers did not come. They are asked for again.") : t("Looking up whom to call…")}</p>`;
    const order = calls[one.person] ?? [];
    if (!order.length) {
      return html`<p class="small">${t("The clinic has no phone number for them.")}</p>${outcomes(one, "self", one.name)}`;
    }
    return html`<ol class="plain missing-order">${order.map((call) => html`<li>
      <a class="button" href="tel:${call.phone.replace(/[^+\d]/g, "")}">${icon("phone")}
        <span>${t("Call {name}", { name: call.name })} <span class="soft">${call.relation} <span class="figures">${call.phone}</span></span></span></a>
      ${outcomes(one, call.whom, call.name)}
    </li>`)}</ol>`;
  }

  /** @param {any} one @param {string} whom @param {string} name */
  function outcomes(one, whom, name) {
    return html`<span class="missing-outcomes" role="group" aria-label=${t("How it went with {name}", { name })}>
      ${Object.entries(OUTCOMES()).map(([outcome, words]) => html`<button type="button" class="button quiet"
        @click=${() => act.ask("reach_out", { person: one.person, whom, outcome })}>${words}</button>`)}</span>`;
  }

  return { part };
}

/** @param {any} attempt @param {string} zone */
function tried(attempt, zone) {
  const clock = wallTime(attempt.at, zone);
  return `${clock} · ${WHOM()[attempt.whom] ?? attempt.whom}: ${OUTCOMES()[attempt.outcome] ?? attempt.outcome} (${attempt.name})`;
}

/** @returns {Record<string, string>} */
const OUTCOMES = () => ({ reached: t("Reached"), left_word: t("Left word"), no_answer: t("No answer") });

/** @returns {Record<string, string>} */
const WHOM = () => ({ self: t("Themself"), guardian: t("Guardian"), emergency: t("Emergency contact") });
