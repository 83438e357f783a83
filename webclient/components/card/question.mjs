/** One question of a form as fields that anybody can answer: keyboard, thumb, screen reader. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { t } from "/static/core/words.mjs";

const TEXT_MAX = 2_000;

/**
 * @param {any} one a question as the view gives it
 * @param {{id: string, value: any, error: string, change: (value: any) => void}} bound
 *   `change` gets null for an answer taken back
 */
export function question(one, { id, value, error, change }) {
  const fields = { scale, number, yes_no: yesNo, choice, text };
  const draw = fields[/** @type {keyof typeof fields} */ (one.kind)];
  return draw ? draw(one, { id, value, error, change }) : nothing;
}

/** @param {any} one @param {any} bound */
function scale(one, { id, value, error, change }) {
  const steps = Array.from({ length: one.high - one.low + 1 }, (_, index) => one.low + index);
  return group(one, id, error, html`
    <div class="scale" data-steps=${steps.length}>
      ${steps.map((step) => radio(id, String(step), value === step, () => change(step)))}
    </div>
    ${one.low_label || one.high_label
      ? html`<p class="scale-ends" aria-hidden="true"><span>${one.low_label}</span><span>${one.high_label}</span></p>`
      : nothing}`,
    one.low_label || one.high_label ? `${one.low}: ${one.low_label}. ${one.high}: ${one.high_label}.` : "");
}

/** @param {any} one @param {any} bound */
function yesNo(one, { id, value, error, change }) {
  return group(one, id, error, html`<div class="choices">
    ${radio(id, t("Yes"), value === true, () => change(true))}
    ${radio(id, t("No"), value === false, () => change(false))}
  </div>`);
}

/** @param {any} one @param {any} bound */
function choice(one, { id, value, error, change }) {
  return group(one, id, error, html`<div class="choices">
    ${one.choices.map((/** @type {any} */ each) => radio(id, each.label, value === each.value, () => change(each.value)))}
  </div>`);
}

/** @param {any} one @param {any} bound */
function number(one, { id, value, error, change }) {
  return labelled(one, id, error, html`<input class="number" id=${id} type="number" inputmode="numeric" step="1"
    min=${one.low} max=${one.high} .value=${live(value ?? "")} aria-describedby=${about(one, id, error)}
    aria-invalid=${error ? "true" : nothing}
    @input=${(/** @type {any} */ event) => change(event.target.value === "" ? null : Math.trunc(Number(event.target.value)))}>`);
}

/** @param {any} one @param {any} bound */
function text(one, { id, value, error, change }) {
  return labelled(one, id, error, html`<textarea id=${id} rows="2" maxlength=${TEXT_MAX} .value=${live(value ?? "")}
    aria-describedby=${about(one, id, error)} aria-invalid=${error ? "true" : nothing}
    @input=${(/** @type {any} */ event) => change(event.target.value === "" ? null : event.target.value)}></textarea>`);
}

/** @param {any} one @param {string} id @param {string} error @param {unknown} body @param {string} [ends] */
function group(one, id, error, body, ends = "") {
  return html`<fieldset class="field" id=${id} aria-describedby=${about(one, id, error)}>
    <legend>${one.label}${optional(one)}${ends ? html`<span class="visually-hidden"> ${ends}</span>` : nothing}</legend>
    ${hint(one, id)}${body}${wrong(id, error)}
  </fieldset>`;
}

/** @param {any} one @param {string} id @param {string} error @param {unknown} body */
function labelled(one, id, error, body) {
  return html`<div class="field"><label for=${id}>${one.label}${optional(one)}</label>${hint(one, id)}${body}${wrong(id, error)}</div>`;
}

/** @param {string} name @param {string} label @param {boolean} checked @param {() => void} pick */
function radio(name, label, checked, pick) {
  return html`<label class="choice"><input type="radio" name=${name} .checked=${live(checked)} @change=${pick}><span>${label}</span></label>`;
}

/** @param {any} one */
function optional(one) {
  return one.required ? nothing : html` <span class="optional">${t("(if you like)")}</span>`;
}

/** @param {any} one @param {string} id */
function hint(one, id) {
  return one.hint ? html`<p class="hint" id="${id}-hint">${one.hint}</p>` : nothing;
}

/** @param {string} id @param {string} error */
function wrong(id, error) {
  return error ? html`<p class="error" id="${id}-error">${error}</p>` : nothing;
}

/** @param {any} one @param {string} id @param {string} error */
function about(one, id, error) {
  return [one.hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || nothing;
}

/** An answer in words. @param {any} one @param {any} value */
export function answerWords(one, value) {
  if (value === null || value === undefined) return t("Left open");
  if (one.kind === "yes_no") return value ? t("Yes") : t("No");
  if (one.kind === "scale") return t("{n} of {all}", { n: value, all: one.high });
  if (one.kind === "choice") return one.choices.find((/** @type {any} */ each) => each.value === value)?.label ?? String(value);
  return String(value);
}
