/** One field of an exercise, for thumb, keyboard and screen reader; with the way to share it, if it can be shared. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { icon } from "/static/core/icons.mjs";
import { t } from "/static/core/words.mjs";
import { drawing, line } from "./drawing.mjs";

const TEXT_MAX = 1_000;
const LINE_MAX = 80;
const WORD_MAX = 24;
const WORDS_MAX = 3;

/**
 * @typedef {object} Paper what the person wrote, and what can be done with it
 * @property {string} run
 * @property {(id: string) => any} value
 * @property {(id: string) => any} shared the answer as the group sees it; null: it does not
 * @property {(id: string, value: any) => void} change
 * @property {(id: string, shared: boolean) => void} share
 * @property {boolean} staff they lead
 * @property {boolean} watches they see what is asked and write nothing
 */

/** @param {any} one a field as the view gives it @param {Paper} paper */
export function field(one, paper) {
  const draw = DRAW[/** @type {keyof typeof DRAW} */ (one.kind)];
  if (!draw || (paper.staff && one.privacy === "anonymous")) return nothing;
  if (paper.watches) return html`<p class="soft">${one.label}</p>`;
  const id = `${paper.run}-${one.id}`;
  const bound = { id, value: paper.value(one.id), change: (/** @type {any} */ value) => paper.change(one.id, value) };
  return html`<div class="exercise-field">${draw(one, bound)}${one.privacy === "shareable" ? sharing(one, paper) : nothing}</div>`;
}

/** @param {any} value */
export const isEmpty = (value) => value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);

/** @param {any} one @param {Paper} paper */
function sharing(one, paper) {
  const value = paper.value(one.id);
  const shown = paper.shared(one.id);
  if (isEmpty(value) && isEmpty(shown)) return nothing;
  const words = isEmpty(shown) ? t("Share with the group") : t("Share it as it is now");
  const stale = !isEmpty(shown) && !isEmpty(value) && JSON.stringify(shown) !== JSON.stringify(value);
  return html`<div class="row exercise-share">
    ${isEmpty(shown) || stale ? html`<button type="button" class="button small-button" aria-label="${words}: ${one.label}"
      @click=${() => paper.share(one.id, true)}>${icon("users")} ${words}</button>` : nothing}
    ${isEmpty(shown) ? nothing : html`<button type="button" class="button small-button" aria-label="${t("Take back")}: ${one.label}"
      @click=${() => paper.share(one.id, false)}>${icon("undo-2")} ${t("Take back")}</button>
      <span class="small soft">${stale ? t("The group sees it as it was") : t("The group sees it")}</span>`}
  </div>`;
}

const DRAW = {
  /** @param {any} one @param {any} bound */
  text: (one, { id, value, change }) => labelled(one, id, html`<textarea id=${id} rows="2" maxlength=${TEXT_MAX} .value=${live(value ?? "")}
    aria-describedby=${one.hint ? `${id}-hint` : nothing}
    @input=${(/** @type {any} */ event) => change(event.target.value || null)}></textarea>`),

  /** @param {any} one @param {any} bound */
  line: (one, { id, value, change }) => labelled(one, id, html`<input id=${id} type="text" maxlength=${LINE_MAX} .value=${live(value ?? "")}
    autocomplete="off" aria-describedby=${one.hint ? `${id}-hint` : nothing}
    @input=${(/** @type {any} */ event) => change(event.target.value || null)}>`),

  /** @param {any} one @param {any} bound */
  scale: (one, { id, value, change }) => group(one, id, html`
    <div class="scale" data-steps=${one.high - one.low + 1}>
      ${Array.from({ length: one.high - one.low + 1 }, (_, index) => one.low + index).map((step) => pick("radio", id, String(step), value === step, () => change(step)))}
    </div>
    <p class="scale-ends" aria-hidden="true"><span>${one.low_label}</span><span>${one.high_label}</span></p>`,
    one.low_label ? `${one.low}: ${one.low_label}. ${one.high}: ${one.high_label}.` : ""),

  /** @param {any} one @param {any} bound */
  choice: (one, { id, value, change }) => group(one, id, html`<div class="choices">
    ${one.choices.map((/** @type {any} */ each) => pick("radio", id, each.label, value === each.value, () => change(each.value)))}</div>`),

  /** @param {any} one @param {any} bound */
  cards(one, { id, value, change }) {
    const chosen = value ?? [];
    const full = chosen.length >= one.most;
    return group(one, id, html`<p class="hint" role="status">${t("{n} of {most} chosen", { n: chosen.length, most: one.most })}</p>
      <div class="exercise-cards">${one.choices.map((/** @type {any} */ each) => {
        const place = chosen.indexOf(each.value);
        const next = () => change(place < 0 ? [...chosen, each.value] : chosen.filter((/** @type {string} */ other) => other !== each.value));
        return html`<button type="button" class="exercise-card" aria-pressed=${place < 0 ? "false" : "true"} ?disabled=${place < 0 && full} @click=${next}>
          ${place < 0 ? nothing : html`<span class="exercise-rank"><span class="visually-hidden">${t("Number")} </span>${place + 1}</span>`} ${each.label}</button>`;
      })}</div>`);
  },

  /** @param {any} one @param {any} bound */
  words(one, { id, value, change }) {
    const words = value ?? [];
    const set = (/** @type {number} */ index, /** @type {string} */ word) => {
      const next = Array.from({ length: WORDS_MAX }, (_, place) => (place === index ? word : words[place] ?? ""));
      change(next.some((each) => each) ? next : null);
    };
    return group(one, id, html`<div class="stack tight">${Array.from({ length: WORDS_MAX }, (_, index) => html`
      <input type="text" maxlength=${WORD_MAX} autocomplete="off" aria-label=${t("Word {n}", { n: index + 1 })} .value=${live(words[index] ?? "")}
        @input=${(/** @type {any} */ event) => set(index, event.target.value)}>`)}</div>`);
  },

  /** @param {any} one @param {any} bound */
  drawing: (one, { id, value, change }) => labelled(one, id, drawing({ id, value, change })),
};

/** An answer that was shared, as the group sees it. @param {any} one @param {any} entry */
export function entryWords(one, entry) {
  const labels = new Map(one.choices.map((/** @type {any} */ each) => [each.value, each.label]));
  if (one.kind === "drawing") return line(entry, t("{label}: from {first} to {last} of 100, at most {most}", { label: one.label, first: entry[0], last: entry[entry.length - 1], most: Math.max(...entry) }));
  if (one.kind === "cards") return html`<ol class="exercise-list">${entry.map((/** @type {string} */ each) => html`<li>${labels.get(each) ?? each}</li>`)}</ol>`;
  if (one.kind === "scale") return t("{value} of {high}", { value: entry, high: one.high });
  return labels.get(entry) ?? String(entry);
}

/** What goes to the server: without the spaces around words and the gaps between them. @param {any[]} fields @param {any} values */
export function tidied(fields, values) {
  return Object.fromEntries(fields.filter((one) => one.id in values).map((one) => {
    const value = values[one.id];
    if (one.kind !== "words" || !value) return [one.id, value];
    const words = value.map((/** @type {string} */ word) => word.trim().replace(/\s+/g, " ")).filter(Boolean);
    return [one.id, words.length ? words : null];
  }));
}

/** @param {any} one @param {string} id @param {unknown} body */
function labelled(one, id, body) {
  return html`<div class="field"><label for=${id}>${one.label}${mark(one)}</label>${hint(one, id)}${body}</div>`;
}

/** @param {any} one @param {string} id @param {unknown} body @param {string} [ends] */
function group(one, id, body, ends = "") {
  return html`<fieldset class="field" id=${id} aria-describedby=${one.hint ? `${id}-hint` : nothing}>
    <legend>${one.label}${mark(one)}${ends ? html`<span class="visually-hidden"> ${ends}</span>` : nothing}</legend>
    ${hint(one, id)}${body}</fieldset>`;
}

/** @param {any} one */
function mark(one) {
  if (one.privacy === "private") return html` <span class="optional">${t("(for you alone)")}</span>`;
  return one.privacy === "anonymous" ? html` <span class="optional">${t("(nobody sees whose it is)")}</span>` : nothing;
}

/** @param {any} one @param {string} id */
function hint(one, id) {
  return one.hint ? html`<p class="hint" id="${id}-hint">${one.hint}</p>` : nothing;
}

/** @param {string} type @param {string} name @param {string} label @param {boolean} checked @param {() => void} choose */
function pick(type, name, label, checked, choose) {
  return html`<label class="choice"><input type=${type} name=${name} .checked=${live(checked)} @change=${choose}><span>${label}</span></label>`;
}
