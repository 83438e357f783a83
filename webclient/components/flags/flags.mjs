/**
 * Safety flags, for facilitators only: on top of everything, never dismissed, only answered with what was done.
 * Each says who, what was answered, where the person is today and how to call them.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { wallTime } from "/static/core/clock.mjs";
import { icon } from "/static/core/icons.mjs";
import { rich, t } from "/static/core/words.mjs";

const TEXT_MAX = 2_000;

export const DISPOSITIONS = [
  ["spoke_safe", t("We spoke, and they are safe")],
  ["safety_plan", t("We made or went over a safety plan")],
  ["contacted_support", t("I reached their contact or support person")],
  ["emergency", t("I called emergency services")],
  ["not_reached", t("I could not reach them")],
];

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, connection, ui, memory } = context;
  const mayAct = ["facilitator", "cofacilitator"].includes(boot.role);
  let view = /** @type {any} */ (null);
  /** @type {Set<string>} */
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
    render(repeat(open, (/** @type {any} */ flag) => flag.flag, strip), root);
  }

  /** @param {any} flag */
  function strip(flag) {
    const isOpen = opened.has(flag.flag);
    const place = view.staff.people.find((/** @type {any} */ one) => one.person === flag.person);
    return html`<section class="flag" aria-label=${t("Safety: {name}", { name: flag.name })}>
      <div class="flag-line">
        ${icon("triangle-alert")}
        <p class="flag-words">${rich("{who} answered {answers} {when}", {
          who: html`<strong>${t("Safety: {name}", { name: flag.name })}</strong>`,
          answers: flag.questions.map((/** @type {any} */ one, /** @type {number} */ index) => html`${index ? ", " : ""}“${one.label}” <strong>${words(one.answer)}</strong>`),
          when: html`<time>${t("at {clock}", { clock: wallTime(flag.at, view.room.zone) })}</time>`,
        })}${place && place.place !== "room" ? html` <strong>${t("Not in the room now.")}</strong>` : nothing}</p>
        <p class="flag-reach"><span>${icon("map-pin")} ${flag.location || t("Place not given")}</span>
          <span>${icon("phone")} ${flag.callback ? html`<a href="tel:${flag.callback.replace(/[^+\d]/g, "")}">${flag.callback}</a>` : t("No number given")}</span></p>
        ${mayAct ? html`<div class="flag-acts">
          ${place ? html`<button type="button" class="button" @click=${() => ui.set({ dialog: "place", about: { person: flag.person, name: flag.name } })}>${t("Where {name} is", { name: flag.name })}</button>
            <button type="button" class="button" @click=${() => ui.set({ panel: "chat", chatTo: flag.person })}>${t("Write to {name}", { name: flag.name })}</button>` : nothing}
          <button type="button" class="button danger" aria-expanded=${isOpen ? "true" : "false"} aria-controls="flag-${flag.flag}" @click=${() => toggle(flag.flag)}>${t("Write what was done")}</button></div>` : nothing}
      </div>
      ${isOpen ? form(flag) : nothing}
    </section>`;
  }

  /** @param {any} flag */
  function form(flag) {
    const answer = answerOf(flag.flag);
    return html`<form class="flag-form stack" id="flag-${flag.flag}" @submit=${(/** @type {Event} */ event) => dispose(event, flag)}>
      <fieldset class="field"><legend>${t("What was done for {name}?", { name: flag.name })}</legend>
        <div class="choices">${DISPOSITIONS.map(([value, label]) => html`<label class="choice"><input type="radio" name="flag-${flag.flag}" required
          .checked=${live(answer.disposition === value)} @change=${() => change(flag.flag, { disposition: value })}><span>${label}</span></label>`)}</div>
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

/** @param {any} answer */
function words(answer) {
  return answer === true ? t("Yes") : answer === false ? t("No") : String(answer);
}
