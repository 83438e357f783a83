/** One question in a window over the page. Escape and the veil close it; the focus goes back where it came from. */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";
import { t } from "/static/core/words.mjs";

/**
 * @typedef {object} Contents
 * @property {string} title
 * @property {unknown} body  a template
 */

/**
 * @param {{className?: string}} [shape]  more classes for the element
 */
export function createDialog({ className = "" } = {}) {
  const element = document.createElement("dialog");
  element.className = `window ${className}`.trim();
  element.setAttribute("aria-labelledby", `window-title-${(serial += 1)}`);
  const titleId = `window-title-${serial}`;
  /** @type {() => void} */
  let closed = () => {};
  /** @type {Element | null} */
  let before = null;
  element.addEventListener("close", () => {
    render(nothing, element);
    element.remove();
    takeUp(before);
    closed();
  });
  element.addEventListener("click", (event) => {
    if (event.target === element) element.close(); // the veil around it
  });

  /** @param {Contents} contents */
  function draw({ title, body }) {
    render(
      html`<div class="stack">
        <header class="row apart window-header">
          <h2 id=${titleId}>${title}</h2>
          <button class="button quiet icon-only" type="button" aria-label=${t("Close")} @click=${() => element.close()}>${icon("x")}</button>
        </header>
        ${body}
      </div>`,
      element,
    );
  }

  return {
    get open() {
      return element.open;
    },
    /** @param {Contents} contents @param {() => void} [onClose] */
    show(contents, onClose = () => {}) {
      closed = onClose;
      if (!element.open) before = document.activeElement;
      if (!element.isConnected) document.body.append(element);
      draw(contents);
      if (!element.open) element.showModal();
      /** @type {HTMLElement | null} */ (element.querySelector("[autofocus]"))?.focus();
    },
    /** Show something else in the open window, the focus stays. @param {Contents} contents */
    draw(contents) {
      if (element.open) draw(contents);
    },
    close() {
      if (element.open) element.close();
    },
    element,
  };
}

let serial = 0;

/**
 * The browser has put the focus back already. In a text it does not put the caret back with it, once the field that had
 * it is gone, and then nothing can be typed (Chromium); so it is put there.
 * @param {Element | null} element
 */
function takeUp(element) {
  const text = element instanceof HTMLTextAreaElement || (element instanceof HTMLInputElement && element.type === "text");
  if (!text || element !== document.activeElement) return;
  const { selectionStart, selectionEnd } = element;
  element.blur();
  element.focus({ preventScroll: true });
  element.setSelectionRange(selectionStart, selectionEnd);
}
