/**
 * Small rooms for those who lead: who goes with whom, by lot or by hand; then who is where, who is alone, how long
 * still, and the way to each room. Everything works with a list and a key: nothing has to be dragged.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { icon } from "/static/core/icons.mjs";
import { timeLeft } from "/static/core/smallrooms.mjs";
import { listed, many, t } from "/static/core/words.mjs";
import { createApart } from "./apart.mjs";

const MINUTES = [3, 5, 8, 10, 15, 20, 30];
const TASK_MAX = 500;

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, connection, memory } = context;
  const leads = ["facilitator", "cofacilitator"].includes(boot.role);
  const apart = createApart({ boot, redraw: draw });
  let view = /** @type {any} */ (null);
  /** What was chosen on this page. @type {{minutes: number, again: boolean, task: string | null, say: string, problem: string}} */
  const wanted = { minutes: 8, again: false, task: null, say: "", problem: "", ...memory.get("breakouts") };

  function draw() {
    const part = view?.room.phase === "running" ? view.staff?.breakouts : null;
    root.hidden = !part || !leads;
    if (root.hidden) return render(nothing, root);
    render(html`<section class="stack tight breakouts" aria-labelledby="breakouts-title">
      <h2 id="breakouts-title">${t("Small rooms")}</h2>
      ${view.room.breakouts ? underWay(part) : planning(part)}
      ${sides(part)}
    </section>`, root);
  }

  /** @param {Partial<typeof wanted>} changes */
  function set(changes) {
    Object.assign(wanted, { problem: "" }, changes);
    memory.set("breakouts", { ...wanted, problem: "" });
    draw();
  }

  /** @param {string} type @param {any} fields */
  async function ask(type, fields) {
    try {
      await connection.send(type, fields);
      set({});
      return true;
    } catch (refusal) {
      set({ problem: /** @type {any} */ (refusal).text });
      return false;
    }
  }

  /** @param {string} person */
  const nameOf = (person) => view.staff.people.find((/** @type {any} */ one) => one.person === person)?.name ?? t("someone who left");
  const problem = () => wanted.problem ? html`<p class="notice" role="alert">${wanted.problem}</p>` : nothing;

  // ---------------------------------------------------------------- before

  /** @param {any} part */
  function planning(part) {
    const { plan } = part;
    const pairs = view.room.exercise?.grouping === "pairs" ? view.room.exercise.groups : [];
    return html`
      <p class="soft small">${t("Pairs or threes who see and hear only each other for a while. Minutes run on.")}</p>
      <div class="row">
        <button type="button" class="button" @click=${() => ask("draw_breakouts", { size: 2, again: wanted.again })}>${t("Draw pairs")}</button>
        <button type="button" class="button" @click=${() => ask("draw_breakouts", { size: 3, again: wanted.again })}>${t("Draw threes")}</button>
        ${pairs.length ? html`<button type="button" class="button" @click=${() => ask("plan_breakouts", { rooms: pairs, again: wanted.again })}>${t("The pairs of the exercise")}</button>` : nothing}
        ${plan ? nothing : html`<button type="button" class="button" @click=${byHand}>${t("By hand")}</button>`}
      </div>
      <label class="choice"><input type="checkbox" .checked=${live(wanted.again)} @change=${(/** @type {any} */ event) => again(event.target.checked, plan)}>
        <span>${t("The same two may be together a third time running")}</span></label>
      ${plan ? nothing : problem()}
      ${plan ? proposal(plan, part) : nothing}
      ${apart.part(part.apart, view.staff.people)}`;
  }

  /** @param {boolean} on @param {any} plan */
  function again(on, plan) {
    wanted.again = on;
    if (plan) void ask("plan_breakouts", { rooms: plan.rooms.map((/** @type {any} */ one) => one.people), again: on });
    else set({});
  }

  /** Everybody two by two as they came: somewhere to begin from. */
  function byHand() {
    const people = view.staff.breakouts.main.map((/** @type {any} */ one) => one.person);
    const rooms = [];
    for (let at = 0; at < people.length; at += 2) rooms.push(people.slice(at, at + 2));
    if (rooms.length > 1 && rooms[rooms.length - 1].length === 1) rooms[rooms.length - 2].push(...rooms.pop());
    void ask("plan_breakouts", { rooms, again: wanted.again });
  }

  /** @param {any} plan @param {any} part */
  function proposal(plan, part) {
    const placed = new Set(plan.rooms.flatMap((/** @type {any} */ one) => one.people));
    const left = part.main.map((/** @type {any} */ one) => one.person).filter((/** @type {string} */ one) => !placed.has(one));
    const exercise = view.room.exercise;
    return html`<form class="stack tight" novalidate @submit=${open}>
      <ul class="plain stack tight">
        ${plan.rooms.map((/** @type {any} */ one, /** @type {number} */ index) => html`<li class="breakout">
          <h3>${t("Room {n}", { n: index + 1 })}</h3>
          <ul class="plain">${repeat(one.people, (person) => person, (person) => placeRow(plan, person, index))}</ul>
          ${one.problems.map((/** @type {string} */ each) => html`<p class="breakout-problem">${icon("triangle-alert")} ${problemWords(each, one, part)}</p>`)}
        </li>`)}
        ${left.length ? html`<li class="breakout"><h3>${t("Stay in the main room")}</h3>
          <ul class="plain">${repeat(left, (person) => person, (person) => placeRow(plan, person, -1))}</ul></li>` : nothing}
      </ul>
      <div class="field"><label for="breakouts-task">${t("What to do there")} <span class="optional">${t("(if you like)")}</span></label>
        <textarea id="breakouts-task" rows="2" maxlength=${TASK_MAX} .value=${live(wanted.task ?? exercise?.title ?? "")}
          @input=${(/** @type {any} */ event) => set({ task: event.target.value })}></textarea></div>
      <div class="field"><label for="breakouts-minutes">${t("How long")}</label>
        <select id="breakouts-minutes" @change=${(/** @type {any} */ event) => set({ minutes: Number(event.target.value) })}>
          ${MINUTES.map((n) => html`<option value=${n} ?selected=${n === wanted.minutes}>${many("{n} minute", "{n} minutes", n)}</option>`)}
          <option value="0" ?selected=${wanted.minutes === 0}>${t("Until I call them back")}</option>
        </select></div>
      ${problem()}
      <div class="row"><button class="button primary">${t("Open the small rooms")}</button>
        <button type="button" class="button quiet" @click=${() => ask("plan_breakouts", { rooms: [] })}>${t("Take it back")}</button></div>
    </form>`;
  }

  /** @param {any} plan @param {string} person @param {number} at */
  function placeRow(plan, person, at) {
    const name = nameOf(person);
    return html`<li class="breakout-row"><span class="grow">${name}</span>
      <select aria-label=${t("Room for {name}", { name })} @change=${(/** @type {any} */ event) => put(plan, person, Number(event.target.value))}>
        ${plan.rooms.map((/** @type {any} */ _, /** @type {number} */ index) => html`<option value=${index} .selected=${live(index === at)}>${t("Room {n}", { n: index + 1 })}</option>`)}
        <option value=${plan.rooms.length}>${t("A new room")}</option>
        <option value="-1" .selected=${live(at === -1)}>${t("Main room")}</option>
      </select></li>`;
  }

  /** @param {any} plan @param {string} person @param {number} to */
  function put(plan, person, to) {
    const rooms = plan.rooms.map((/** @type {any} */ one) => one.people.filter((/** @type {string} */ each) => each !== person));
    if (to >= rooms.length) rooms.push([person]);
    else if (to >= 0) rooms[to].push(person);
    void ask("plan_breakouts", { rooms, again: plan.again });
  }

  /** @param {string} code @param {any} one @param {any} part */
  function problemWords(code, one, part) {
    if (code === "alone") return t("{name} would be alone.", { name: nameOf(one.people[0]) });
    if (code === "again") return t("Two of them would be together a third time running.");
    const pair = part.apart.find((/** @type {string[]} */ each) => each.every((person) => one.people.includes(person))) ?? [];
    return t("Kept apart: {names}.", { names: listed(pair.map(nameOf)) });
  }

  /** @param {Event} event */
  async function open(event) {
    event.preventDefault();
    const task = wanted.task ?? view.room.exercise?.title ?? "";
    if (await ask("open_breakouts", { minutes: wanted.minutes || null, task })) set({ task: null, again: false });
  }

  // ---------------------------------------------------------------- meanwhile

  /** @param {any} part */
  function underWay(part) {
    const now = view.room.breakouts;
    const rooms = part.rooms.filter((/** @type {any} */ one) => !one.side);
    return html`
      <p><strong>${timeLeft(now, connection.now())}</strong></p>
      ${now.task ? html`<p class="small">${now.task}</p>` : nothing}
      <div class="row">
        <button type="button" class="button" @click=${() => ask("extend_breakouts", { by_ms: 120_000 })}>${t("2 more minutes")}</button>
        ${now.called ? nothing : html`<button type="button" class="button primary" @click=${() => ask("call_back", { seconds: 60 })}>${t("Call back in 60 s")}</button>`}
        <button type="button" class="button" @click=${() => ask("close_breakouts", {})}>${t("All back now")}</button>
      </div>
      ${problem()}
      <ul class="plain stack tight">${repeat(rooms, (/** @type {any} */ one) => one.room, (one) => roomCard(one, rooms, part))}
        ${part.main.length ? html`<li class="breakout"><h3>${t("In the main room")}</h3>
          <ul class="plain">${repeat(part.main, (/** @type {any} */ one) => one.person, (one) => moveRow(one.person, null, rooms, one.fits))}</ul></li>` : nothing}</ul>
      <form class="stack tight" @submit=${announce}>
        <div class="field"><label for="breakouts-say">${t("Tell all rooms")}</label>
          <input id="breakouts-say" maxlength="2000" autocomplete="off" .value=${live(wanted.say)} @input=${(/** @type {any} */ event) => set({ say: event.target.value })}></div>
        <div><button class="button" ?disabled=${!wanted.say.trim()}>${t("Send to all rooms")}</button></div>
      </form>`;
  }

  /** @param {any} one @param {any[]} rooms @param {any} part */
  function roomCard(one, rooms, part) {
    const mine = one.visitors.includes(boot.person);
    const others = one.visitors.filter((/** @type {string} */ each) => each !== boot.person).map(nameOf);
    const call = part.calls.find((/** @type {any} */ each) => each.room === one.room);
    return html`<li class="breakout ${call ? "calls" : ""}">
      <div class="row apart"><h3>${t("Room {n}", { n: one.number })}</h3>
        ${mine ? html`<span class="row"><span class="chip">${t("You are here")}</span><button type="button" class="button" @click=${() => ask("visit", { room: null })}>${t("Leave it")}</button></span>`
          : html`<button type="button" class="button ${call ? "primary" : ""}" aria-label=${t("Visit room {n}", { n: one.number })} @click=${() => ask("visit", { room: one.room })}>${t("Visit")}</button>`}</div>
      <p class="small">${call ? html`<span class="chip clay">${icon("hand")} ${t("{name} calls you", { name: nameOf(call.person) })}</span> ` : nothing}
        ${one.alone_since ? html`<span class="chip clay">${t("Someone is alone there")}</span> ` : nothing}
        ${others.length ? t("Visited by {names}", { names: listed(others) }) : nothing}</p>
      <ul class="plain">${one.people.length ? repeat(one.people, (/** @type {string} */ person) => person, (person) => moveRow(person, one.room, rooms, null))
        : html`<li class="soft small">${t("Nobody is in it any more.")}</li>`}</ul></li>`;
  }

  /** @param {string} person @param {string | null} at @param {any[]} rooms @param {string[] | null} fits */
  function moveRow(person, at, rooms, fits) {
    const one = view.staff.people.find((/** @type {any} */ each) => each.person === person);
    const name = one?.name ?? t("someone who left");
    return html`<li class="breakout-row"><span class="grow">${name}${one && !one.connected ? html` <span class="soft small">${t("line lost")}</span>` : nothing}</span>
      <select aria-label=${t("Room for {name}", { name })} @change=${(/** @type {any} */ event) => move(event.target, person, at)}>
        <option value="" .selected=${live(at === null)}>${t("Main room")}</option>
        ${rooms.map((each) => html`<option value=${each.room} .selected=${live(each.room === at)} ?disabled=${fits !== null && !fits.includes(each.room)}>${t("Room {n}", { n: each.number })}</option>`)}
      </select></li>`;
  }

  /** @param {any} select @param {string} person @param {string | null} at */
  async function move(select, person, at) {
    if (!(await ask("move_to", { person, room: select.value || null }))) select.value = at ?? "";
  }

  /** @param {Event} event */
  async function announce(event) {
    event.preventDefault();
    if (await ask("send_chat", { text: wanted.say.trim(), to: "all_rooms" })) set({ say: "" });
  }

  /** @param {any} part */
  function sides(part) {
    const some = part.rooms.filter((/** @type {any} */ one) => one.side);
    if (!some.length) return nothing;
    return html`<ul class="plain stack tight">${repeat(some, (/** @type {any} */ one) => one.room, (one) => html`<li class="breakout">
      <div class="row apart"><h3>${t("Apart: {names}", { names: listed([...one.people, ...one.visitors].map(nameOf)) })}</h3>
        ${one.visitors.includes(boot.person) ? nothing : html`<button type="button" class="button" aria-label=${t("Join: {name}", { name: nameOf(one.side) })} @click=${() => ask("visit", { room: one.room })}>${t("Join")}</button>`}
        <button type="button" class="button" aria-label=${t("Bring back: {name}", { name: nameOf(one.side) })} @click=${() => ask("close_side_room", { room: one.room })}>${t("Bring back")}</button></div></li>`)}</ul>`;
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
