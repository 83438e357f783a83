/**
 * Measures that are due today: a small offer under the check-in and, once somebody begins, one question a screen.
 *
 * An answer is kept as soon as one goes on from it, so a reload, a drop or another device goes on where one was. An
 * instrument's own words stay in the language in which its authors published them.
 */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { icon } from "/static/core/icons.mjs";
import { locale, many, t } from "/static/core/words.mjs";
import { bringToTop } from "/static/room/scroll.mjs";
import { meanwhile, told } from "/components/dialogs/lines.mjs";

const OPEN = "measure-open";
const languages = new Intl.DisplayNames(locale, { type: "language" });
const REVIEW = -1;

/** @typedef {{root: HTMLElement, connection: any, memory: any, redraw: () => void}} Context */

/** @param {Context} context */
export function createMeasures({ root, connection, memory, redraw }) {
  /** The measure that is being answered, and which of its questions; −1: the look back before it is handed in. */
  let open = /** @type {{id: string, index: number} | null} */ (memory.get(OPEN));
  /** What is picked on the screen and not sent yet. @type {number | null} */
  let picked = null;
  let problem = /** @type {unknown} */ ("");
  let sending = false;
  let put = /** @type {any[]} */ ([]);

  /** @param {typeof open} next */
  function go(next) {
    open = next;
    picked = null;
    problem = "";
    memory.set(OPEN, next);
    redraw();
    if (next) /** @type {HTMLElement | null} */ (root.querySelector(".measure-title"))?.focus();
  }

  /** The one that is open, if it can be answered now. */
  function present() {
    const found = open && put.find((one) => one.id === open?.id);
    return found && ["offered", "begun"].includes(found.status) ? found : null;
  }

  /** @param {any} one */
  const answered = (one) => Object.keys(one.values).length + one.passed.length;

  /** @param {any} one */
  function begin(one) {
    const items = one.form.items.map((/** @type {any} */ item) => item.id);
    const next = items.findIndex((/** @type {string} */ id) => !(id in one.values) && !one.passed.includes(id));
    go({ id: one.id, index: next === -1 ? REVIEW : next });
  }

  /** @param {string} type @param {any} fields */
  async function ask(type, fields) {
    sending = true;
    problem = "";
    redraw();
    try {
      await connection.send(type, fields);
      return true;
    } catch (refusal) {
      problem = told(refusal);
      return false;
    } finally {
      sending = false;
      redraw();
    }
  }

  /** @param {Event} event @param {any} one @param {any} item */
  async function next(event, one, item) {
    event.preventDefault();
    const value = picked ?? one.values[item.id] ?? null;
    if (value === null) {
      problem = t("Choose an answer, or leave this one open.");
      return redraw();
    }
    await answer(one, item, value);
  }

  /** @param {any} one @param {any} item @param {number | null} value */
  async function answer(one, item, value) {
    const at = /** @type {any} */ (open).index;
    const same = value === null ? one.passed.includes(item.id) : one.values[item.id] === value;
    if (!same && !(await ask("answer_item", { measure: one.id, item: item.id, value }))) return;
    go({ id: one.id, index: at + 1 < one.form.items.length ? at + 1 : REVIEW });
  }

  /** @param {any} one */
  async function handIn(one) {
    if (!(await ask("hand_in_measure", { measure: one.id, page_language: document.documentElement.lang }))) return;
    go(null);
    bringToTop(root.querySelector(".help") ?? root.querySelector("#measures-title"));
    /** @type {HTMLElement | null} */ (root.querySelector("#measures-title"))?.focus({ preventScroll: true });
  }

  /** @param {any} one @param {boolean} off */
  async function putOff(one, off) {
    await ask("put_off_measure", { measure: one.id, off });
  }

  // ------------------------------------------------------------------ the offer

  /** @param {any} one */
  function offer(one) {
    if (one.status === "handed_in") return html`<p class="measure-done">${icon("check")} <span>${t("{title}: sent. Thank you.", { title: one.title })}</span></p>`;
    if (one.waits) return html`<section class="measure-card stack tight"><h3>${one.title}</h3><p>${waiting()}</p></section>`;
    if (one.status === "put_off") {
      return html`<p class="measure-done"><span>${t("{title}: not today. That is fine.", { title: one.title })}</span>
        <button type="button" class="button quiet" @click=${() => putOff(one, false)}>${t("Answer it after all")}</button></p>`;
    }
    const begun = answered(one);
    return html`<section class="measure-card stack tight" aria-labelledby="measure-${one.id}">
      <h3 id="measure-${one.id}">${one.title}</h3>
      <p>${one.about}</p>
      ${one.form.verbatim && one.form.language !== document.documentElement.lang
        ? html`<p class="notice plain">${t("The words of this form are in {language}: they belong to those who made it, and we may not put them into other words. You do not have to do it alone. A facilitator can go through it with you: just ask, or choose “Not today”.", { language: languages.of(one.form.language) })}</p>` : nothing}
      ${one.form.safety ? html`<p class="hint">${t("It asks about not wanting to live. If that is so for you, a facilitator hears of it at once and speaks with you.")}</p>` : nothing}
      <div class="row"><button type="button" class="button primary" @click=${() => begin(one)}
          aria-label="${begun ? t("Go on") : t("Start")}: ${one.title}">${begun ? t("Go on") : t("Start")}</button>
        <button type="button" class="button quiet" @click=${() => putOff(one, true)} aria-label="${t("Not today")}: ${one.title}">${t("Not today")}</button>
        ${begun ? html`<span class="soft small">${t("{n} of {all} answered", { n: begun, all: one.form.items.length })}</span>` : nothing}</div>
    </section>`;
  }

  // ------------------------------------------------------------------ one question

  /** @param {any} one */
  function screen(one) {
    if (one.waits || !one.form) {
      return html`<section class="stack" aria-labelledby="measure-title"><h2 id="measure-title" class="measure-title" tabindex="-1">${one.title}</h2>
        <p class="notice" role="status">${waiting()}</p>
        <div><button type="button" class="button" @click=${() => go(null)}>${t("Back")}</button></div></section>`;
    }
    const at = /** @type {any} */ (open).index;
    return at === REVIEW || !one.form.items[at] ? review(one) : question(one, one.form.items[at], at);
  }

  /** @param {any} one @param {any} item @param {number} at */
  function question(one, item, at) {
    const all = one.form.items.length;
    const chosen = picked ?? one.values[item.id] ?? null;
    return html`<form class="stack measure" aria-labelledby="measure-title" novalidate @submit=${(/** @type {Event} */ event) => next(event, one, item)}>
      <h2 id="measure-title" class="measure-title" tabindex="-1">${t("Question {n} of {all}", { n: at + 1, all })}</h2>
      <div class="measure-way" aria-hidden="true"><span></span></div>
      <fieldset class="field" lang=${one.form.language}>
        <legend>${item.stem && one.form.stem ? html`<span class="measure-stem">${one.form.stem}</span> ` : nothing}<span class="measure-item">${item.text}</span></legend>
        <div class="measure-options">${item.options.map((/** @type {any} */ each) => html`<label class="choice"><input type="radio" name="measure-${one.id}-${item.id}"
          .checked=${live(chosen === each.value)} @change=${() => pick(each.value)}><span>${each.label}</span></label>`)}</div>
      </fieldset>
      ${problem ? html`<p class="notice" role="alert">${problem}</p>` : nothing}
      <div class="row apart">
        <button type="button" class="button" @click=${() => go(at ? { id: one.id, index: at - 1 } : null)}>${t("Back")}</button>
        <button class="button primary" ?disabled=${sending}>${t("Next")}</button>
      </div>
      <div class="row apart"><button type="button" class="button quiet" ?disabled=${sending} @click=${() => answer(one, item, null)}>${t("Leave this one open")}</button>
        <button type="button" class="button quiet" @click=${() => go(null)}>${t("Later")}</button></div>
    </form>`;
  }

  /** @param {number} value */
  function pick(value) {
    picked = value;
    problem = "";
    redraw();
  }

  /** @param {any} one */
  function review(one) {
    const left = one.form.items.filter((/** @type {any} */ item) => !(item.id in one.values)).length;
    return html`<section class="stack measure" aria-labelledby="measure-title">
      <h2 id="measure-title" class="measure-title" tabindex="-1">${t("Is it right like this?")}</h2>
      <ol class="plain stack tight">${one.form.items.map((/** @type {any} */ item, /** @type {number} */ index) => html`<li class="measure-row">
        <span class="grow"><span class="soft small" lang=${one.form.language}>${item.text}</span><br>${label(one, item)}</span>
        <button type="button" class="button quiet" aria-label="${t("Change")}: ${item.text}" @click=${() => go({ id: one.id, index })}>${t("Change")}</button></li>`)}</ol>
      ${left ? html`<p class="hint">${many("{n} question is open. That is fine.", "{n} questions are open. That is fine.", left)}</p>` : nothing}
      ${problem ? html`<p class="notice" role="alert">${problem}</p>` : nothing}
      <div class="row"><button type="button" class="button primary" ?disabled=${sending} @click=${() => handIn(one)}>${one.form.anonymous ? t("Hand it in") : t("Send to the facilitators")}</button>
        <button type="button" class="button quiet" @click=${() => go(null)}>${t("Later")}</button></div>
      <p class="hint">${one.form.anonymous ? t("Your answers are counted with those of the others. Nobody sees yours.") : t("The facilitators see your answers. The group does not.")}</p>
      <p class="hint" lang=${one.form.language}>${one.form.licence}</p>
    </section>`;
  }

  /** @param {any} one @param {any} item */
  function label(one, item) {
    const value = one.values[item.id] ?? null;
    const found = item.options.find((/** @type {any} */ each) => each.value === value);
    return found ? html`<span lang=${one.form.language}>${found.label}</span>` : t("Left open");
  }

  return {
    /** @param {any[]} measures as in the view */
    take(measures) {
      put = measures ?? [];
    },
    /** Whether one is being answered: then nothing else is asked beside it. */
    get busy() {
      return present() !== null;
    },
    draw() {
      const one = present();
      if (one) return screen(one);
      if (!put.length) return nothing;
      return html`<section class="stack tight" aria-labelledby="measures-title"><h2 id="measures-title" tabindex="-1">${t("Also today")}</h2>${put.map(offer)}
        ${problem ? html`<p class="notice" role="alert">${problem}</p>` : nothing}</section>`;
    },
    /** How far one is, as a line: sizes that follow from data go in by hand. */
    drawn() {
      const one = present();
      const way = /** @type {HTMLElement | null} */ (root.querySelector(".measure-way"));
      if (one?.form && open && way) way.style.setProperty("--way", String((open.index + 1) / one.form.items.length));
    },
  };
}

function waiting() {
  return html`${t("These questions wait until a facilitator is here. What you answered is kept.")} ${meanwhile()}`;
}
