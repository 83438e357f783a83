/** Who did not come: excused with a reason, or not. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { whyNot } from "/static/core/refusals.mjs";
import { t } from "/static/core/words.mjs";

import { momentOf } from "./words.mjs";

/** @param {import("./record.mjs").Desk} desk @returns {(person: any) => unknown} */
export function createAbsence(desk) {
  /** @type {Map<string, string>} by person: a reason being typed */
  const typed = new Map();
  /** @type {Map<string, string>} by person */
  const refusals = new Map();

  /** @param {any} person @param {"excused" | "unexcused" | "none"} kind */
  async function explain(person, kind) {
    refusals.delete(person.person);
    const reason = kind === "none" ? "" : (typed.get(person.person) ?? "").trim();
    try {
      await desk.connection.send("explain_absence", { person: person.person, kind, reason });
      typed.delete(person.person);
    } catch (refusal) {
      refusals.set(person.person, whyNot(refusal));
    }
    desk.draw();
  }

  /** @param {any} person */
  const said = ({ absence, ...person }) => html`<p><strong>${absence.kind === "excused" ? t("Excused") : t("Not excused")}</strong>${absence.reason ? `: ${absence.reason}` : ""}
    <span class="soft">(${absence.name}, <time>${momentOf(absence.at, desk.view().room.zone)}</time>)</span>
    ${desk.mayWrite ? html`<button class="link" type="button" @click=${() => explain(person, "none")}>${t("Take back")}</button>` : nothing}</p>`;

  /** @param {any} person */
  const question = (person) => html`<div class="field">
    <label for="absence-reason">${t("Was it excused?")}</label>
    <div class="row">
      <input id="absence-reason" class="grow" maxlength="300" placeholder=${t("The reason, such as “at the doctor, called the day before”")} .value=${live(typed.get(person.person) ?? "")}
        @input=${(/** @type {Event} */ event) => typed.set(person.person, /** @type {HTMLInputElement} */ (event.target).value)}>
      <button class="button" type="button" @click=${() => explain(person, "excused")}>${t("Excused")}</button>
      <button class="button" type="button" @click=${() => explain(person, "unexcused")}>${t("Not excused")}</button>
    </div>
  </div>`;

  return (person) => html`
    ${person.absence ? said(person) : desk.mayWrite ? question(person) : nothing}
    ${refusals.has(person.person) ? html`<p class="error" role="alert">${refusals.get(person.person)}</p>` : nothing}`;
}
