/** A text that is typed: its field, whether it is kept, what may be wrong with it, and two versions where there are two. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { icon } from "/static/core/icons.mjs";
import { t, told } from "/static/core/words.mjs";

const KEPT = { idle: "", saving: t("Saving…"), saved: t("Saved"), failed: t("Not saved") };

/**
 * @typedef {object} Shape
 * @property {Readonly<import("./notes.mjs").Note>} note
 * @property {string} id  of the field
 * @property {string} label
 * @property {string} hint
 * @property {boolean} [required]
 * @property {boolean} [lacking]  signing was tried and there is not a word
 * @property {readonly Warning[]} [warnings]
 *
 * @typedef {{code: string, field: string, quote: string, person: string | null} & import("/static/core/words.mjs").Told} Warning
 */

/** @param {import("./record.mjs").Desk} desk */
export function createFields(desk) {
  const { notes, phrases } = desk;

  /** @param {Readonly<import("./notes.mjs").Note>} note */
  const conflict = (note) => html`<div class="notice" role="alert"><div class="stack tight grow">
    <p><strong>${t("Someone else changed this text while you were typing.")}</strong> ${t("Both are safe: yours above, theirs here.")}</p>
    <p class="record-text record-theirs">${note.conflict?.text || t("(They left it empty.)")}</p>
    <div class="row">
      <button class="button" type="button" @click=${() => notes.resolve(note, "both")}>${t("Keep both")}</button>
      <button class="button quiet" type="button" @click=${() => notes.resolve(note, "mine")}>${t("Keep mine")}</button>
      <button class="button quiet" type="button" @click=${() => notes.resolve(note, "theirs")}>${t("Take theirs")}</button>
    </div>
  </div></div>`;

  return {
    /** @param {Shape} shape */
    field({ note, id, label, hint, required = false, lacking = false, warnings: found = [] }) {
      return html`<div class="field note-field">
        <div class="note-field-head">
          <label for=${id}>${label}${required ? nothing : html` <span class="soft record-light">${t("(if there is anything)")}</span>`}</label>
          <span class="hint" id=${`${id}-hint`}>${hint}</span>
          <span class="record-saved soft small">${note.conflict ? t("Not saved: two versions") : KEPT[note.state]}</span>
        </div>
        <textarea id=${id} class="record-textarea" rows="2" maxlength="20000" ?readonly=${!desk.mayWrite} aria-describedby=${`${id}-hint ${id}-about`}
          aria-invalid=${lacking ? "true" : nothing}
          .value=${live(note.text)}
          @keydown=${phrases.onKeydown}
          @input=${(/** @type {InputEvent} */ event) => {
            const typed = /** @type {HTMLTextAreaElement} */ (event.target);
            phrases.look(typed);
            notes.type(note, typed.value);
          }}></textarea>
        <p class="record-print record-text">${note.text}</p>
        <div class="stack tight note-about" id=${`${id}-about`}>
          ${phrases.offer(id)}
          ${lacking ? html`<p class="error">${t("Please write a few words here before you sign.")}</p>` : nothing}
          ${note.trouble ? html`<p class="error" role="alert">${note.trouble} ${t("Your text is safe here; it is tried again when you type on.")}</p>` : nothing}
          ${warnings(found, desk)}
        </div>
        ${note.conflict ? conflict(note) : nothing}
      </div>`;
    },
  };
}

/**
 * What may be wrong, in calm words: worth a look, never in the way.
 * @param {readonly Warning[]} found @param {import("./record.mjs").Desk} desk
 */
export function warnings(found, desk) {
  if (!found.length) return nothing;
  return html`<ul class="plain warnings">${found.map((warning) => ({ ...warning, text: told(warning) })).map(({ code, text, quote, person }) => html`<li>${icon("eye")}
    <span>${text}${quote && !text.includes(quote) ? html` <q>${quote}</q>` : nothing}
      ${code === "alike" && person ? html`<button class="link" type="button" @click=${() => desk.choose(person)}>${t("Look at the other note")}</button>` : nothing}</span></li>`)}</ul>`;
}
