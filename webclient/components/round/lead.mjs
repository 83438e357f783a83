/**
 * Rounds for those who lead: what to ask, in which order and how gently timed; then the line, with who was asked and
 * who is away. Who spoke least is known here alone; an order made of it is an order like any other to everybody else.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { icon } from "/static/core/icons.mjs";
import { whyNot } from "/static/core/refusals.mjs";
import { many, t } from "/static/core/words.mjs";
import { KINDS, questionOf } from "/static/core/rounds.mjs";

const QUESTION_MAX = 200;
const MINUTE_MS = 60_000;
const TIMES = [0, 60_000, 90_000, 120_000, 180_000, 300_000];

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, act, media, memory } = context;
  const leads = ["facilitator", "cofacilitator"].includes(boot.role);
  let view = /** @type {any} */ (null);
  /** What was chosen on this page for the next round. @type {{kind: string, question: string, order: string, turn_ms: number, line: string[], asked: string, teens: boolean, problem: string}} */
  const wanted = { kind: "check_in", question: "", order: "random", turn_ms: 90_000, line: [], asked: "", teens: false, problem: "", ...memory.get("round") };

  function draw() {
    const running = view?.room.phase === "running" && view.staff?.rounds;
    root.hidden = !running;
    if (!running) return render(nothing, root);
    render(view.room.round ? underWay(view) : leads ? choose() : nothing, root);
  }

  /** @param {Partial<typeof wanted>} changes */
  function set(changes) {
    Object.assign(wanted, { problem: "" }, changes);
    memory.set("round", { ...wanted, problem: "" });
    draw();
  }

  // ---------------------------------------------------------------- to open one

  function choose() {
    return html`<section aria-labelledby="round-choose"><details class="round-choose">
      <summary><h2 id="round-choose">${t("Go round")}</h2></summary>
      <div class="stack tight"><p class="soft small">${t("Everyone in turn, with a gentle time. Anybody may pass.")}</p>
      <form class="stack tight" novalidate @submit=${open}>
        <div class="field"><label for="round-kind">${t("What kind of round")}</label>
          <select id="round-kind" @change=${(/** @type {any} */ event) => set({ kind: event.target.value, ...(wanted.asked ? { asked: "", question: "" } : {}) })}>
            ${Object.entries(KINDS).map(([kind, { title }]) => html`<option value=${kind} ?selected=${kind === wanted.kind}>${title}</option>`)}
          </select></div>
        <div class="field"><label for="round-question">${t("The question")} ${wanted.kind === "question" ? nothing : html`<span class="optional">${t("may stay as it is")}</span>`}</label>
          <input id="round-question" maxlength=${QUESTION_MAX} autocomplete="off" placeholder=${KINDS[wanted.kind].question}
            aria-describedby=${wanted.problem ? "round-problem" : nothing} .value=${live(wanted.question)}
            @input=${(/** @type {any} */ event) => set({ question: event.target.value, asked: "" })}></div>
        ${suggestions()}
        <div class="field"><label for="round-order">${t("In which order")}</label>
          <select id="round-order" @change=${(/** @type {any} */ event) => reorder(event.target.value)}>
            ${Object.entries(ORDERS).map(([order, words]) => html`<option value=${order} ?selected=${order === wanted.order}>${words}</option>`)}
          </select>
          ${wanted.order === "quietest" ? html`<p class="hint">${t("By how long each was heard today. Only you who lead know this; the group sees an order like any other.")}</p>` : nothing}</div>
        ${wanted.order === "random" ? nothing : byHand()}
        <div class="field"><label for="round-time">${t("Gentle time for each")}</label>
          <select id="round-time" @change=${(/** @type {any} */ event) => set({ turn_ms: Number(event.target.value) })}>
            ${TIMES.map((ms) => html`<option value=${ms} ?selected=${ms === wanted.turn_ms}>${timeOf(ms)}</option>`)}
          </select></div>
        ${wanted.problem ? html`<p class="notice" role="alert" id="round-problem">${wanted.problem}</p>` : nothing}
        <div><button class="button">${t("Open the round")}</button></div>
      </form></div>
    </details></section>`;
  }

  /** Questions of the library: kind ones that anybody can answer. */
  function suggestions() {
    const some = view.staff.rounds.questions.filter((/** @type {any} */ one) => one.kind === wanted.kind);
    if (!some.length) return nothing;
    const young = view.staff.people.some((/** @type {any} */ one) => one.teen);
    return html`<details class="round-questions"><summary>${wanted.kind === "question" ? t("Icebreakers to choose from") : t("Other questions to choose from")}</summary>
      <ul class="plain">${some.map((/** @type {any} */ one) => {
        const words = young && one.teens ? one.teens : one.text;
        return html`<li><button type="button" class="button quiet" aria-pressed=${wanted.asked === one.id ? "true" : "false"}
          @click=${() => set({ asked: one.id, question: words, teens: young })}>${words}</button></li>`;
      })}</ul></details>`;
  }

  function byHand() {
    const people = line();
    return html`<ol class="round-line" aria-label=${t("The order")}>${repeat(people, (one) => one.person, (one, index) => html`<li><div class="round-row">
      <span class="grow">${one.name}</span>
      <button type="button" class="button quiet icon-only" ?disabled=${index === 0} aria-label=${t("{name}: earlier", { name: one.name })} title=${t("Earlier")} @click=${() => move(index, -1)}>${icon("chevron-up")}</button>
      <button type="button" class="button quiet icon-only" ?disabled=${index === people.length - 1} aria-label=${t("{name}: later", { name: one.name })} title=${t("Later")} @click=${() => move(index, 1)}>${icon("chevron-down")}</button></div></li>`)}</ol>`;
  }

  /** Those who are here, as they were ordered; who came since, last. */
  function line() {
    const here = view.room.people.filter((/** @type {any} */ one) => one.role === "participant" && one.connected);
    const place = (/** @type {any} */ one) => (wanted.line.includes(one.person) ? wanted.line.indexOf(one.person) : Infinity);
    return [...here].sort((a, b) => (place(a) === place(b) ? 0 : place(a) - place(b)));
  }

  /** @param {string} order */
  function reorder(order) {
    const people = line();
    if (order === "quietest") people.sort((a, b) => (media.talk[a.person] ?? 0) - (media.talk[b.person] ?? 0));
    set({ order, line: people.map((one) => one.person) });
  }

  /** @param {number} index @param {number} by */
  function move(index, by) {
    const people = line().map((one) => one.person);
    [people[index], people[index + by]] = [people[index + by], people[index]];
    set({ line: people });
  }

  /** @param {Event} event */
  async function open(event) {
    event.preventDefault();
    const { kind, question, order, turn_ms, asked, teens } = wanted;
    if (kind === "question" && !question.trim()) {
      set({ problem: t("Write the question that you want to ask.") });
      /** @type {HTMLElement} */ (root.querySelector("#round-question")).focus();
      return;
    }
    try {
      await context.connection.send("open_round", { kind, ...(asked ? { asked, teens } : { question }), order: order === "random" ? "random" : "given",
        line: order === "random" ? [] : line().map((one) => one.person), turn_ms });
      set({ question: "", asked: "", order: "random", line: [] });
    } catch (refusal) {
      set({ problem: whyNot(refusal) });
    }
  }

  // ---------------------------------------------------------------- the one that is open

  /** @param {any} view */
  function underWay({ room, staff }) {
    const { round } = room;
    const names = new Map(staff.people.map((/** @type {any} */ one) => [one.person, one.name]));
    const ask = (/** @type {string} */ type, /** @type {any} */ more = {}) => () => act.ask(type, { round: round.round, ...more });
    const { line, outside, back_to: back } = staff.rounds;
    return html`<section class="stack tight" aria-labelledby="round-title">
      <h2 id="round-title">${round.kind === "question" ? t("Round") : KINDS[round.kind].title}</h2>
      <p>${questionOf(round)}</p>
      ${leads ? html`<div class="row">
        ${back ? html`<button type="button" class="button" @click=${ask("go_back_in_round", { turn: round.turn })}>${icon("undo-2")} ${t("Back to {name}", { name: names.get(back) ?? "" })}</button>` : nothing}
        ${round.now && round.until !== null ? html`<button type="button" class="button" @click=${ask("extend_turn", { turn: round.turn, by_ms: MINUTE_MS })}>${t("One more minute")}</button>` : nothing}
        <button type="button" class="button" @click=${ask("close_round")}>${round.over ? t("Close the round") : t("End the round early")}</button>
      </div>` : nothing}
      <ol class="round-line">${repeat(line, (/** @type {any} */ one) => one.person, (/** @type {any} */ one) => html`<li aria-current=${one.place === "now" ? "true" : nothing}><div class="round-row">
        <span class="grow">${names.get(one.person) ?? ""} <span class="soft small">${placeWords(one)}</span></span>
        ${leads && one.place === "waiting" && one.here ? html`<button type="button" class="button small-button" aria-label="${t("Ask next")}: ${names.get(one.person) ?? ""}" @click=${ask("choose_next", { person: one.person })}>${t("Ask next")}</button>` : nothing}
        ${leads && one.place === "passed" && one.here ? html`<button type="button" class="button small-button" aria-label="${t("Ask again")}: ${names.get(one.person) ?? ""}" @click=${ask("join_round", { person: one.person })}>${t("Ask again")}</button>` : nothing}</div></li>`)}</ol>
      ${outside.length ? html`<div class="stack tight"><h3>${t("Came in later")}</h3><ul class="plain stack tight">${outside.map((/** @type {string} */ person) => html`<li class="round-row">
        <span class="grow">${names.get(person) ?? ""}</span>
        ${leads ? html`<button type="button" class="button small-button" aria-label="${t("Add to the round")}: ${names.get(person) ?? ""}" @click=${ask("join_round", { person })}>${t("Add to the round")}</button>` : nothing}</li>`)}</ul></div>` : nothing}
    </section>`;
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

const ORDERS = /** @type {Record<string, string>} */ ({ random: t("At random"), hand: t("By hand"), quietest: t("Who spoke least first") });

/** @param {any} one */
function placeWords({ place, here }) {
  if (!here && ["now", "waiting", "next"].includes(place)) return t("away, asked when back");
  return { now: t("has the turn"), next: t("next"), spoke: t("spoke"), passed: t("passed") }[/** @type {string} */ (place)] ?? "";
}

/** @param {number} ms */
function timeOf(ms) {
  if (!ms) return t("No time");
  return ms % MINUTE_MS ? t("{minutes} and a half minutes", { minutes: Math.floor(ms / MINUTE_MS) }) : many("{n} minute", "{n} minutes", ms / MINUTE_MS);
}
