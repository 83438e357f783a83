/** What is part of everyone's note: the text about the group, the skills taught, where each facilitator was. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { icon } from "/static/core/icons.mjs";
import { whyNot } from "/static/core/refusals.mjs";
import { t } from "/static/core/words.mjs";

import { warnings } from "./fields.mjs";

export const GROUP = "group";

/** @param {import("./record.mjs").Desk} desk */
export function createGroup(desk) {
  let editing = false;
  let skill = "";
  /** @type {string | null} null: not touched */
  let location = null;
  let trouble = "";

  /** @param {string} type @param {Record<string, unknown>} fields */
  async function ask(type, fields) {
    trouble = "";
    try {
      await desk.connection.send(type, fields);
      return true;
    } catch (refusal) {
      trouble = whyNot(refusal);
      return false;
    } finally {
      desk.draw();
    }
  }

  /** The record keeps the library's own name; whoever reads it sees it in theirs. @param {SubmitEvent} event */
  async function nameSkill(event) {
    event.preventDefault();
    const typed = skill.trim();
    const named = desk.library().find((title) => t(title) === typed) ?? typed;
    const { skills } = desk.view().record;
    if (!named || skills.includes(named)) return;
    if (await ask("name_skills", { skills: [...skills, named] })) skill = "";
    desk.draw();
  }

  /** @param {SubmitEvent} event */
  async function sayLocation(event) {
    event.preventDefault();
    const said = (location ?? "").trim();
    if (said && (await ask("say_location", { location: said }))) location = null;
    desk.draw();
  }

  const skills = () => {
    const { record } = desk.view();
    return html`<div class="group-skills" role="group" aria-label=${t("Skills taught")}>
      <span class="soft">${t("Skills taught")}</span>
      ${record.skills.map((/** @type {string} */ one) => html`<span class="chip">${t(one)}
        ${editing ? html`<button class="chip-away" type="button" aria-label=${t("Take {skill} out", { skill: t(one) })}
          @click=${() => ask("name_skills", { skills: record.skills.filter((/** @type {string} */ each) => each !== one) })}>${icon("x")}</button>` : nothing}</span>`)}
      ${editing
        ? html`<form @submit=${nameSkill}><input id="skill-new" list="skills-known" maxlength="120" autocomplete="off" aria-label=${t("A skill that was taught")}
            placeholder=${record.skills.length ? t("Another skill") : t("Which skill?")} .value=${live(skill)}
            @input=${(/** @type {Event} */ event) => {
              skill = /** @type {HTMLInputElement} */ (event.target).value;
              desk.draw();
            }}>
            <datalist id="skills-known">${desk.library().map((title) => html`<option value=${t(title)}></option>`)}</datalist>
            ${skill.trim() ? html`<button class="button" type="submit">${icon("plus")} ${t("Add")}</button>` : nothing}</form>`
        : record.skills.length ? nothing : html`<span class="soft">${t("none named")}</span>`}
    </div>`;
  };

  /** Telehealth notes name both places: asked once, of whoever leads. */
  const ownPlace = () => {
    const { facilitators } = desk.view().record;
    const own = facilitators.find((/** @type {any} */ one) => one.person === desk.boot.person);
    if (!own || !desk.mayWrite || (own.location && !editing)) return nothing;
    return html`<form class="field" @submit=${sayLocation}>
      <label for="own-place">${t("Where did you lead the group from?")}</label>
      <p class="hint" id="own-place-hint">${t("Notes of video sessions name both places, such as “Clinic office, Exampleville”.")}</p>
      <div class="row"><input id="own-place" class="grow" maxlength="200" aria-describedby="own-place-hint" .value=${live(location ?? own.location)}
        @input=${(/** @type {Event} */ event) => {
          location = /** @type {HTMLInputElement} */ (event.target).value;
        }}><button class="button" type="submit">${t("Keep")}</button></div>
    </form>`;
  };

  const read = () => {
    const { text } = desk.notes.of(GROUP);
    return html`<div class="note-field-head">
        <h3 id="group-title">${t("The group")}</h3>
        <span class="hint">${t("Part of everyone’s note.")}</span>
        ${desk.mayWrite ? html`<button class="link record-saved" type="button" @click=${edit}>${t("Edit")}</button>` : nothing}
      </div>
      <p class="record-text">${text || html`<span class="soft">${t("Nothing was written about the group.")}</span>`}</p>
      ${skills()}`;
  };

  const write = () => html`
    ${desk.fields.field({
      note: desk.notes.of(GROUP),
      id: "note-group",
      label: t("The group"),
      hint: t("Written once; part of everyone’s note."),
      required: true,
    })}
    ${skills()}`;

  function edit() {
    editing = true;
    desk.draw();
    /** @type {HTMLElement | null} */ (document.querySelector("#note-group"))?.focus();
  }

  const told = () => html`${ownPlace()}
    ${trouble ? html`<p class="error" role="alert">${trouble}</p>` : nothing}
    ${warnings(desk.view().record.group_warnings.filter((/** @type {any} */ one) => one.code !== "no_location" || one.person !== desk.boot.person), desk)}`;

  /** Is it a field now? One that is typed in, and one that is empty, stays a field. */
  function writing() {
    const note = desk.notes.of(GROUP);
    const open = !note.text.trim() || note.conflict || note.state === "saving" || note.state === "failed";
    if (open && desk.mayWrite) editing = true;
    return editing;
  }

  return {
    /** Beside a note: to be read. */
    aside: () => (writing() ? nothing : html`<section class="stack tight" aria-labelledby="group-title">${read()}${told()}</section>`),
    /** Above a note: to be written. */
    field: () => (writing() ? html`<section class="stack tight group-note" aria-label=${t("The group")}>${write()}${told()}</section>` : nothing),
    edit,
    /** Somebody else is looked at: the text is read again. */
    forget() {
      editing = false;
    },
  };
}
