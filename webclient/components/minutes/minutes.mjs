/** One's own minutes in a window: how far they are, what was said of them, and a way to say that they are not right. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { inMinutes, liveMinutes, wallTime } from "/static/core/clock.mjs";
import { rich, t } from "/static/core/words.mjs";

const TYPED = "dispute"; // what was typed and not sent yet, in this tab's memory
const TEXT_MAX = 2000;

/** @param {any} context */
export function createMinutes(context) {
  const { boot, connection, act, memory, room } = context;
  let sending = false;

  /** @param {SubmitEvent} event */
  async function send(event) {
    event.preventDefault();
    const text = String(memory.get(TYPED) ?? "").trim();
    if (!text || sending) return;
    sending = true;
    try {
      if (await act.ask("dispute_minutes", { text })) memory.set(TYPED, null);
    } finally {
      sending = false;
    }
  }

  /** @param {any} one @param {string} zone */
  function word(one, zone) {
    return html`<li class="stack tight">
      <p class="said"><strong>${t("You")}</strong> <span class="small figures">${wallTime(one.at, zone)}</span><br>${one.text}</p>
      ${one.taken_back
        ? html`<p class="answered soft">${t("You took this back.")}</p>`
        : one.answer
        ? html`<p class="answered"><strong>${one.answer.name}</strong> <span class="small figures">${wallTime(one.answer.at, zone)}</span><br>${one.answer.accepted ? t("You were right.") : t("It stays as it is.")} ${one.answer.text}</p>`
        : html`<div class="answered row apart"><p class="soft">${t("Your facilitator has been told and will answer here.")}</p>
            <button type="button" class="button" @click=${() => act.ask("take_back_dispute", { dispute: one.dispute })}>${t("Take it back")}</button></div>`}
    </li>`;
  }

  /** @param {() => void} close */
  return function minutes(close) {
    const { you, room: { zone, phase } } = room.view;
    const now = liveMinutes(you.minutes, connection.now());
    const waiting = you.disputes.some((/** @type {any} */ one) => !one.answer && !one.taken_back);
    const typed = memory.get(TYPED) ?? "";
    return html`<h2 id="dialog-title">${t("Your minutes")}</h2>
      <p class="minutes-now">${rich("{counted} counted, of {planned} planned. You were here for {present}; breaks do not count.", {
          counted: html`<strong class="figures">${inMinutes(now.counted)}</strong>`, planned: inMinutes(you.minutes.target_ms), present: html`<span class="figures">${inMinutes(now.present)}</span>`,
        })}</p>
      ${you.minutes.corrected_ms ? html`<p>${t("Your facilitator put some of it right by hand.")}</p>` : nothing}
      <p class="soft">${t("They stop when your connection drops and go on when you are back. Nothing is lost.")}</p>
      ${you.disputes.length ? html`<ul class="plain stack">${you.disputes.map((/** @type {any} */ one) => word(one, zone))}</ul>` : nothing}
      ${phase === "lobby" || waiting ? nothing : html`<form class="stack tight" @submit=${send}>
        <div class="field">
          <label for="dispute-text">${t("Is something not right?")}</label>
          <p class="hint" id="dispute-hint">${t("For example: “I was there on my phone from 6:20 to 6:35.” Only your facilitators read it.")}</p>
          <textarea id="dispute-text" rows="3" maxlength=${TEXT_MAX} required aria-describedby="dispute-hint" .value=${live(typed)}
            @input=${(/** @type {any} */ event) => memory.set(TYPED, event.target.value)}></textarea>
        </div>
        <p><button type="submit" class="button">${t("Tell your facilitator")}</button></p>
      </form>`}
      <div class="row end">
        ${boot.minutes ? html`<a class="button quiet" href=${boot.minutes} target="_blank" rel="noopener">${t("How they came about")}</a>` : nothing}
        <button type="button" class="button primary" @click=${close}>${t("Close")}</button>
      </div>`;
  };
}
