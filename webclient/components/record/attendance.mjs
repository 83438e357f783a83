/** A person's time in the group: figures, the bar, gaps, what is disputed and what was corrected. Each opens into its events. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";
import { many, rich, t } from "/static/core/words.mjs";

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
    ? html`<button class="link attendance-correct" type="button" @click=${() => corrections.correct(person, suggestion())}>${t("Correct…")}</button>`
    : nothing);

  /** @param {any} person @param {number} width  of the bar, about, in px */
  function picture(person, width) {
    const { record, room, now } = desk.view();
    const gaps = gapsOf(record, person);
    const from = Math.min(record.started_at ?? person.first, person.first ?? Infinity);
    const to = Math.max(record.ended_at ?? now, person.last ?? 0);
    const count = gaps.length === 0 ? t("no gap") : many("{n} gap", "{n} gaps", gaps.length);
    const times = { name: person.name, time: lasting(person.present_ms), from: timeOf(from, room.zone), to: timeOf(to, room.zone), count };
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
        label: person.corrected_ms
          ? t("{name} was present {time} between {from} and {to}, with {count}, corrected by hand.", times)
          : t("{name} was present {time} between {from} and {to}, with {count}.", times),
        onGap: (gap) => ask({ key: `gap-${gap.from}`, gap }),
      })}
      ${question ? proof({ person, record, zone: room.zone, question, close: () => ask(null) }) : nothing}`;
  }

  /** Asked whether they were still there, and nothing came: for the facilitator to judge. @param {any} person */
  const unanswered = (person) => person.prompts.filter((/** @type {any} */ one) => one.missed).map((/** @type {any} */ one) => html`<p class="row prompt">
    <span>${icon("circle-help")} ${rich("Asked at {time} whether they were still there: no answer. The minutes stay as they are, unless you correct them.", {
      time: html`<span class="figures">${exactTimeOf(one.asked_at, desk.view().room.zone)}</span>`,
    })}</span></p>`);

  return {
    /** @param {any} person @param {number} width */
    card(person, width) {
      const { record } = desk.view();
      return html`<section class="stack record-attendance" aria-label=${t("Attendance")}>
        ${attended(person)
          ? picture(person, width)
          : html`<p>${record.status === "open"
            ? t("{name} is not in the group so far.", { name: person.name })
            : t("{name} was not in the group. No minutes are counted.", { name: person.name })}</p>
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
