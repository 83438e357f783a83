/** One passkey, asked for and sent: shared by the pages that let people in and the screen that locks itself. */

import { answer, creation, request } from "/static/core/passkeys.mjs";
import { t } from "/static/core/words.mjs";

/** What went wrong, in words for whoever pressed the button. */
export class Trouble extends Error {}

/**
 * @param {string} address where the answer goes
 * @param {{ options?: string, fresh?: boolean, quiet?: boolean, signal?: AbortSignal, more?: Record<string, unknown> }} how
 *   `fresh`: a new passkey is made; `quiet`: the browser offers it where the address is typed, and does not ask
 * @returns {Promise<{ location?: string }>} Throws Trouble; AbortError when it was called off.
 */
export async function passkey(address, { options = `${address}/options`, fresh = false, quiet = false, signal, more = {} }) {
  const json = await sent(options, more);
  let credential;
  try {
    credential = fresh
      ? await navigator.credentials.create({ publicKey: creation(json), signal })
      : await navigator.credentials.get({ publicKey: request(json), signal, ...(quiet && { mediation: "conditional" }) });
  } catch (error) {
    if (/** @type {Error} */ (error).name === "AbortError") throw error;
    if (/** @type {Error} */ (error).name === "InvalidStateError") throw new Trouble(t("This device has a passkey for you already."));
    throw new Trouble(t("It was not finished. You can try again, or use another way."));
  }
  return sent(address, { credential: answer(/** @type {PublicKeyCredential} */ (credential)), ...more });
}

/** @param {string} address @param {unknown} body @returns {Promise<any>} */
async function sent(address, body) {
  let response;
  try {
    response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Trouble(t("We cannot be reached right now. Is this device online?"));
  }
  const told = await response.json().catch(() => ({}));
  if (response.ok) return told;
  throw new Trouble(told.error?.text ?? t("That did not work. Please reload this page and try again."));
}
