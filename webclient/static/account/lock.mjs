/**
 * The screen of one of the staff who is signed in: left alone, it covers itself and asks whether it is still they.
 * What was typed stays beneath as it was. The server locks by the same time, whatever happens here.
 *
 * A room never covers itself, for people look at each other there (0 minutes): it only tells that somebody is here.
 */

import { passkey, Trouble } from "./ask.mjs";
import { possible } from "/static/core/passkeys.mjs";
import { t } from "/static/core/words.mjs";

const TELL_EVERY_MS = 60_000;
const GESTURES = ["pointerdown", "keydown", "wheel", "touchstart"];
const minutes = Number(document.querySelector("meta[name=milieu-lock]")?.getAttribute("content"));

let last = Date.now();
let told = Date.now();
/** @type {HTMLDialogElement | null} */
let cover = null;

for (const gesture of GESTURES) addEventListener(gesture, alive, { capture: true, passive: true });
if (minutes > 0) {
  document.addEventListener("visibilitychange", look);
  setInterval(look, 5_000);
}

function alive() {
  if (cover) return;
  last = Date.now();
  if (last - told >= TELL_EVERY_MS) void tell();
}

/** The server learns that somebody is here, and we whether it has locked meanwhile (a laptop that slept). */
async function tell() {
  told = Date.now();
  const response = await fetch("/awake", { method: "POST" }).catch(() => null);
  if (minutes === 0) return;
  if (response?.status === 423) lock();
  else if (response?.status === 403) location.assign("/sign-in");
}

function look() {
  if (!cover && Date.now() - last >= minutes * 60_000) lock();
}

function lock() {
  if (cover) return;
  const whose = fetch("/lock", { method: "POST" }).then((response) => (response.status === 200 ? response.json() : null)).catch(() => null);
  cover = document.createElement("dialog");
  cover.className = "lock";
  cover.setAttribute("aria-labelledby", "lock-title");
  cover.addEventListener("cancel", (event) => event.preventDefault());
  const form = document.createElement("form");
  form.className = "stack";
  const title = Object.assign(document.createElement("h2"), { id: "lock-title", textContent: t("Is it still you?") });
  const words = Object.assign(document.createElement("p"), { textContent: t("You were away for a while. What you typed is kept.") });
  const trouble = Object.assign(document.createElement("p"), { className: "error", hidden: true });
  trouble.setAttribute("role", "alert");
  const field = Object.assign(document.createElement("div"), { className: "field" });
  const label = Object.assign(document.createElement("label"), { htmlFor: "lock-proof", textContent: t("Your signing PIN, or your password") });
  // Whose password it is, for password managers and for those who listen; it is told once the server has locked.
  const name = Object.assign(document.createElement("input"), { id: "lock-name", type: "email", name: "email", autocomplete: "username", className: "visually-hidden", readOnly: true, tabIndex: -1 });
  name.setAttribute("aria-label", t("Your mail address"));
  void whose.then((told) => (name.value = told?.email ?? ""));
  const proof = Object.assign(document.createElement("input"), { id: "lock-proof", type: "password", autocomplete: "current-password", required: true, maxLength: 256 });
  field.append(label, proof);
  const row = Object.assign(document.createElement("p"), { className: "row" });
  row.append(Object.assign(document.createElement("button"), { className: "button primary", textContent: t("Go on") }));
  form.append(title, words, trouble, name, field, row);
  if ("PublicKeyCredential" in window && possible(location.hostname)) {
    const key = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: t("Use your passkey") });
    key.addEventListener("click", () => void opened(() => passkey("/unlock/passkey", { options: "/sign-in/passkey/options" })));
    row.append(key);
  }
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void opened(() => shown(proof.value));
  });
  cover.append(form);
  document.body.append(cover);
  cover.showModal();
  proof.focus();

  /** @param {() => Promise<unknown>} prove */
  async function opened(prove) {
    trouble.hidden = true;
    try {
      await prove();
    } catch (error) {
      trouble.textContent = /** @type {Error} */ (error).message;
      trouble.hidden = false;
      return;
    }
    cover?.close();
    cover?.remove();
    cover = null;
    last = told = Date.now();
  }
}

/** @param {string} proof */
async function shown(proof) {
  const response = await fetch("/unlock", { method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams({ proof }) }).catch(() => null);
  if (response?.ok) return;
  if (response?.status === 403) return location.assign("/sign-in");
  const said = await response?.json().catch(() => null);
  throw new Trouble(said?.error?.text ?? t("We cannot be reached right now. Is this device online?"));
}
