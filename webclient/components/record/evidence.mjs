/** Each figure, and each gap, opens into how it came about: the rule in words, the sum, the events behind it. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";
import { many, rich, t, told } from "/static/core/words.mjs";

import { exactTimeOf, inMinutes, lasting, minutesOf } from "./words.mjs";

/**
 * @typedef {{key: string, gap?: import("../timeline/timeline.mjs").Gap}} Question  what was asked: a figure or a gap
 */

const AROUND_MS = 10_000; // events this near a gap explain it
const GAP_WORDS = { late: t("Came late"), away: t("Away"), early: t("Left early"), server: t("Server away") };

/**
 * @param {{person: any, record: any, question: Question | null, ask: (question: Question) => void}} given
 */
export function figures({ person, record, question, ask }) {
  const shown = [
    { key: "counted", value: person.countable_min, unit: "min", word: t("counted"), strong: true },
    { key: "present", value: minutesOf(person.present_ms), unit: "min", word: t("present") },
    { key: "clock", value: minutesOf(person.clock_ms), unit: "min", word: t("by the clock") },
    ...(person.corrected_ms
      ? [{ key: "corrected", value: signed(person.corrected_ms), unit: "min", word: t("corrected by hand") }]
      : []),
    ...(person.gap_credit_ms > 0 || record.gaps.length
      ? [{ key: "credit", value: Math.round(person.gap_credit_ms / 1000), unit: "s", word: t("server gap, counted") }]
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
      <button class="button quiet icon-only" type="button" aria-label=${t("Close")} @click=${close}>${icon("x")}</button>
    </div>
    <p>${words}</p>
    ${sum}
    ${events === null ? nothing : html`<h4>${t("Events behind it")}</h4>
    ${events.length
      ? html`<div class="proof-scroll" tabindex="0" role="group" aria-label=${t("Events")}><ol class="plain proof-events">
          ${events.map((/** @type {any} */ one) => html`<li><time class="figures">${exactTimeOf(one.at, zone)}</time>
            <span>${told(one)}</span> <span class="soft small figures">#${one.seq}</span></li>`)}
        </ol></div>`
      : html`<p class="soft">${t("No event of {name} lies in this time.", { name: person.name })}</p>`}`}
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
  const rule = t("Rule {id}, version {version}: {title}.", record.rules);
  switch (key) {
    case "counted":
      return {
        title: many("{n} minute counted", "{n} minutes counted", person.countable_min),
        words: t("Time present in each segment that counts, added up exactly; the seconds left over at the end are dropped. {rule}", { rule }),
        sum: html`${segmentTable(person, record)}${stretches(key, person, record, zone)}`,
      };
    case "present":
      return {
        title: t("{time} present", { time: lasting(person.present_ms) }),
        words: t("Time really connected while the session ran. Several tabs or devices at once count once; a lost connection ends when it was last heard."),
        sum: stretches(key, person, record, zone),
      };
    case "corrected":
      return {
        title: t("{time} corrected by hand", { time: `${person.corrected_ms < 0 ? "−" : ""}${lasting(Math.abs(person.corrected_ms))}` }),
        words: t("What was added, less what was taken away. Below stands who did it and why; what was seen by itself is kept."),
        sum: stretches(key, person, record, zone),
      };
    case "clock":
      return {
        title: t("{time} by the clock", { time: lasting(person.clock_ms) }),
        words: t("From the first moment present to the last, gaps and breaks included."),
        sum: nothing,
      };
    default:
      return { title: t("{time} of server gap counted", { time: lasting(person.gap_credit_ms) }), words: gapRule(person, record), sum: stretches(key, person, record, zone) };
  }
}

/** @param {import("../timeline/timeline.mjs").Gap} gap @param {any} person @param {any} record @param {string} zone */
function ofGap(gap, person, record, zone) {
  const during = record.segments
    .filter((/** @type {any} */ one) => one.spans.some((/** @type {[number, number]} */ [from, to]) => from < gap.to && gap.from < to))
    .map((/** @type {any} */ one) => one.title);
  const times = t("{from} to {to}.", { from: exactTimeOf(gap.from, zone), to: exactTimeOf(gap.to, zone) });
  const { name } = person;
  const what = {
    late: t("The session ran and {name} was not there yet.", { name }),
    away: t("Nothing was heard of {name}; the time ends at the last sign of life and is not counted.", { name }),
    early: t("The session ran and {name} had left.", { name }),
    server: gapRule(person, record),
  }[gap.kind];
  const words = [times, during.length ? t("During: {parts}.", { parts: during.join(", ") }) : "", what].filter(Boolean).join(" ");
  const marked = person.marks.some((/** @type {any} */ mark) => mark.start < gap.to && gap.from < mark.end);
  return {
    title: `${GAP_WORDS[gap.kind]}, ${lasting(gap.to - gap.from)}`,
    words,
    sum: gap.kind === "server" ? nothing : html`<p class="soft">${marked ? t("By this program’s policy this is named in the note.") : t("By this program’s policy this is too short to be named.")}
      ${record.policy.map(told).join(" ")}</p>`,
  };
}

/** @param {any} person @param {any} record */
function gapRule(person, record) {
  const rule = t("A short time without a server counts for those who were there before it and came back right after; a long one counts for nobody.");
  return record.gaps.length
    ? t("{rule} Here {time} were counted for {name}.", { rule, time: lasting(person.gap_credit_ms), name: person.name })
    : t("{rule} There was none in this session.", { rule });
}

/** @param {any} person @param {any} record */
function segmentTable(person, record) {
  return html`<div class="table-scroll" tabindex="0" role="group" aria-label=${t("Minutes by segment")}><table class="figures">
    <thead><tr><th scope="col">${t("Segment")}</th><th scope="col">${t("Planned")}</th><th scope="col">${t("Ran")}</th><th scope="col">${t("Present")}</th><th scope="col">${t("Counts")}</th></tr></thead>
    <tbody>
      ${record.segments.map((/** @type {any} */ one) => html`<tr data-counts=${String(one.counts)}>
        <th scope="row">${one.title}</th><td>${minutesOf(one.planned_ms)} min</td><td>${lasting(one.spent_ms)}</td>
        <td>${lasting(person.by_segment[one.id] ?? 0)}</td><td>${one.counts ? t("yes") : t("no")}</td></tr>`)}
    </tbody>
    </table></div>
    <p>${rich("{counted}, that is {minutes}.", {
      counted: html`<strong>${t("Counted: {time}", { time: lasting(person.counted_ms) })}</strong>`, minutes: inMinutes(person.countable_min),
    })}</p>`;
}

/** The stretches of time behind a figure, each with the events at its edges. @param {string} key @param {any} person @param {any} record @param {string} zone */
function stretches(key, person, record, zone) {
  const found = person.pieces.filter(MADE_OF[key]);
  if (!found.length) return nothing;
  const titles = new Map(record.segments.map((/** @type {any} */ one) => [one.id, one.title]));
  return html`<details class="stretches"><summary>${many("The {n} stretch of time it is made of", "The {n} stretches of time it is made of", found.length)}</summary>
    <ol class="plain proof-stretches">
      ${found.map((/** @type {any} */ one) => html`<li><span class="figures">${exactTimeOf(one.start, zone)} – ${exactTimeOf(one.end, zone)}</span>
        <span>${lasting(one.end - one.start)}${titles.has(one.segment) ? `, ${titles.get(one.segment)}` : ""}.${cause(t("From"), one.began)}${cause(t("Until"), one.ended)}</span></li>`)}
    </ol></details>`;
}

/** @param {string} word @param {({seq: number} & import("/static/core/words.mjs").Told) | null} event */
const cause = (word, event) => (event ? html` <span class="soft">${word}: ${told(event)} <span class="figures">#${event.seq}</span>.</span>` : nothing);
