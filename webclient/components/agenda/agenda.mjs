/**
 * The facilitators' agenda: one main button forward, undo as near, and everything else about the plan below it.
 * Looking at what comes next moves nobody.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { inMinutes, present, shortly, wallTime } from "/static/core/clock.mjs";
import { icon } from "/static/core/icons.mjs";
import { listed, t } from "/static/core/words.mjs";
import { timeLeft } from "/components/path/path.mjs";

const FIVE_MINUTES_MS = 300_000;
const ON_TIME_MS = 60_000;

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, connection, ui, act } = context;
  const mayAct = boot.role === "facilitator" || boot.role === "cofacilitator";
  let view = /** @type {any} */ (null);
  /** @type {Set<string>} */
  const peeked = new Set();

  function draw() {
    if (!view?.staff) return;
    const { room, you, staff } = view;
    const here = room.phase === "running" ? present(room.agenda, connection.now()) : null;
    render(html`
      ${here ? now(room, here) : before(room)}
      ${mayAct ? controls(room, here, staff) : nothing}
      ${staff.advice ? advice(room, staff.advice) : nothing}
      <section class="stack tight" aria-labelledby="segments-title">
        <h3 id="segments-title">${t("The plan")}</h3>
        <ol class="plain segments">${repeat(room.agenda.segments, (/** @type {any} */ one) => one.id, (/** @type {any} */ one) => segment(one, room, here))}</ol>
        ${room.agenda.expected_end ? html`<p class="soft">${t("Ends about {clock}, {drift}.", { clock: wallTime(room.agenda.expected_end, room.zone), drift: drift(room.agenda.ahead_ms) })}</p>` : nothing}
        ${boot.library ? html`<p><a class="agenda-library" href=${boot.library} target="_blank" rel="noreferrer">${icon("book-open")} <span>${t("Skills library")} <span class="soft">${t("(a new tab)")}</span></span></a></p>` : nothing}
      </section>
      ${mayAct && room.phase !== "ended" && !you.lead ? lead(room) : nothing}
      ${mayAct && room.phase === "running" ? end(staff) : nothing}
      ${room.phase === "ended" ? html`<a class="button primary" href=${boot.record}>${t("Open the record")}</a>` : nothing}`, root);
  }

  /** @param {any} room */
  function before(room) {
    if (room.phase === "ended") return html`<section class="agenda-now"><h3>${t("The session has ended")}</h3></section>`;
    return html`<section class="agenda-now"><h3>${room.title}</h3>
      <p>${t("Planned for {clock}. Minutes run from the moment you start.", { clock: wallTime(room.starts_at, room.zone) })}</p></section>`;
  }

  /** @param {any} room @param {any} here */
  function now(room, here) {
    return html`<section class="agenda-now" aria-label=${t("Now")}>
      <h3>${here.segment.title}</h3>
      <p>${timeLeft(room.agenda, here)} <span class="soft">${t("of {time}", { time: inMinutes(here.segment.planned_ms) })}</span></p>
      ${here.segment.card ? html`<details><summary>${t("What the group reads")}</summary><p class="agenda-card">${here.segment.card}</p></details>` : nothing}
    </section>`;
  }

  /** @param {any} room @param {any} here @param {any} staff */
  function controls(room, here, staff) {
    if (room.phase === "lobby") {
      return html`<button type="button" class="button primary large" @click=${() => act.ask("start_session")}>${icon("play")} ${t("Start the session")}</button>`;
    }
    if (!here) return nothing;
    const next = room.agenda.segments.find((/** @type {any} */ one) => one.id === room.agenda.next);
    const from = here.segment.id;
    return html`<div class="stack tight">
      ${next
        ? html`<button type="button" class="button primary large" @click=${act.next}>${icon("arrow-right")} <span>${t("Next:")} ${next.title}</span> <kbd>N</kbd></button>`
        : html`<p class="soft">${t("This is the last part. End the session below when you are done.")}</p>`}
      ${staff.undo ? html`<button type="button" class="button" @click=${act.undo}>${icon("undo-2")} <span>${t("Undo: back to {part}, as if never left", { part: titleOf(room, staff.undo.to) })}</span> <kbd>U</kbd></button>` : nothing}
      <div class="agenda-buttons">
        <button type="button" class="button" @click=${() => act.ask("extend", { segment: from, by_ms: -FIVE_MINUTES_MS })} aria-label=${t("5 min less for {part}", { part: here.segment.title })}>${icon("minus")} ${t("5 min")}</button>
        <button type="button" class="button" @click=${() => act.ask("extend", { segment: from, by_ms: FIVE_MINUTES_MS })} aria-label=${t("5 min more for {part}", { part: here.segment.title })}>${icon("plus")} ${t("5 min")}</button>
        ${room.agenda.paused
          ? html`<button type="button" class="button" @click=${() => act.ask("resume")}>${icon("play")} ${t("Go on")}</button>`
          : html`<button type="button" class="button" @click=${() => act.ask("pause")}>${icon("pause")} ${t("Pause")}</button>`}
        <button type="button" class="button" ?disabled=${!hasBefore(room, from)} @click=${() => act.ask("go_back", { from_segment: from })}>${icon("arrow-left")} ${t("Back")}</button>
      </div>
    </div>`;
  }

  /** @param {any} room @param {any} plan */
  function advice(room, plan) {
    const rows = room.agenda.segments.filter((/** @type {any} */ one) => plan.planned_ms[one.id] !== undefined && plan.planned_ms[one.id] !== one.planned_ms);
    return html`<section class="notice plain agenda-advice" aria-label=${t("A plan that ends on time")}>
      <div class="stack tight grow">
        <p><strong>${t("{time} over.", { time: inMinutes(plan.over_ms) })}</strong> ${t("This would end on time:")}</p>
        <ul class="plain">${rows.map((/** @type {any} */ one) => html`<li class="row apart"><span>${one.title}</span>
          <span class="figures">${shortly(one.planned_ms)} → <strong>${shortly(plan.planned_ms[one.id])}</strong></span></li>`)}</ul>
        ${mayAct ? html`<div><button type="button" class="button" @click=${() => act.ask("replan", { planned_ms: plan.planned_ms })}>${t("Use this plan")}</button></div>` : nothing}
      </div>
    </section>`;
  }

  /** @param {any} one @param {any} room @param {any} here */
  function segment(one, room, here) {
    const coming = one.state === "next" || one.state === "skipped";
    const open = peeked.has(one.id);
    const isNow = one.id === here?.segment.id;
    return html`<li class="segment ${isNow ? "now" : one.state}" aria-current=${isNow ? "step" : nothing}>
      <div class="segment-line">
        <span class="segment-mark">${one.state === "done" ? icon("check") : isNow ? icon("chevron-right") : nothing}</span>
        <span class="grow"><span class="segment-title">${one.title}</span>
          <span class="visually-hidden">${isNow ? t(", now") : one.state === "done" ? t(", done") : one.state === "skipped" ? t(", left out") : ""}</span></span>
        <span class="figures soft">${one.spent_ms ? html`<span title=${t("Spent")}>${shortly(one.spent_ms)}</span> / ` : nothing}<span title=${t("Planned")}>${shortly(one.planned_ms)}</span></span>
        ${coming ? html`<button type="button" class="button quiet icon-only" aria-expanded=${open ? "true" : "false"} aria-label=${t("Look at {part}", { part: one.title })}
          title=${t("Look, without moving the group")} @click=${() => peek(one.id)}>${icon(open ? "chevron-down" : "ellipsis")}</button>` : html`<span class="segment-gap"></span>`}
      </div>
      ${open ? html`<div class="segment-more stack tight">
        <p>${one.card || html`<span class="soft">${t("Nothing is written for this part.")}</span>`}</p>
        ${mayAct ? html`<div class="row agenda-buttons">
          <button type="button" class="button" aria-label=${t("5 min less for {part}", { part: one.title })} @click=${() => act.ask("extend", { segment: one.id, by_ms: -FIVE_MINUTES_MS })}>${icon("minus")} ${t("5 min")}</button>
          <button type="button" class="button" aria-label=${t("5 min more for {part}", { part: one.title })} @click=${() => act.ask("extend", { segment: one.id, by_ms: FIVE_MINUTES_MS })}>${icon("plus")} ${t("5 min")}</button>
          <button type="button" class="button" @click=${() => act.ask("skip", { segment: one.id, on: one.state !== "skipped" })}>${one.state === "skipped" ? t("Take back in") : t("Leave out")}</button>
        </div>` : nothing}
      </div>` : nothing}
    </li>`;
  }

  /** @param {any} room */
  function lead(room) {
    const who = room.people.find((/** @type {any} */ one) => one.lead);
    return html`<section class="stack tight">
      <p>${who ? who.connected ? t("{name} leads the agenda.", { name: who.name }) : t("{name} leads the agenda, but lost the connection.", { name: who.name }) : t("Nobody leads the agenda now.")}</p>
      <div><button type="button" class="button" @click=${() => act.ask("take_lead")}>${t("Take the lead")}</button></div>
    </section>`;
  }

  /** @param {any} staff */
  function end(staff) {
    const open = staff.flags.filter((/** @type {any} */ flag) => flag.disposition === null);
    return html`<section class="stack tight agenda-end">
      ${open.length
        ? html`<p>${t("Before you can end: write down what was done for {names}.", { names: listed(open.map((/** @type {any} */ flag) => flag.name)) })}</p>`
        : nothing}
      <div><button type="button" class="button" ?disabled=${open.length > 0} @click=${() => ui.set({ dialog: "end" })}>${t("End the session…")}</button></div>
    </section>`;
  }

  /** @param {string} id */
  function peek(id) {
    if (!peeked.delete(id)) peeked.add(id);
    draw();
  }

  return {
    /** @param {any} next */
    update(next) {
      view = next;
      draw();
    },
    unmount: () => render(nothing, root),
  };
}

/** @param {any} room @param {string} id */
function titleOf(room, id) {
  return room.agenda.segments.find((/** @type {any} */ one) => one.id === id)?.title ?? t("before");
}

/** @param {any} room @param {string} from */
function hasBefore(room, from) {
  const at = room.agenda.segments.findIndex((/** @type {any} */ one) => one.id === from);
  return room.agenda.segments.slice(0, at).some((/** @type {any} */ one) => one.state !== "skipped");
}

/** @param {number} ahead */
function drift(ahead) {
  if (Math.abs(ahead) < ON_TIME_MS) return t("on time");
  return ahead > 0 ? t("{time} early", { time: inMinutes(ahead) }) : t("{time} late", { time: inMinutes(-ahead) });
}
