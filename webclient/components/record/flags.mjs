/**
 * Open safety answers on the record page: what was said, where the person is, and a place to say what was done. Once
 * that is said, the facts tell it, and signing is free.
 */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";
import { whyNot } from "/static/core/refusals.mjs";
import { rich, t, told } from "/static/core/words.mjs";

import { momentOf } from "./words.mjs";

/**
 * @param {{view: any, person: string, connection: import("/static/core/connection.mjs").Connection, mayWrite: boolean}} given
 */
export function flagCards({ view, person, connection, mayWrite }) {
  const zone = view.room.zone;
  return (view.staff?.flags ?? [])
    .filter((/** @type {any} */ flag) => flag.person === person && flag.disposition === null)
    .map((/** @type {any} */ flag) => html`<section class="flag" aria-label=${t("Safety answer")}>
      <h3>${icon("shield-alert")} ${rich("Safety answer, {time}", { time: html`<time>${momentOf(flag.at, zone)}</time>` })}</h3>
      <dl class="facts">
        ${flag.questions.map((/** @type {any} */ one) => html`<div><dt>${one.label}</dt><dd>${answerOf(one.answer)}</dd></div>`)}
        ${flag.location ? html`<div><dt>${t("Where they were")}</dt><dd>${flag.location}</dd></div>` : nothing}
        ${flag.callback ? html`<div><dt>${t("Call-back number")}</dt><dd><a href=${`tel:${flag.callback.replace(/[^\d+]/g, "")}`}>${flag.callback}</a></dd></div>` : nothing}
      </dl>
      ${mayWrite ? form(flag, view.staff.dispositions, connection) : html`<p>${t("Still open. A facilitator records what was done.")}</p>`}
    </section>`);
}

/** @param {any} flag @param {any[]} dispositions @param {import("/static/core/connection.mjs").Connection} connection */
function form(flag, dispositions, connection) {
  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    const element = /** @type {HTMLFormElement} */ (event.target);
    const given = new FormData(element);
    const trouble = /** @type {HTMLElement} */ (element.querySelector(".error"));
    trouble.textContent = "";
    try {
      await connection.send("dispose_flag", { flag: flag.flag, disposition: given.get("disposition"), text: given.get("text") });
    } catch (refusal) {
      trouble.textContent = whyNot(refusal);
    }
  }
  return html`<form class="stack" @submit=${submit}>
    <fieldset class="field">
      <legend>${t("What was done?")}</legend>
      <div class="choices">
        ${dispositions.map((/** @type {any} */ one) => html`<label class="choice"><input type="radio" name="disposition" value=${one.disposition} required><span>${told(one)}</span></label>`)}
      </div>
    </fieldset>
    <div class="field">
      <label for=${`flag-${flag.flag}`}>${t("In a few words")} <span class="soft record-light">${t("(optional)")}</span></label>
      <textarea id=${`flag-${flag.flag}`} name="text" maxlength="2000"></textarea>
    </div>
    <p class="error" role="alert"></p>
    <div class="row"><button class="button" type="submit">${t("Record what was done")}</button></div>
  </form>`;
}

/** @param {unknown} answer */
function answerOf(answer) {
  return answer === true ? t("Yes") : answer === false ? t("No") : answer === null ? t("No answer") : String(answer);
}
