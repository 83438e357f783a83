/** Phrases of one's own, on the page: Tab after `/name`, the list to take one from, and the place to keep them. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";
import { whyNot } from "/static/core/refusals.mjs";
import { rich, t } from "/static/core/words.mjs";

import { createDialog } from "./dialog.mjs";
import { askedFor, fitting, meant, putIn } from "./snippets.mjs";

const NAME = /^[\p{L}\p{N}_-]{1,40}$/u;
const OFFERED_MAX = 4;

/**
 * @param {{notebook: ReturnType<typeof import("./notebook.mjs").createNotebook>, draw: () => void}} context
 */
export function createPhrases({ notebook, draw }) {
  /** @type {import("./snippets.mjs").Snippet[]} */
  let snippets = [];
  /** The field that is typed in, and the name asked for in it. @type {{field: string, name: string} | null} */
  let asking = null;
  const dialog = createDialog({ className: "phrases" });
  let filter = "";
  /** @type {{name: string, text: string, before: string | null} | null} a phrase being written; before: its name until now */
  let writing = null;
  let trouble = "";
  /** @type {HTMLTextAreaElement | null} where a phrase goes */
  let target = null;

  const sorted = () => [...snippets].sort((one, other) => one.name.localeCompare(other.name));

  /** @param {string} name */
  function take(name) {
    const found = snippets.find((one) => one.name === name);
    const field = target;
    dialog.close();
    if (found && field) putIn(field, found.text);
  }

  /** @param {SubmitEvent} event */
  async function keep(event) {
    event.preventDefault();
    if (!writing) return;
    const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const [name, text] = [String(given.get("name")).trim().replace(/^\//, ""), String(given.get("text")).trim()];
    const { before } = writing;
    if (!NAME.test(name)) return complain(t("A name is one word of letters, digits, - or _, such as breathing."));
    if (!text) return complain(t("Please write the phrase."));
    try {
      await notebook.putSnippet(name, text);
      if (before !== null && before !== name) await notebook.dropSnippet(before);
    } catch (refusal) {
      return complain(whyNot(refusal));
    }
    snippets = [...snippets.filter((one) => one.name !== name && one.name !== before), { name, text }];
    write(null);
  }

  /** @param {string} name */
  async function drop(name) {
    try {
      await notebook.dropSnippet(name);
      const dropped = snippets.find((one) => one.name === name);
      snippets = snippets.filter((one) => one.name !== name);
      writing = dropped ? { ...dropped, before: null } : null; // still there to be kept again
      complain(t("Taken away. “Keep” brings it back."));
    } catch (refusal) {
      complain(whyNot(refusal));
    }
  }

  /** @param {string} words */
  function complain(words) {
    trouble = words;
    dialog.draw(contents());
  }

  /** @param {import("./snippets.mjs").Snippet & {before: string | null} | null} next */
  function write(next) {
    writing = next;
    complain("");
    /** @type {HTMLElement | null} */ (dialog.element.querySelector(next ? "#phrase-name" : "#phrase-filter"))?.focus();
  }

  const contents = () => ({ title: t("Your phrases"), body: writing ? editor(writing) : chooser() });

  const chooser = () => {
    const found = sorted().filter((one) => `${one.name} ${one.text}`.toLowerCase().includes(filter.toLowerCase()));
    const selected = target ? target.value.slice(target.selectionStart, target.selectionEnd).trim() : "";
    return html`<p class="soft">${rich("Yours alone. In any field, type {name} and press {key}.", { name: html`<kbd>${t("/name")}</kbd>`, key: html`<kbd>Tab</kbd>` })}</p>
      ${snippets.length
        ? html`<div class="field"><label for="phrase-filter">${t("Find")}</label>
            <input id="phrase-filter" autocomplete="off" autofocus .value=${filter}
              @input=${(/** @type {Event} */ event) => {
                filter = /** @type {HTMLInputElement} */ (event.target).value;
                complain("");
              }}
              @keydown=${(/** @type {KeyboardEvent} */ event) => {
                if (event.key !== "Enter" || !found.length || !target) return;
                event.preventDefault();
                take(found[0].name);
              }}></div>
          <ul class="plain phrase-list">${found.map((one) => html`<li>
            <button class="phrase" type="button" ?disabled=${!target} @click=${() => take(one.name)}><strong>/${one.name}</strong><span>${one.text}</span></button>
            <button class="button quiet icon-only" type="button" aria-label=${t("Change /{name}", { name: one.name })} @click=${() => write({ ...one, before: one.name })}>${icon("pencil")}</button>
          </li>`)}</ul>
          ${found.length ? nothing : html`<p class="soft">${t("None has these words.")}</p>`}`
        : html`<p>${t("You have none yet. Keep what you write often, such as how you end a note or what a skill was for.")}</p>`}
      ${trouble ? html`<p class="error" role="alert">${trouble}</p>` : nothing}
      <div class="row">
        <button class="button" type="button" ?autofocus=${!snippets.length} @click=${() => write({ name: "", text: selected, before: null })}>${icon("plus")}
          ${selected ? t("Keep the selected words") : t("New phrase")}</button>
      </div>`;
  };

  /** @param {{name: string, text: string, before: string | null}} one */
  const editor = (one) => html`<form class="stack" @submit=${keep}>
    <div class="field"><label for="phrase-name">${t("Name")}</label>
      <p class="hint" id="phrase-name-hint">${t("One word. Typing /word and Tab puts the phrase in.")}</p>
      <input id="phrase-name" name="name" maxlength="41" autocomplete="off" aria-describedby="phrase-name-hint" .value=${one.name}></div>
    <div class="field"><label for="phrase-text">${t("Phrase")}</label>
      <textarea id="phrase-text" name="text" maxlength="4000" .value=${one.text}></textarea></div>
    ${trouble ? html`<p class="error" role="alert">${trouble}</p>` : nothing}
    <div class="row apart">
      ${one.before === null
        ? html`<span></span>`
        : html`<button class="button quiet" type="button" @click=${() => drop(/** @type {string} */ (one.before))}>${t("Take it away")}</button>`}
      <div class="row"><button class="button" type="button" @click=${() => write(null)}>${t("Back")}</button>
        <button class="button primary" type="submit">${t("Keep")}</button></div>
    </div>
  </form>`;

  return {
    /** @param {import("./snippets.mjs").Snippet[]} kept */
    known(kept) {
      snippets = kept;
    },

    /** Tab after a name: the phrase, and no step to the next field. @param {KeyboardEvent} event */
    onKeydown(event) {
      if (event.key !== "Tab" || event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return;
      const field = /** @type {HTMLTextAreaElement} */ (event.target);
      const name = field.selectionStart === field.selectionEnd ? askedFor(field.value, field.selectionEnd) : null;
      const found = name === null ? null : meant(snippets, name);
      if (!found) return;
      event.preventDefault();
      putIn(field, found.text);
    },

    /** What is being asked for; called after each change of a field. @param {HTMLTextAreaElement} field */
    look(field) {
      const name = askedFor(field.value, field.selectionEnd);
      asking = name === null ? null : { field: field.id, name };
    },

    /** What Tab would put in, beneath the field. @param {string} field its id */
    offer(field) {
      const found = asking?.field === field ? fitting(snippets, asking.name) : [];
      const one = asking && meant(snippets, asking.name);
      if (!found.length || !asking) return nothing;
      return html`<p class="hint phrase-offer" role="status">${one
        ? rich("{key} puts in {name}: {text}", { key: html`<kbd>Tab</kbd>`, name: html`<strong>/${one.name}</strong>`, text: one.text })
        : html`${found.slice(0, OFFERED_MAX).map((each) => html`<strong>/${each.name}</strong> `)}${found.length > OFFERED_MAX ? "…" : ""}`}</p>`;
    },

    /** The list; what is chosen goes into `field`, where there is one. @param {HTMLTextAreaElement | null} field */
    open(field) {
      target = field;
      filter = "";
      trouble = "";
      writing = null;
      dialog.show(contents(), draw);
    },
  };
}
