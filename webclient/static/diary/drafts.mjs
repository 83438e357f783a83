/**
 * What is typed into the day survives a reload and an outage. It is kept in this tab alone until the server has it, and
 * goes with a quick exit. Without JavaScript the form is a form.
 */

import { t } from "/static/core/words.mjs";

const AGAIN_MS = 15_000;
const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-draft]"));
if (form) start(form, `milieu-diary ${form.dataset.draft}`);

/** @param {HTMLFormElement} form @param {string} key */
function start(form, key) {
  const says = /** @type {HTMLElement} */ (form.querySelector("[data-draft-says]"));
  const kept = read(key);
  // What the server gave back because of a mistake is newer than what lies here.
  if (kept && !("typed" in form.dataset)) {
    fill(form, kept);
    says.textContent = t("What you had typed is here again. It is not kept yet.");
  }

  form.addEventListener("input", () => keep(key, form));
  form.addEventListener("change", () => keep(key, form));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keep(key, form);
    void send(form, key, says);
  });
  window.addEventListener("online", () => says.dataset.waiting && void send(form, key, says));
}

/** @param {HTMLFormElement} form @param {string} key @param {HTMLElement} says */
async function send(form, key, says) {
  delete says.dataset.waiting;
  let answer;
  try {
    answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(/** @type {any} */ (new FormData(form))), redirect: "follow" });
  } catch {
    says.textContent = t("You are offline. What you typed is safe in this tab and goes out as soon as you are back.");
    says.dataset.waiting = "yes";
    setTimeout(() => says.dataset.waiting && void send(form, key, says), AGAIN_MS);
    return;
  }
  if (answer.ok) {
    forget(key);
    location.replace(answer.url);
    return;
  }
  if (answer.status === 422) {
    HTMLFormElement.prototype.submit.call(form); // the page itself says what is wrong, and gives everything back
    return;
  }
  says.textContent = answer.status === 403 || answer.status === 423
    ? t("This page has forgotten you. Open your link or sign in in another tab, then keep your day again.")
    : t("It could not be kept just now. What you typed is safe in this tab. Please try again in a moment.");
}

/** @param {string} key @returns {URLSearchParams | null} */
function read(key) {
  try {
    const text = sessionStorage.getItem(key);
    return text === null ? null : new URLSearchParams(text);
  } catch {
    return null;
  }
}

/** @param {string} key @param {HTMLFormElement} form */
function keep(key, form) {
  try {
    sessionStorage.setItem(key, String(new URLSearchParams(/** @type {any} */ (new FormData(form)))));
  } catch {
    // a browser that keeps nothing still sends the form
  }
}

/** @param {string} key */
function forget(key) {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // nothing was kept
  }
}

/** @param {HTMLFormElement} form @param {URLSearchParams} kept */
function fill(form, kept) {
  for (const field of /** @type {Iterable<any>} */ (form.elements)) {
    if (!field.name || field.type === "hidden") continue;
    if (field.type === "checkbox") field.checked = kept.has(field.name);
    else if (field.type === "radio") field.checked = (kept.get(field.name) ?? "") === field.value;
    else field.value = kept.get(field.name) ?? "";
  }
}
