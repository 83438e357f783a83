/**
 * Where the evidence is wrong: what a person says of their minutes, what was corrected by hand and why, and, once a note
 * is signed, posting the new figures instead of the old. Nothing is ever taken out: the original stays beside it.
 */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";
import { whyNot } from "/static/core/refusals.mjs";
import { rich, t } from "/static/core/words.mjs";

import { gapsOf } from "../timeline/timeline.mjs";
import { createDialog } from "./dialog.mjs";
import { exactTimeOf, inMinutes, instantAt, lasting, momentOf } from "./words.mjs";

const REASON_MAX = 300;

/**
 * @typedef {{start?: number, end?: number, present?: boolean, dispute?: any}} Suggestion  what a correction begins with
 */

/** @param {import("./record.mjs").Desk} desk */
export function createCorrections(desk) {
  const dialog = createDialog();

  /** The times a correction may name. @returns {[number, number] | null} */
  function range() {
    const { record, now } = desk.view();
    return record.started_at === null ? null : [record.started_at, record.ended_at ?? now];
  }

  /**
   * A question with a form: shown until its answer is taken.
   * @param {{title: string, body: () => unknown, button: string, send: (given: FormData) => Promise<unknown>}} shape
   *   `send` rejects with `{text, field?}`: why not, and the id of the field that it is about
   */
  function ask({ title, body, button, send }) {
    let trouble = "";
    let busy = false;
    /** @param {SubmitEvent} event */
    async function submit(event) {
      event.preventDefault();
      if (busy) return;
      busy = true;
      trouble = "";
      try {
        await send(new FormData(/** @type {HTMLFormElement} */ (event.target)));
        dialog.close();
      } catch (refusal) {
        trouble = /** @type {any} */ (refusal).code === "gave_up" ? "" : whyNot(refusal);
        const { field } = /** @type {any} */ (refusal);
        if (field) document.getElementById(field)?.focus();
      }
      busy = false;
      dialog.draw(contents());
      desk.draw();
    }
    /** What was wrong is being put right. */
    function clear() {
      if (!trouble) return;
      trouble = "";
      dialog.draw(contents());
    }
    const contents = () => ({
      title,
      body: html`<form class="stack" @submit=${submit} @input=${clear} novalidate>
        ${body()}
        <p class="error" role="alert" ?hidden=${!trouble}>${trouble}</p>
        <div class="row end">
          <button class="button" type="button" @click=${() => dialog.close()}>${t("Not now")}</button>
          <button class="button primary" type="submit">${button}</button>
        </div>
      </form>`,
    });
    dialog.show(contents());
  }

  /** @param {string} hint @param {string} [likely] the reason that it most likely is, to be changed */
  const reasonField = (hint, likely = "") => html`<div class="field">
    <label for="correct-reason">${t("Why?")}</label>
    <p class="hint" id="correct-reason-hint">${hint}</p>
    <textarea id="correct-reason" name="reason" maxlength=${REASON_MAX} aria-describedby="correct-reason-hint" .defaultValue=${likely}></textarea>
  </div>`;

  /** @param {FormData} given */
  function reasonOf(given) {
    const reason = String(given.get("reason")).trim();
    if (!reason) throw { text: t("Please say why: whoever checks the minutes later reads this."), field: "correct-reason" };
    return reason;
  }

  /** @param {any} person @param {Suggestion} [suggestion] */
  function correct(person, { start, end, present = true, dispute = null } = {}) {
    const { zone } = desk.view().room;
    const within = range();
    if (!within) return;
    const [from, to] = within;
    ask({
      title: t("Correct the minutes of {name}", { name: person.name }),
      button: dispute ? t("Correct, and tell them") : t("Correct"),
      body: () => html`
        ${dispute ? html`<blockquote class="record-theirs record-text">${dispute.text}</blockquote>` : nothing}
        <fieldset class="field"><legend>${t("In this time {name}", { name: person.name })}</legend>
          <div class="choices">
            <label class="choice"><input type="radio" name="present" value="yes" ?checked=${present}><span>${t("was there")}</span></label>
            <label class="choice"><input type="radio" name="present" value="no" ?checked=${!present}><span>${t("was not there")}</span></label>
          </div></fieldset>
        <div class="row correct-times">
          <div class="field"><label for="correct-start">${t("From")}</label>
            <input id="correct-start" name="start" autocomplete="off" autofocus aria-describedby="correct-times-hint"
              value=${start === undefined ? "" : exactTimeOf(start, zone)}></div>
          <div class="field"><label for="correct-end">${t("Until")}</label>
            <input id="correct-end" name="end" autocomplete="off" aria-describedby="correct-times-hint"
              value=${end === undefined ? "" : exactTimeOf(end, zone)}></div>
        </div>
        <p class="hint" id="correct-times-hint">${t("Such as 6:40 PM or 6:40:05 PM, between {from} and {to} ({zone}).", { from: exactTimeOf(from, zone), to: exactTimeOf(to, zone), zone })}</p>
        ${reasonField(t("Dated, with your name. What was seen by itself stays in the record beside it."))}`,
      async send(given) {
        const times = { start: instantOf(given, "start", start, zone, within), end: instantOf(given, "end", end, zone, within) };
        if (times.start >= times.end) throw { text: t("The end comes after the start."), field: "correct-end" };
        await desk.connection.send("correct_attendance", {
          person: person.person,
          ...times,
          present: given.get("present") === "yes",
          reason: reasonOf(given),
          ...(dispute ? { dispute: dispute.dispute } : {}),
        });
      },
    });
  }

  /**
   * What a field says; an untouched one says what it was filled with, to the millisecond.
   * @param {FormData} given @param {"start" | "end"} name @param {number | undefined} filled @param {string} zone @param {[number, number]} within
   */
  function instantOf(given, name, filled, zone, within) {
    const text = String(given.get(name));
    if (filled !== undefined && text === exactTimeOf(filled, zone)) return Math.min(Math.max(filled, within[0]), within[1]);
    const instant = instantAt(text, zone, within);
    if (instant === null) {
      throw { text: t("Please write a time of this session, such as 18:40 or 18:40:05."), field: `correct-${name}` };
    }
    return instant;
  }

  /** @param {any} person @param {any} dispute */
  function answer(person, dispute) {
    ask({
      title: t("Answer {name}", { name: person.name }),
      button: t("Answer"),
      body: () => html`<blockquote class="record-theirs record-text">${dispute.text}</blockquote>
        <p>${t("The minutes stay as they are. {name} reads your answer.", { name: person.name })}</p>
        <div class="field"><label for="correct-answer">${t("Your answer")}</label>
          <textarea id="correct-answer" name="answer" maxlength="2000" autofocus></textarea></div>`,
      async send(given) {
        const text = String(given.get("answer")).trim();
        if (!text) throw { text: t("Please tell them why the minutes stay."), field: "correct-answer" };
        await desk.connection.send("answer_dispute", { dispute: dispute.dispute, accepted: false, text });
      },
    });
  }

  /** @param {any} correction */
  function takeBack(correction) {
    ask({
      title: t("Take this correction back?"),
      button: t("Take back"),
      body: () => html`<p>${t("The minutes are again what was seen. The correction stays readable, marked as taken back.")}</p>
        ${reasonField(t("Dated, with your name."))}`,
      send: async (given) => desk.connection.send("take_back_correction", { correction: correction.correction, reason: reasonOf(given) }),
    });
  }

  /** The minutes are right, and only what they make up for is said anew. @param {any} person */
  function sayMakeUp(person) {
    ask({
      title: t("Post the hours of {name} anew", { name: person.name }),
      button: t("Reverse and post anew"),
      body: () => html`<p>${rich(person.makes_up
          ? t("The entry of {minutes} is reversed, and the same minutes are posted instead, which say what they make up for. Both stay in the ledger, linked, with your name. The signed note does not change.")
          : t("The entry of {minutes} is reversed, and the same minutes are posted instead, which make up for no other session. Both stay in the ledger, linked, with your name. The signed note does not change."),
          { minutes: html`<strong class="figures">${inMinutes(person.posted.countable_min)}</strong>` })}</p>
        ${reasonField(t("It stands with both entries."), person.makes_up ? t("Linked as a make-up after signing") : t("No make-up after all"))}`,
      send: async (given) => desk.pin.send("amend_hours", { person: person.person, reason: reasonOf(given) }),
    });
  }

  /** @param {any} person */
  function amend(person) {
    ask({
      title: t("Post the new minutes of {name}", { name: person.name }),
      button: t("Reverse and post anew"),
      body: () => html`<p>${rich("The entry of {old} is reversed, and {new} are posted instead. Both stay in the ledger, linked, with your name. The signed note does not change.", {
          old: html`<strong class="figures">${inMinutes(person.posted.countable_min)}</strong>`,
          new: html`<strong class="figures">${inMinutes(person.countable_min)}</strong>`,
        })}</p>
        ${reasonField(t("It stands with both entries."))}`,
      send: async (given) => desk.pin.send("amend_hours", { person: person.person, reason: reasonOf(given) }),
    });
  }

  // ------------------------------------------------------------------------ what is shown

  /** @param {any} person @param {any} dispute */
  const disputed = (person, dispute) => {
    const { room } = desk.view();
    const timed = (/** @type {number} */ at) => html`<time>${momentOf(at, room.zone)}</time>`;
    if (dispute.taken_back) {
      return html`<li class="soft"><p>${rich("{name} said ({time}): {text}", { name: person.name, time: timed(dispute.at), text: dispute.text })}</p>
        <p>${rich("They took it back ({time}).", { time: timed(dispute.taken_back) })}</p></li>`;
    }
    if (dispute.answer) {
      return html`<li><p><strong>${t("{name} said", { name: person.name })}</strong> <span class="soft">(${timed(dispute.at)})</span>: ${dispute.text}</p>
        <p class="soft">${dispute.answer.accepted ? t("Accepted") : t("The minutes stayed")}${dispute.answer.text ? `: ${dispute.answer.text}` : ""}
          (${dispute.answer.name}, ${timed(dispute.answer.at)})</p></li>`;
    }
    return html`<li class="notice"><div class="stack tight grow">
      <p><strong>${t("{name} says the minutes are not right", { name: person.name })}</strong> <span>(${timed(dispute.at)})</span></p>
      <p class="record-text">${dispute.text}</p>
      ${desk.mayWrite ? html`<div class="row">
        <button class="button" type="button" @click=${() => correct(person, { ...longestGap(person), dispute })}>${t("Correct the minutes…")}</button>
        <button class="button quiet" type="button" @click=${() => answer(person, dispute)}>${t("Leave them, and answer…")}</button>
      </div>` : nothing}
    </div></li>`;
  };

  /** @param {any} one */
  const corrected = (one) => {
    const { zone } = desk.view().room;
    return html`<li data-back=${String(one.taken_back !== null)}>
      <p>${icon(one.present ? "plus" : "minus")}<span><strong>${one.present ? t("Was there") : t("Was not there")}</strong>
        <span class="figures">${exactTimeOf(one.start, zone)} – ${exactTimeOf(one.end, zone)}, ${lasting(one.end - one.start)}</span>: ${one.reason}
        <span class="soft">(${rich("by hand: {name}, {time}", { name: one.name, time: html`<time>${momentOf(one.at, zone)}</time>` })}${one.after_signing ? t(", after signing") : ""})</span></span></p>
      ${one.taken_back
        ? html`<p class="soft">${t("Taken back:")} ${one.taken_back.reason} (${one.taken_back.name}, <time>${momentOf(one.taken_back.at, zone)}</time>)</p>`
        : desk.mayWrite ? html`<p><button class="link" type="button" @click=${() => takeBack(one)}>${t("Take back")}</button></p>` : nothing}
    </li>`;
  };

  /** @param {any} person */
  const amending = (person) => {
    const { zone } = desk.view().room;
    return html`${person.amendments.map((/** @type {any} */ one) => html`<p class="soft">${t("{minutes} were posted anew:", { minutes: inMinutes(one.countable_min) })} ${one.reason}
        (${one.name}, <time>${momentOf(one.at, zone)}</time>)</p>`)}
      ${person.amendable === "make_up" ? html`<div class="notice"><div class="stack tight grow">
        <p>${person.makes_up ? t("This session makes up for one that was missed. That was said after the note was signed, and the posted hours do not say it yet.")
          : t("The posted hours say that they make up for a missed session. That was taken back.")}</p>
        ${desk.mayWrite ? html`<div class="row"><button class="button" type="button" @click=${() => sayMakeUp(person)}>${t("Reverse and post anew…")}</button></div>` : nothing}
      </div></div>` : nothing}
      ${person.amendable === "minutes" ? html`<div class="notice"><div class="stack tight grow">
        <p><strong>${t("The minutes changed after the note was signed.")}</strong> ${rich("Posted: {old}. Now: {new}.", {
          old: html`<span class="figures">${inMinutes(person.posted.countable_min)}</span>`, new: html`<span class="figures">${inMinutes(person.countable_min)}</span>`,
        })}</p>
        ${desk.mayWrite ? html`<div class="row"><button class="button" type="button" @click=${() => amend(person)}>${t("Reverse and post anew…")}</button></div>` : nothing}
      </div></div>` : nothing}`;
  };

  /**
   * The longest time away, which is most likely meant.
   * @param {any} person @returns {Suggestion}
   */
  function longestGap(person) {
    const [gap] = gapsOf(desk.view().record, person)
      .filter(({ kind }) => kind !== "server")
      .sort((one, other) => other.to - other.from - (one.to - one.from));
    return gap ? { start: gap.from, end: gap.to } : {};
  }

  return {
    correct,
    /** May anything be corrected yet? */
    possible: () => desk.mayWrite && range() !== null,

    /** Disputes, corrections and amendments of a person. @param {any} person */
    list: (person) => html`
      ${person.disputes.length ? html`<ul class="plain stack tight" aria-label=${t("Said about the minutes")}>${person.disputes.map((/** @type {any} */ one) => disputed(person, one))}</ul>` : nothing}
      ${person.corrections.length ? html`<ul class="plain stack tight corrections" aria-label=${t("Corrected by hand")}>${person.corrections.map(corrected)}</ul>` : nothing}
      ${amending(person)}`,
  };
}
