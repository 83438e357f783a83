/**
 * The strip of small rooms: where I am and with whom, what to do, how much time is left, and one press for help. For
 * those who lead, whoever called for them. It has a row of its own; nothing in it has to be answered.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { icon } from "/static/core/icons.mjs";
import { listed, many, t } from "/static/core/words.mjs";
import { numberOf, timeLeft, whereWords } from "/static/core/smallrooms.mjs";

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, connection, act, ui } = context;
  const leads = ["facilitator", "cofacilitator"].includes(boot.role);
  let warned = /** @type {number | null} */ (null);

  /** @param {any} view */
  function update(view) {
    const here = place(view);
    const calls = leads ? (view.staff?.breakouts?.calls ?? []) : [];
    const late = leads ? (view.staff?.breakouts?.main ?? []).filter((/** @type {any} */ one) => one.waits) : [];
    warn(view.room.breakouts);
    root.hidden = here === null && !calls.length && !late.length;
    render(root.hidden ? nothing : html`
      ${repeat(calls, (/** @type {any} */ one) => one.person, (one) => call(one, view))}
      ${repeat(late, (/** @type {any} */ one) => one.person, (one) => comer(one, view))}
      ${here ?? nothing}`, root);
  }

  /** That the last minute has begun is said once. @param {any} open */
  function warn(open) {
    const left = open?.ends_at ? open.ends_at - connection.now() : null;
    if (left === null || left > 60_000) warned = null;
    else if (warned !== open.ends_at) {
      warned = open.ends_at;
      context.say(many("Everybody is back in {n} second.", "Everybody is back in {n} seconds.", Math.max(1, Math.round(left / 1_000))));
    }
  }

  /** @param {any} view */
  function place({ room, you }) {
    const { small_room: small, breakouts: open } = room;
    if (small) return inside(room, you, small, open);
    if (you.called?.alone) return strip("hand", html`<p>${t("You asked to talk with somebody apart. A facilitator comes for you.")}</p>`, neverMind());
    if (open && leads) {
      return strip("users", html`<p><strong>${t("The group is in small rooms.")}</strong> ${timeLeft(open, connection.now())}</p>`,
        html`<button type="button" class="button" @click=${() => ui.set({ panel: "now" })}>${t("All rooms")}</button>
          ${open.called ? nothing : html`<button type="button" class="button" @click=${() => act.ask("call_back", { seconds: 60 })}>${t("Call back in 60 s")}</button>`}`);
    }
    if (open) {
      return strip("users", html`<p>${you.moved === "gone" ? t("Your small room went on without you while your line was away.") : t("The group is in small rooms for a while.")}
        ${room.led ? t("You are with the facilitators, and they find you a place.") : t("You miss nothing that you need. A facilitator sees that you are here, and finds you a place.")}</p>
        <p class="soft small">${timeLeft(open, connection.now())}</p>`);
    }
    return room.led ? null : strip("users", html`<p>${t("Your facilitators are with somebody just now. They will be back soon.")}</p>`);
  }

  /** @param {any} room @param {any} you @param {any} small @param {any} open */
  function inside(room, you, small, open) {
    const left = open?.ends_at && !small.side ? open.ends_at - connection.now() : null;
    const words = html`<p><strong>${whereWords(room, you)}</strong>
        ${small.alone ? t("You are alone here just now. In a moment we bring you to others, or back to the group.")
          : you.moved === "alone" ? t("Somebody had to go, so you are here now.") : nothing}</p>
      ${open && !small.side ? html`${open.task ? html`<p class="small-room-task">${open.task}</p>` : nothing}
        <p class="soft small">${timeLeft(open, connection.now())}</p>` : nothing}`;
    const buttons = leads
      ? small.side
        ? html`<button type="button" class="button" @click=${() => act.ask("close_side_room", { room: small.room })}>${t("Back to the group, both of you")}</button>`
        : html`<button type="button" class="button" @click=${() => act.ask("visit", { room: null })}>${t("Back to the main room")}</button>`
      : small.side || boot.role !== "participant" ? nothing
        : you.called ? html`<p class="small-room-called">${icon("check")} ${t("A facilitator is coming.")}</p>${neverMind()}`
          : html`<button type="button" class="button" @click=${() => act.ask("call_for_help", {})}>${icon("hand")} ${t("Call a facilitator")}</button>`;
    return strip(small.side ? "message-circle" : "users", words, buttons, left !== null && left <= 60_000);
  }

  const neverMind = () => html`<button type="button" class="button quiet" @click=${() => act.ask("call_for_help", { on: false })}>${t("Never mind")}</button>`;

  /** @param {any} one @param {any} view */
  function call(one, view) {
    const name = view.staff.people.find((/** @type {any} */ each) => each.person === one.person)?.name ?? "";
    const number = numberOf(view.staff.breakouts, one.room);
    const words = one.alone ? t("{name} would like to talk with somebody apart.", { name })
      : number ? t("{name} asks for a facilitator in room {n}.", { name, n: number }) : t("{name} asks for a facilitator.", { name });
    return strip("hand", html`<p><strong>${words}</strong></p>`, html`
      ${one.room && !one.alone && view.room.small_room?.room !== one.room ? html`<button type="button" class="button primary" @click=${() => act.ask("visit", { room: one.room })}>${t("Go there")}</button>` : nothing}
      <button type="button" class="button ${one.alone ? "primary" : ""}" aria-label=${t("Talk apart: {name}", { name })} @click=${() => act.ask("open_side_room", { person: one.person })}>${t("Talk apart")}</button>
      <button type="button" class="button quiet" aria-label=${t("Seen to: {name}", { name })} @click=${() => act.ask("answer_help", { person: one.person })}>${t("Seen to")}</button>`, true);
  }

  /** Somebody came while the others are in small rooms: one press puts them where the fewest are. @param {any} one @param {any} view */
  function comer(one, view) {
    const names = new Map(view.staff.people.map((/** @type {any} */ each) => [each.person, each.name]));
    const name = names.get(one.person) ?? "";
    const [first] = one.fits;
    const mates = view.staff.breakouts.rooms.find((/** @type {any} */ each) => each.room === first)?.people.map((/** @type {string} */ each) => names.get(each) ?? "") ?? [];
    return strip("user-round-plus", html`<p><strong>${t("{name} has just come in.", { name })}</strong> ${first ? nothing : t("No small room has a place that fits.")}</p>`, html`
      ${first ? html`<button type="button" class="button primary" @click=${() => act.ask("move_to", { person: one.person, room: first })}>${t("To {names}", { names: listed(mates) })}</button>` : nothing}
      ${first && !view.room.small_room ? nothing : html`<button type="button" class="button" @click=${() => ui.set({ panel: "now" })}>${t("All rooms")}</button>`}`, true);
  }

  /** @param {string} drawing @param {any} words @param {any} [buttons] @param {boolean} [soon] */
  function strip(drawing, words, buttons, soon = false) {
    return html`<div class="small-room ${soon ? "soon" : ""}">${icon(drawing)}<div class="small-room-words grow">${words}</div>
      ${buttons ? html`<div class="small-room-acts">${buttons}</div>` : nothing}</div>`;
  }

  return { update, unmount: () => render(nothing, root) };
}
