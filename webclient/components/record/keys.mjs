/**
 * The keys of the record page. All but `?` come with Alt or Ctrl, so that they work in the middle of a sentence and
 * never fire by typing; `?` works only outside of fields and can be switched off.
 */

import { html } from "/vendor/lit-html/lit-html.js";
import { rich, t } from "/static/core/words.mjs";

const MAC = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");
export const ALT = MAC ? "⌥" : "Alt";
export const CTRL = MAC ? "⌘" : "Ctrl";
const SWITCH = "milieu-record-sheet-key";

/**
 * @typedef {"next" | "previous" | "sign" | "unfinished" | "group" | "goals" | "private" | "snippets" | "keys" | "escape"} Action
 */

/** @type {readonly [Action, string[], string, (event: KeyboardEvent) => boolean][]} */
const KEYS = [
  ["next", [ALT, "↓"], t("Next person"), (event) => alt(event) && event.key === "ArrowDown"],
  ["previous", [ALT, "↑"], t("Person before"), (event) => alt(event) && event.key === "ArrowUp"],
  ["unfinished", [ALT, "U"], t("First note that is not finished"), (event) => alt(event) && event.code === "KeyU"],
  ["sign", [CTRL, "Enter"], t("Sign, and go on to the next"), (event) => (event.ctrlKey || event.metaKey) && event.key === "Enter"],
  ["group", [ALT, "G"], t("The text about the group"), (event) => alt(event) && event.code === "KeyG"],
  ["goals", [ALT, "O"], t("Goals worked on"), (event) => alt(event) && event.code === "KeyO"],
  ["snippets", [ALT, "S"], t("Your phrases"), (event) => alt(event) && event.code === "KeyS"],
  ["private", [ALT, "P"], t("Your private counselling notes"), (event) => alt(event) && event.code === "KeyP"],
  ["keys", [CTRL, "/"], t("This list"), (event) => (event.ctrlKey || event.metaKey) && event.key === "/"],
  ["escape", ["Esc"], t("Close what is open"), (event) => event.key === "Escape"],
];

/** @param {KeyboardEvent} event */
const alt = (event) => event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;

/**
 * @param {Record<Action, () => unknown>} actions
 * @returns {() => void} ends listening
 */
export function listenToKeys(actions) {
  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (event.isComposing || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const found = KEYS.find(([, , , fits]) => fits(event))?.[0] ?? (asksForSheet(event) ? "keys" : null);
    if (!found) return;
    event.preventDefault();
    actions[found]();
  }
  globalThis.addEventListener("keydown", pressed);
  return () => globalThis.removeEventListener("keydown", pressed);
}

/** @param {KeyboardEvent} event */
function asksForSheet(event) {
  if (event.key !== "?" || event.ctrlKey || event.altKey || event.metaKey || !sheetKey()) return false;
  return !(event.target instanceof Element && event.target.closest("input, textarea, select"));
}

/** Does `?` alone open the sheet? */
function sheetKey() {
  try {
    return localStorage.getItem(SWITCH) !== "off";
  } catch {
    return true;
  }
}

/** @param {boolean} on */
function switchSheetKey(on) {
  try {
    localStorage.setItem(SWITCH, on ? "on" : "off");
  } catch {
    // Not kept then: the key works again on the next visit.
  }
}

/** The keys in a table. @returns {import("./dialog.mjs").Contents} */
export function sheet() {
  const rows = /** @type {[string[], string][]} */ ([
    [["Tab"], t("Next field")],
    ...KEYS.map(([, keys, words]) => [keys, words]),
    [[t("/name"), "Tab"], t("Put in your phrase of that name")],
  ]);
  return {
    title: t("Keys"),
    body: html`<p class="soft">${t("Nothing has to be saved: what you type is kept as you type it.")}</p>
      <dl class="key-list">${rows.map(([keys, words]) => html`<div><dt>${keys.map((key) => html`<kbd>${key}</kbd> `)}</dt><dd>${words}</dd></div>`)}</dl>
      <label class="choice"><input type="checkbox" ?checked=${sheetKey()}
        @change=${(/** @type {Event} */ event) => switchSheetKey(/** @type {HTMLInputElement} */ (event.target).checked)}>
        <span>${rich("{key} opens this list too (outside of fields)", { key: html`<kbd>?</kbd>` })}</span></label>`,
  };
}
