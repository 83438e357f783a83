/**
 * The path: the session's segments as a gentle line, with the present one widened; its name, the time left in words,
 * and what comes next. It shows the way and never hurries anybody.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { classMap } from "/vendor/lit-html/directives/class-map.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { icon } from "/static/core/icons.mjs";
import { inMinutes, present, roughly, wallTime } from "/static/core/clock.mjs";
import { t } from "/static/core/words.mjs";

const OVER_WORTH_SAYING_MS = 60_000;
const NARROWEST_SHARE = 6; // of the line's hundred, so that a five-minute break can still be seen

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, act } = context;
  const leads = ["facilitator", "cofacilitator"].includes(boot.role);

  /** @param {any} view */
  function update(view) {
    const { room } = view;
    const now = context.connection.now();
    const here = room.phase === "running" ? present(room.agenda, now) : null;
    render(html`
      <div class="path-way">
        <div class="path-words">
          <p class="path-now">${headline(room, here, now)}</p>
          <p class="path-next">${room.phase === "running" ? nextWords(room.agenda) : nothing}</p>
        </div>
        ${room.agenda.segments.length ? line(room.agenda, here) : nothing}
      </div>
      ${leads ? moves(view) : nothing}`, root);
    const filled = /** @type {HTMLElement | null} */ (root.querySelector(".path-fill"));
    filled?.style.setProperty("--share", String(here?.share ?? 0));
    for (const item of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-grow]"))) {
      item.style.setProperty("--grow", item.dataset.grow ?? "1");
    }
  }

  /** For those who lead, whatever else is open: onward, and back as near. @param {any} view */
  function moves({ room, staff }) {
    if (room.phase === "ended") return nothing;
    return html`<div class="path-moves">
      ${staff?.undo ? html`<button type="button" class="button" title=${t("Undo the last move (U)")} @click=${act.undo}>${icon("undo-2")} ${t("Undo")}</button>` : nothing}
      ${room.phase === "lobby"
        ? html`<button type="button" class="button primary" @click=${() => act.ask("start_session")}>${icon("play")} ${t("Start")}</button>`
        : room.agenda.next
          ? html`<button type="button" class="button primary" title=${t("Next part (N)")} @click=${act.next}>${t("Next")} ${icon("arrow-right")}</button>`
          : html`<button type="button" class="button" @click=${() => context.ui.set({ dialog: "end" })}>${t("End…")}</button>`}
    </div>`;
  }

  return { update, unmount: () => render(nothing, root) };
}

/** @param {any} room @param {ReturnType<typeof present>} here @param {number} now */
function headline(room, here, now) {
  if (room.phase === "ended") return html`<strong>${t("The session has ended")}</strong>`;
  if (!here) {
    const until = room.starts_at - now;
    const words = until > 60_000 ? t("We start in {time}, at {clock}", { time: roughly(until), clock: wallTime(room.starts_at, room.zone) }) : t("We start soon");
    return html`<strong>${room.title}</strong> <span>${words}</span>`;
  }
  return html`<strong>${here.segment.title}</strong> <span class="path-left">${timeLeft(room.agenda, here)}</span>`;
}

/** @param {any} agenda @param {NonNullable<ReturnType<typeof present>>} here */
export function timeLeft(agenda, { left, over }) {
  if (left === null) return "";
  if (agenda.paused) return left > 0 ? t("paused, {time} left when we go on", { time: roughly(left) }) : t("paused");
  if (over >= OVER_WORTH_SAYING_MS) return t("a little over time, {time} so far", { time: inMinutes(over) });
  if (left <= 0) return t("time to round off");
  return t("{time} left", { time: roughly(left) });
}

/** @param {any} agenda */
function nextWords(agenda) {
  const next = agenda.segments.find((/** @type {any} */ one) => one.id === agenda.next);
  return next ? html`<span class="soft">${t("Next:")}</span> ${next.title}` : html`<span class="soft">${t("This is the last part.")}</span>`;
}

/** @param {any} agenda @param {ReturnType<typeof present>} here */
function line(agenda, here) {
  const total = agenda.segments.reduce((/** @type {number} */ sum, /** @type {any} */ one) => sum + one.planned_ms, 0) || 1;
  return html`<ol class="path-line plain" aria-label=${t("The path of this session")}>
    ${repeat(agenda.segments, (/** @type {any} */ one) => one.id, (/** @type {any} */ one) => {
      const isNow = one.id === here?.segment.id;
      const share = Math.max(NARROWEST_SHARE, (100 * one.planned_ms) / total);
      const classes = { "path-step": true, done: one.state === "done", now: isNow, skipped: one.state === "skipped", rest: one.kind === "break" };
      return html`<li class=${classMap(classes)} data-grow=${(isNow ? share * 1.8 : share).toFixed(1)}
        title="${one.title}, ${inMinutes(one.planned_ms)}" aria-current=${isNow ? "step" : nothing}>
        ${isNow ? html`<span class="path-fill"></span>` : nothing}
        <span class="visually-hidden">${one.title}, ${inMinutes(one.planned_ms)}, ${STATES[/** @type {keyof typeof STATES} */ (isNow ? "now" : one.state)]}</span>
      </li>`;
    })}
  </ol>`;
}

const STATES = { done: t("done"), now: t("now"), next: t("still to come"), skipped: t("left out today") };
