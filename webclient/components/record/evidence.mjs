/** Each figure, and each gap, opens into how it came about: the rule in words, the sum, the events behind it. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";

import { exactTimeOf, inMinutes, lasting, minutesOf } from "./words.mjs";

/**
 * @typedef {{key: string, gap?: import("../timeline/timeline.mjs").Gap}} Question  what was asked: a figure or a gap
 */

const AROUND_MS = 10_000; // events this near a gap explain it
const GAP_WORDS = { late: "Came late", away: "Away", early: "Left early", server: "Server away" };

/**
 * @param {{person: any, record: any, question: Question | null, ask: (question: Question) => void}} given
 */
export function figures({ person, record, question, ask }) {
  const shown = [
    { key: "counted", value: person.countable_min, unit: "min", word: "counted", strong: true },
    { key: "present", value: minutesOf(person.present_ms), unit: "min", word: "present" },
    { key: "clock", value: minutesOf(person.clock_ms), unit: "min", word: "by the clock" },
    ...(person.late_ms >= 60_000 ? [{ key: "late", value: minutesOf(person.late_ms), unit: "min", word: "late" }] : []),
    ...(person.left_early_ms >= 60_000
      ? [{ key: "early", value: minutesOf(person.left_early_ms), unit: "min", word: "left early" }]
      : []),
    ...(person.gap_credit_ms > 0 || record.gaps.length
      ? [{ key: "credit", value: Math.round(person.gap_credit_ms / 1000), unit: "s", word: "server gap, counted" }]
      : []),
  ];
  return html`<div class="figures-row">
    ${shown.map(({ key, value, unit, word, strong }) => html`<button class="figure" type="button" data-strong=${String(strong ?? false)}
      aria-expanded=${String(question?.key === key)} @click=${() => ask({ key })}>
      <span class="figure-value figures">${value}<span class="figure-unit"> ${unit}</span></span>
      <span class="figure-word">${word}</span>
    </button>`)}
  </div>`;
}

/**
 * @param {{gaps: import("../timeline/timeline.mjs").Gap[], zone: string, question: Question | null,
 *   ask: (question: Question) => void}} given
 */
export function gapButtons({ gaps, zone, question, ask }) {
  if (!gaps.length) return nothing;
  return html`<div class="gaps">
    ${gaps.map((gap) => {
      const key = `gap-${gap.from}`;
      return html`<button class="gap" type="button" data-kind=${gap.kind} aria-expanded=${String(question?.key === key)}
        @click=${() => ask({ key, gap })}>
        <strong>${GAP_WORDS[gap.kind]}</strong>
        <span class="figures">${exactTimeOf(gap.from, zone)} – ${exactTimeOf(gap.to, zone)}, ${lasting(gap.to - gap.from)}</span>
      </button>`;
    })}
  </div>`;
}

/**
 * @param {{person: any, record: any, zone: string, question: Question, close: () => void}} given
 */
export function proof({ person, record, zone, question, close }) {
  const { title, words, sum } = question.gap
    ? ofGap(question.gap, person, record, zone)
    : ofFigure(question.key, person, record, zone);
  const { gap } = question;
  const events = gap
    ? person.evidence.filter((/** @type {any} */ one) => one.at >= gap.from - AROUND_MS && one.at <= gap.to + AROUND_MS)
    : person.evidence;
  return html`<section class="proof" aria-labelledby="proof-title">
    <div class="row apart">
      <h3 id="proof-title">${title}</h3>
      <button class="button quiet icon-only" type="button" aria-label="Close" @click=${close}>${icon("x")}</button>
    </div>
    <p>${words}</p>
    ${sum}
    <h4>Events behind it</h4>
    ${events.length
      ? html`<div class="proof-scroll" tabindex="0" role="group" aria-label="Events"><ol class="plain proof-events">
          ${events.map((/** @type {any} */ one) => html`<li><time class="figures">${exactTimeOf(one.at, zone)}</time>
            <span>${one.text}</span> <span class="soft small figures">#${one.seq}</span></li>`)}
        </ol></div>`
      : html`<p class="soft">No event of ${person.name} lies in this time.</p>`}
  </section>`;
}

/** @param {string} key @param {any} person @param {any} record @param {string} zone */
function ofFigure(key, person, record, zone) {
  const rule = `Rule ${record.rules.id}, version ${record.rules.version}: ${record.rules.title}.`;
  switch (key) {
    case "counted":
      return {
        title: `${person.countable_min} minutes counted`,
        words: `Time present in each segment that counts, added up exactly; the seconds left over at the end are dropped. ${rule}`,
        sum: segmentTable(person, record),
      };
    case "present":
      return {
        title: `${lasting(person.present_ms)} present`,
        words: "Time really connected while the session ran. Several tabs or devices at once count once; a lost connection ends when it was last heard.",
        sum: intervalList(person, zone),
      };
    case "clock":
      return {
        title: `${lasting(person.clock_ms)} by the clock`,
        words: "From the first moment present to the last, gaps and breaks included.",
        sum: nothing,
      };
    case "late":
      return { title: `${lasting(person.late_ms)} late`, words: "From the start of the session to the first moment present.", sum: nothing };
    case "early":
      return { title: `Left ${lasting(person.left_early_ms)} early`, words: "From the last moment present to the end of the session.", sum: nothing };
    default:
      return { title: `${lasting(person.gap_credit_ms)} of server gap counted`, words: gapRule(person, record), sum: nothing };
  }
}

/** @param {import("../timeline/timeline.mjs").Gap} gap @param {any} person @param {any} record @param {string} zone */
function ofGap(gap, person, record, zone) {
  const during = record.segments
    .filter((/** @type {any} */ one) => one.spans.some((/** @type {[number, number]} */ [from, to]) => from < gap.to && gap.from < to))
    .map((/** @type {any} */ one) => one.title);
  const where = during.length ? ` During: ${during.join(", ")}.` : "";
  const times = `${exactTimeOf(gap.from, zone)} to ${exactTimeOf(gap.to, zone)}.`;
  const words = {
    late: `${times}${where} The session ran and ${person.name} was not there yet.`,
    away: `${times}${where} Nothing was heard of ${person.name}; the time ends at the last sign of life and is not counted.`,
    early: `${times}${where} The session ran and ${person.name} had left.`,
    server: `${times}${where} ${gapRule(person, record)}`,
  }[gap.kind];
  return { title: `${GAP_WORDS[gap.kind]}, ${lasting(gap.to - gap.from)}`, words, sum: nothing };
}

/** @param {any} person @param {any} record */
function gapRule(person, record) {
  const rule = "A short time without a server counts for those who were there before it and came back right after; a long one counts for nobody.";
  return record.gaps.length
    ? `${rule} Here ${lasting(person.gap_credit_ms)} were counted for ${person.name}.`
    : `${rule} There was none in this session.`;
}

/** @param {any} person @param {any} record */
function segmentTable(person, record) {
  return html`<div class="table-scroll" tabindex="0" role="group" aria-label="Minutes by segment"><table class="figures">
    <thead><tr><th scope="col">Segment</th><th scope="col">Planned</th><th scope="col">Ran</th><th scope="col">Present</th><th scope="col">Counts</th></tr></thead>
    <tbody>
      ${record.segments.map((/** @type {any} */ one) => html`<tr data-counts=${String(one.counts)}>
        <th scope="row">${one.title}</th><td>${minutesOf(one.planned_ms)} min</td><td>${lasting(one.spent_ms)}</td>
        <td>${lasting(person.by_segment[one.id] ?? 0)}</td><td>${one.counts ? "yes" : "no"}</td></tr>`)}
    </tbody>
    </table></div>
    <p><strong>Counted: ${lasting(person.counted_ms)}</strong>, that is ${inMinutes(person.countable_min)}.</p>`;
}

/** @param {any} person @param {string} zone */
function intervalList(person, zone) {
  return html`<ul class="plain proof-intervals figures">
    ${person.intervals.map((/** @type {[number, number]} */ [from, to]) => html`<li>${exactTimeOf(from, zone)} – ${exactTimeOf(to, zone)}
      <span class="soft">${lasting(to - from)}</span></li>`)}
  </ul>`;
}
