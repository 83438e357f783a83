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
    ...(person.corrected_ms
      ? [{ key: "corrected", value: signed(person.corrected_ms), unit: "min", word: "corrected by hand" }]
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
  const events = question.key === "corrected"
    ? null // whoever corrected stands below, with the reason
    : gap
    ? person.evidence.filter((/** @type {any} */ one) => one.at >= gap.from - AROUND_MS && one.at <= gap.to + AROUND_MS)
    : person.evidence;
  return html`<section class="proof" aria-labelledby="proof-title">
    <div class="row apart">
      <h3 id="proof-title">${title}</h3>
      <button class="button quiet icon-only" type="button" aria-label="Close" @click=${close}>${icon("x")}</button>
    </div>
    <p>${words}</p>
    ${sum}
    ${events === null ? nothing : html`<h4>Events behind it</h4>
    ${events.length
      ? html`<div class="proof-scroll" tabindex="0" role="group" aria-label="Events"><ol class="plain proof-events">
          ${events.map((/** @type {any} */ one) => html`<li><time class="figures">${exactTimeOf(one.at, zone)}</time>
            <span>${one.text}</span> <span class="soft small figures">#${one.seq}</span></li>`)}
        </ol></div>`
      : html`<p class="soft">No event of ${person.name} lies in this time.</p>`}`}
  </section>`;
}

/**
 * Which stretches of time make up a figure; its length is the sum of theirs.
 * @type {Record<string, (piece: any) => boolean>}
 */
const MADE_OF = {
  counted: (piece) => piece.stands && piece.counts,
  present: (piece) => piece.seen === "connected",
  credit: (piece) => piece.seen === "server_gap",
  corrected: (piece) => piece.stands !== (piece.seen !== "no"),
};

/** Minutes more or less: "+6", "−6". @param {number} ms */
const signed = (ms) => `${ms < 0 ? "−" : "+"}${minutesOf(Math.abs(ms))}`;

/** @param {string} key @param {any} person @param {any} record @param {string} zone */
function ofFigure(key, person, record, zone) {
  const rule = `Rule ${record.rules.id}, version ${record.rules.version}: ${record.rules.title}.`;
  switch (key) {
    case "counted":
      return {
        title: `${person.countable_min} minutes counted`,
        words: `Time present in each segment that counts, added up exactly; the seconds left over at the end are dropped. ${rule}`,
        sum: html`${segmentTable(person, record)}${stretches(key, person, record, zone)}`,
      };
    case "present":
      return {
        title: `${lasting(person.present_ms)} present`,
        words: "Time really connected while the session ran. Several tabs or devices at once count once; a lost connection ends when it was last heard.",
        sum: stretches(key, person, record, zone),
      };
    case "corrected":
      return {
        title: `${person.corrected_ms < 0 ? "−" : ""}${lasting(Math.abs(person.corrected_ms))} corrected by hand`,
        words: "What was added, less what was taken away. Below stands who did it and why; what was seen by itself is kept.",
        sum: stretches(key, person, record, zone),
      };
    case "clock":
      return {
        title: `${lasting(person.clock_ms)} by the clock`,
        words: "From the first moment present to the last, gaps and breaks included.",
        sum: nothing,
      };
    default:
      return { title: `${lasting(person.gap_credit_ms)} of server gap counted`, words: gapRule(person, record), sum: stretches(key, person, record, zone) };
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
  const marked = person.marks.some((/** @type {any} */ mark) => mark.start < gap.to && gap.from < mark.end);
  return {
    title: `${GAP_WORDS[gap.kind]}, ${lasting(gap.to - gap.from)}`,
    words,
    sum: gap.kind === "server" ? nothing : html`<p class="soft">${marked ? "By this program’s policy this is named in the note." : "By this program’s policy this is too short to be named."}
      ${record.policy.join(" ")}</p>`,
  };
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

/** The stretches of time behind a figure, each with the events at its edges. @param {string} key @param {any} person @param {any} record @param {string} zone */
function stretches(key, person, record, zone) {
  const found = person.pieces.filter(MADE_OF[key]);
  if (!found.length) return nothing;
  const titles = new Map(record.segments.map((/** @type {any} */ one) => [one.id, one.title]));
  return html`<details class="stretches"><summary>The ${found.length} ${found.length === 1 ? "stretch" : "stretches"} of time it is made of</summary>
    <ol class="plain proof-stretches">
      ${found.map((/** @type {any} */ one) => html`<li><span class="figures">${exactTimeOf(one.start, zone)} – ${exactTimeOf(one.end, zone)}</span>
        <span>${lasting(one.end - one.start)}${titles.has(one.segment) ? `, ${titles.get(one.segment)}` : ""}.${cause("From", one.began)}${cause("To", one.ended)}</span></li>`)}
    </ol></details>`;
}

/** @param {string} word @param {{seq: number, text: string} | null} event */
const cause = (word, event) => (event ? html` <span class="soft">${word}: ${event.text} <span class="figures">#${event.seq}</span>.</span>` : nothing);
