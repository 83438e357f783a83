/**
 * The round that is open, in a row of its own above the faces: who has the turn, what was asked, and one's own place.
 * All that one needs for it is here, so that it works on a phone without opening anything, and with the camera off.
 *
 * The ring fills while the gentle time goes by, and nothing happens when it is full: it takes a warmer tone.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { roughly } from "/static/core/clock.mjs";
import { icon } from "/static/core/icons.mjs";
import { rich, t } from "/static/core/words.mjs";
import { beforeWords, headline, questionOf } from "/static/core/rounds.mjs";

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, connection, act, ui } = context;
  const leads = ["facilitator", "cofacilitator"].includes(boot.role);

  /** @param {any} view */
  function update(view) {
    const { round } = view.room;
    root.hidden = !round;
    render(round ? strip(view) : nothing, root);
    const ring = /** @type {HTMLElement | null} */ (root.querySelector(".round-ring"));
    ring?.style.setProperty("--share", String(shareOf(round, connection.now())));
  }

  /** @param {any} view */
  function strip({ room, you, staff }) {
    const { round } = room;
    const names = new Map(room.people.map((/** @type {any} */ one) => [one.person, one.name]));
    const over = round.until !== null && connection.now() > round.until;
    const mine = you.turn?.place === "now";
    return html`<div class="round ${mine ? "mine" : ""} ${over ? "long" : ""}">
      ${round.since === null ? icon("users") : html`<svg class="round-ring" ?data-timeless=${round.until === null} viewBox="0 0 36 36" aria-hidden="true" focusable="false">
        <circle class="round-way" cx="18" cy="18" r="15.5"></circle>
        <circle class="round-fill" cx="18" cy="18" r="15.5" pathLength="100"></circle></svg>`}
      <div class="round-words grow">
        <p class="round-who"><strong>${headline(round, you, names)}</strong>${mine || (leads && round.now) ? html` <span class="soft small">${timeWords(round)}</span>` : nothing}</p>
        <p class="round-question">${questionOf(round)}</p>
        ${about(you.turn, names)}
        ${place(you.turn, round)}
      </div>
      <div class="round-acts">${acts(room, you)}${leads ? leading(round, staff, names) : nothing}</div>
    </div>`;
  }

  /** How much of the gentle time is left, for who has it and who leads: in words, and never in red. @param {any} round */
  function timeWords({ until }) {
    if (until === null) return nothing;
    const left = until - connection.now();
    return left > 0 ? t("{time} left", { time: roughly(left) }) : t("a little longer than planned, and that is all right");
  }

  /** @param {any} turn @param {Map<string, string>} names */
  function about(turn, names) {
    if (!turn?.about || !["now", "next", "waiting"].includes(turn.place)) return nothing;
    return html`<p>${rich("You speak of {name}.", { name: html`<strong>${names.get(turn.about) ?? t("someone who left")}</strong>` })}</p>`;
  }

  /** My own place: for me alone. @param {any} turn @param {any} round */
  function place(turn, round) {
    const words = beforeWords(turn, round);
    return words ? html`<p class="round-place ${turn.place === "next" ? "soon" : ""}">${words}</p>` : nothing;
  }

  /** What I can do about my own turn. @param {any} room @param {any} you */
  function acts({ round }, { turn, microphone }) {
    const ask = (/** @type {string} */ type, /** @type {any} */ more = {}) => () => act.ask(type, { round: round.round, ...more });
    switch (turn?.place) {
      case "now":
        return html`
          ${microphone ? nothing : html`<button type="button" class="button primary" @click=${act.unmute}>${icon("mic")} ${t("Unmute")}</button>`}
          <button type="button" class="button ${microphone ? "primary" : ""}" @click=${ask("move_round_on", { turn: round.turn })}>${icon("check")} ${t("I am done")}</button>
          <button type="button" class="button" @click=${ask("pass_turn")}>${t("Pass")}</button>
          ${turn.may_defer ? html`<button type="button" class="button" @click=${ask("ask_me_later")}>${t("Come back to me")}</button>` : nothing}`;
      case "next":
      case "waiting":
        return html`<button type="button" class="button" @click=${ask("pass_turn")}>${t("I’d rather pass")}</button>`;
      case "passed":
        return html`<button type="button" class="button" @click=${ask("join_round")}>${t("I’d like a turn after all")}</button>`;
      default:
        return nothing;
    }
  }

  /** @param {any} round @param {any} staff @param {Map<string, string>} names */
  function leading(round, staff, names) {
    const next = staff?.rounds.line.find((/** @type {any} */ one) => one.place === "next");
    const name = names.get(next?.person) ?? "";
    const mine = round.now === boot.person;
    return html`
      ${next && !mine ? html`<button type="button" class="button primary" @click=${() => act.ask("move_round_on", { round: round.round, turn: round.turn })}>
        ${round.turn === 0 ? t("Begin with {name}", { name }) : t("On to {name}", { name })} ${icon("arrow-right")}</button>` : nothing}
      ${!next && !mine && round.now ? html`<button type="button" class="button primary" @click=${() => act.ask("move_round_on", { round: round.round, turn: round.turn })}>${t("That was the last turn")}</button>` : nothing}
      ${round.over && ui.state.panel !== "now" ? html`<button type="button" class="button primary" @click=${() => act.ask("close_round", { round: round.round })}>${t("Close the round")}</button>` : nothing}
      ${ui.state.panel === "now" ? nothing : html`<button type="button" class="button" @click=${() => ui.set({ panel: "now" })}>${t("The line")}</button>`}`;
  }

  return { update, unmount: () => render(nothing, root) };
}

/** How much of the gentle time has gone by, from 0 to 1. @param {any} round @param {number} now */
function shareOf(round, now) {
  if (!round || round.since === null || round.until === null) return 0;
  return Math.max(0, Math.min(1, (now - round.since) / Math.max(1, round.until - round.since)));
}
