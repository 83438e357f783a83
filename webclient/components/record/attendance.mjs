/** A person's time in the group: figures, the bar, gaps, what is disputed and what was corrected. Each opens into its events. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";

import { gapsOf, timeline } from "../timeline/timeline.mjs";
import { createAbsence } from "./absence.mjs";
import { createCorrections } from "./corrections.mjs";
import { figures, gapButtons, proof } from "./evidence.mjs";
import { attended, exactTimeOf, lasting, timeOf } from "./words.mjs";

/** @param {import("./record.mjs").Desk} desk */
export function createAttendance(desk) {
  /** What a figure or a gap opened into. @type {import("./evidence.mjs").Question | null} */
  let question = null;
  const corrections = createCorrections(desk);
  const absence = createAbsence(desk);

  /** @param {import("./evidence.mjs").Question | null} next */
  function ask(next) {
    question = next && question?.key === next.key ? null : next;
    desk.draw();
  }

  /** An open gap is what is most likely to be corrected. */
  function suggestion() {
    const gap = question?.gap;
    return gap ? { start: gap.from, end: gap.to } : {};
  }

  /** @param {any} person */
  const correcting = (person) => (corrections.possible()
    ? html`<button class="link attendance-correct" type="button" @click=${() => corrections.correct(person, suggestion())}>Correct…</button>`
    : nothing);

  /** @param {any} person @param {number} width  of the bar, about, in px */
  function picture(person, width) {
    const { record, room, now } = desk.view();
    const gaps = gapsOf(record, person);
    const from = Math.min(record.started_at ?? person.first, person.first ?? Infinity);
    const to = Math.max(record.ended_at ?? now, person.last ?? 0);
    const count = gaps.length === 0 ? "no gap" : gaps.length === 1 ? "one gap" : `${gaps.length} gaps`;
    return html`
      <div class="attendance-figures">
        ${figures({ person, record, question, ask })}
        <div class="row">
          ${gapButtons({ gaps, zone: room.zone, question, ask })}
          ${correcting(person)}
        </div>
      </div>
      ${timeline({
        segments: record.segments,
        pieces: person.pieces,
        prompts: person.prompts,
        gaps,
        outages: record.gaps,
        range: [from, to],
        width,
        timeOf: (instant) => timeOf(instant, room.zone),
        label: `${person.name} was present ${lasting(person.present_ms)} between ${timeOf(from, room.zone)} and ${timeOf(to, room.zone)}, with ${count}${person.corrected_ms ? ", corrected by hand" : ""}.`,
        onGap: (gap) => ask({ key: `gap-${gap.from}`, gap }),
      })}
      ${question ? proof({ person, record, zone: room.zone, question, close: () => ask(null) }) : nothing}`;
  }

  /** Asked whether they were still there, and nothing came: for the facilitator to judge. @param {any} person */
  const unanswered = (person) => person.prompts.filter((/** @type {any} */ one) => one.missed).map((/** @type {any} */ one) => html`<p class="row prompt">
    <span>${icon("circle-help")} Asked at <span class="figures">${exactTimeOf(one.asked_at, desk.view().room.zone)}</span> whether they were still there: no answer.
      The minutes stay as they are, unless you correct them.</span></p>`);

  return {
    /** @param {any} person @param {number} width */
    card(person, width) {
      const { record } = desk.view();
      return html`<section class="stack record-attendance" aria-label="Attendance">
        ${attended(person)
          ? picture(person, width)
          : html`<p>${record.status === "open"
            ? `${person.name} is not in the group so far.`
            : `${person.name} was not in the group. No minutes are counted.`}</p>
            ${record.status === "open" ? nothing : html`${absence(person)}<p>${correcting(person)}</p>`}`}
        ${unanswered(person)}
        ${corrections.list(person)}
      </section>`;
    },

    /** Another person: nothing is open. */
    forget() {
      question = null;
    },

    /** Close what is open. */
    escape() {
      if (question) ask(null);
    },
  };
}
