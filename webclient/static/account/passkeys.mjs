/** Passkeys on pages that work without this: a section says where its answer goes, and is shown where one can be made. */

import { passkey, Trouble } from "./ask.mjs";
import { possible } from "/static/core/passkeys.mjs";

const able = "credentials" in navigator && "PublicKeyCredential" in window && possible(location.hostname);

for (const section of document.querySelectorAll("[data-passkey]")) {
  if (able) ready(/** @type {HTMLElement} */ (section));
}
if (!able) {
  for (const told of document.querySelectorAll("[data-no-passkey]")) told.toggleAttribute("hidden", false);
  for (const other of document.querySelectorAll("[data-other]")) other.toggleAttribute("open", true);
  for (const button of document.querySelectorAll("[data-make]")) button.toggleAttribute("hidden", true);
}

/** @param {HTMLElement} section */
function ready(section) {
  const { passkey: address = "", options, next } = section.dataset;
  const fresh = "new" in section.dataset;
  const button = /** @type {HTMLButtonElement} */ (section.querySelector("[data-make]") ?? section.querySelector("button"));
  const trouble = /** @type {HTMLElement} */ (section.querySelector("[role=alert]"));
  let offered = new AbortController();
  section.hidden = false;
  button.addEventListener("click", () => {
    offered.abort();
    button.disabled = true;
    void tried(false).finally(() => (button.disabled = false));
  });
  if (!fresh) void offer();

  /** Where the browser can, it offers the passkey in the field for the address. */
  async function offer() {
    if (!document.querySelector("[autocomplete~=webauthn]")) return;
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    await tried(true);
  }

  /** @param {boolean} quiet */
  async function tried(quiet) {
    trouble.hidden = true;
    offered = new AbortController();
    const remember = /** @type {HTMLInputElement | null} */ (document.querySelector("[name=remember]"))?.checked ?? true;
    const email = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-email]"));
    if (email && !email.reportValidity()) return;
    const more = { remember, ...(next !== undefined && { next }), ...(email && { email: email.value }) };
    try {
      const told = await passkey(address, { options, fresh, quiet, signal: offered.signal, more });
      location.replace(told.location ?? "/home");
    } catch (error) {
      if (quiet && !(error instanceof Trouble)) return;
      if (/** @type {Error} */ (error).name === "AbortError") return;
      trouble.textContent = /** @type {Error} */ (error).message;
      trouble.hidden = quiet;
    }
  }
}
