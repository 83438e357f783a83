/**
 * Safety flags, for facilitators only: on top of everything, never dismissed, only answered with what was done.
 * Each says who, what was answered and who sees to it, and opens the safety path (`path.mjs`) beneath, of one of them at a
 * time; it can be folded away to look after the group.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { wallTime } from "/static/core/clock.mjs";
import { icon } from "/static/core/icons.mjs";
import { rich, t, told } from "/static/core/words.mjs";
import { createPath } from "./path.mjs";

const TEXT_MAX = 2_000;

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, connection, ui, memory, act } = context;
  const mayAct = ["facilitator", "cofacilitator"].includes(boot.role);
  let view = /** @type {any} */ (null);
  const path = createPath({ boot, connection, memory, redraw: draw });
  /** Whose path is shown. @type {any} */
  let shown = null;
  /** Those whose path was shown or folded away here: a new one opens it again. @type {Set<string>} */
  const seen = new Set();
  /** Whose form of what was done is open. @type {Set<string>} */
  const opened = new Set();
  /** @type {Map<string, {disposition: string, text: string, problem: string, sending: boolean}>} */
  const answers = new Map();

  /** @param {string} flag */
  function answerOf(flag) {
    const known = answers.get(flag);
    if (known) return known;
    const fresh = { disposition: "", text: "", problem: "", sending: false };
    Object.assign(fresh, memory.get(`flag:${flag}`)); // chosen before a reload
    answers.set(flag, fresh);
    return fresh;
  }

  function draw() {
    const open = (view?.staff?.flags ?? []).filter((/** @type {any} */ flag) => flag.disposition === null);
    root.hidden = open.length === 0;
    shown = mayAct && view?.staff?.safety ? whichIsShown(open) : null;
    render(html`${repeat(open, (/** @type {any} */ flag) => flag.flag, strip)}${shown ? steps(shown) : nothing}`, root);
  }

  /** Their part of the staff view. @param {any} flag */
  const placeOf = (flag) => view.staff.people.find((/** @type {any} */ one) => one.person === flag.person);

  /** @param {any} flag */
  function strip(flag) {
    const isOpen = opened.has(flag.flag);
    const place = placeOf(flag);
    return html`<section class="flag" aria-label=${t("Safety: {name}", { name: flag.name })}>
      <div class="flag-line">
        ${icon("triangle-alert")}
        <p class="flag-words">${rich("{who} answered {answers} {when}", {
          who: html`<strong>${t("Safety: {name}", { name: flag.name })}</strong>`,
          answers: flag.questions.map((/** @type {any} */ one, /** @type {number} */ index) => html`${index ? ", " : ""}“${one.label}” <strong>${words(one.answer)}</strong>`),
          when: html`<time>${t("at {clock}", { clock: wallTime(flag.at, view.room.zone) })}</time>`,
        })}${isGone(place) ? html` <strong>${goneWords(place)}</strong>` : nothing}</p>
        <p class="flag-reach"><span>${icon("map-pin")} ${[flag.location, flag.state].filter(Boolean).join(", ") || t("Place not given")}</span>
          <span>${icon("phone")} ${flag.callback ? dial(flag.callback) : t("No number given")}</span>
          ${flag.contact_phone ? html`<span>${icon("users")} ${t("Near them: {name}", { name: flag.contact_name })} ${dial(flag.contact_phone)}</span>` : nothing}
          ${isGone(place) ? flag.help.map((/** @type {any} */ line) => html`<span>${icon("siren")} ${line.name} ${dial(line.phone)}</span>`) : nothing}</p>
        <p class="flag-reach">${flag.taken ? t("{name} sees to it, since {clock}", { name: flag.taken.name, clock: wallTime(flag.taken.at, view.room.zone) }) : t("Nobody has taken it on yet")}</p>
        ${mayAct ? html`<div class="flag-acts">
          ${flag.taken?.by === boot.person ? nothing : html`<button type="button" class="button" @click=${() => path.take(flag.flag)}>${flag.taken ? t("Take over from {name}", { name: flag.taken.name }) : t("I see to it")}</button>`}
          ${sideRoom(flag, place)}
          ${view.staff.safety ? html`<button type="button" class="button" aria-expanded=${shown === flag ? "true" : "false"} aria-controls="flag-path" @click=${() => show(shown === flag ? "none" : flag.flag)}
            aria-label=${t("Steps: {name}", { name: flag.name })}>${t("Steps")} ${icon(shown === flag ? "chevron-down" : "chevron-right")}</button>` : nothing}
          ${place ? html`<button type="button" class="button" @click=${() => ui.set({ dialog: "place", about: { person: flag.person, name: flag.name } })}>${t("Where {name} is", { name: flag.name })}</button>
            <button type="button" class="button" @click=${() => ui.set({ panel: "chat", chatTo: flag.person })}>${t("Write to {name}", { name: flag.name })}</button>` : nothing}
          <button type="button" class="button danger" aria-expanded=${isOpen ? "true" : "false"} aria-controls="flag-${flag.flag}" @click=${() => toggle(flag.flag)}>${t("Write what was done")}</button></div>` : nothing}
      </div>
      ${isOpen ? form(flag) : nothing}
    </section>`;
  }

  /** That they are not here, and since when: then the numbers are what counts. @param {any} place */
  function goneWords({ place, left_how: how, left_at: at }) {
    if (!["room", "left"].includes(place) || !at) return t("Not in the room now.");
    const clock = wallTime(at, view.room.zone);
    if (place === "room") return t("The line is lost since {clock}.", { clock });
    return how === "quick_exit" ? t("Left by quick exit at {clock}.", { clock }) : t("Left at {clock}.", { clock });
  }

  /** Beneath all flags, the path of one of them. @param {any} flag */
  function steps(flag) {
    const place = placeOf(flag);
    return html`<section class="flag" id="flag-path" aria-label=${t("Steps: {name}", { name: flag.name })}>
      <div class="flag-form flag-path">${path.draw(flag, view.staff.safety, place, view.room.zone)}</div></section>`;
  }

  /** One press into a room for the two of you, while whoever leads with you keeps the group. @param {any} flag @param {any} place */
  function sideRoom(flag, place) {
    const side = (view.staff.breakouts?.rooms ?? []).find((/** @type {any} */ room) => room.side === flag.person);
    if (side) {
      return html`<span class="small">${t("In a side room")}</span>
        <button type="button" class="button" @click=${() => act.ask("close_side_room", { room: side.room })}>${t("End the side room")}</button>`;
    }
    if (place?.place !== "room") return nothing;
    return html`<button type="button" class="button primary" @click=${() => act.ask("open_side_room", { person: flag.person })}>${icon("door-open")} ${t("Side room with {name}", { name: flag.name })}</button>`;
  }

  /** A flag opens its path by itself, and once more when its person goes: the one that was chosen, mine, or the first that
   * nobody sees to. @param {any[]} open */
  function whichIsShown(open) {
    const names = open.map((flag) => `${flag.flag}${isGone(placeOf(flag)) ? " gone" : ""}`);
    if (names.some((name) => !seen.has(name)) && memory.get("flag-shown") === "none") memory.set("flag-shown", null);
    for (const name of names) seen.add(name);
    const chosen = memory.get("flag-shown");
    if (chosen === "none") return null;
    return open.find((flag) => flag.flag === chosen) ?? open.find((flag) => flag.taken?.by === boot.person) ?? open.find((flag) => !flag.taken) ?? null;
  }

  /** @param {string} flag */
  function show(flag) {
    memory.set("flag-shown", flag);
    draw();
  }

  /** @param {any} flag */
  function form(flag) {
    const answer = answerOf(flag.flag);
    return html`<form class="flag-form stack" id="flag-${flag.flag}" @submit=${(/** @type {Event} */ event) => dispose(event, flag)}>
      <fieldset class="field"><legend>${t("What was done for {name}?", { name: flag.name })}</legend>
        <div class="choices">${view.staff.dispositions.map((/** @type {any} */ one) => html`<label class="choice"><input type="radio" name="flag-${flag.flag}" required
          .checked=${live(answer.disposition === one.disposition)} @change=${() => change(flag.flag, { disposition: one.disposition })}><span>${told(one)}</span></label>`)}</div>
      </fieldset>
      <div class="field"><label for="flag-text-${flag.flag}">${t("In your words")} <span class="optional">${t("(if you like)")}</span></label>
        <textarea id="flag-text-${flag.flag}" rows="2" maxlength=${TEXT_MAX} .value=${live(answer.text)}
          @input=${(/** @type {any} */ event) => change(flag.flag, { text: event.target.value })}></textarea></div>
      ${answer.problem ? html`<p class="notice" role="alert">${answer.problem}</p>` : nothing}
      <div class="row"><button class="button primary" ?disabled=${answer.sending}>${t("Keep in the record")}</button>
        <button type="button" class="button quiet" @click=${() => toggle(flag.flag)}>${t("Later")}</button></div>
    </form>`;
  }

  /** @param {string} flag @param {any} changes */
  function change(flag, changes) {
    const answer = Object.assign(answerOf(flag), changes, { problem: "" });
    memory.set(`flag:${flag}`, { disposition: answer.disposition, text: answer.text });
    draw();
  }

  /** @param {Event} event @param {any} flag */
  async function dispose(event, flag) {
    event.preventDefault();
    const answer = answerOf(flag.flag);
    if (!answer.disposition) {
      answer.problem = t("Please choose what was done.");
      return draw();
    }
    answer.sending = true;
    draw();
    try {
      await connection.send("dispose_flag", { flag: flag.flag, disposition: answer.disposition, text: answer.text });
      memory.set(`flag:${flag.flag}`, null);
    } catch (refusal) {
      answer.problem = /** @type {any} */ (refusal).text;
    }
    answer.sending = false;
    draw();
  }

  /** @param {string} flag */
  function toggle(flag) {
    if (!opened.delete(flag)) opened.add(flag);
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

/** Out of the room, or in it with a line that is lost. @param {any} place */
const isGone = (place) => Boolean(place) && (place.place !== "room" || !place.connected);

/** @param {string} number */
const dial = (number) => html`<a href="tel:${number.replace(/[^+\d]/g, "")}">${number}</a>`;

/** @param {any} answer */
function words(answer) {
  return answer === true ? t("Yes") : answer === false ? t("No") : String(answer);
}
