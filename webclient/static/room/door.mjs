/** What is asked for at the door beside the line: consents to sign, and what was said the last time (PROTOCOL §12). No DOM. */

import { t } from "/static/core/words.mjs";

/**
 * @typedef {object} Consent
 * @property {string} kind
 * @property {string} title
 * @property {string} fingerprint
 * @property {(string | string[])[]} text
 * @property {boolean} mine
 * @property {Record<string, string>} lacking
 *
 * @typedef {object} Asked
 * @property {Consent[]} consents  those that do not stand
 * @property {boolean} agreed  the group agreement is one of the consents
 * @property {{name: string, location: string, state: string, callback: string, contact_name: string, contact_phone: string} | null} remembered
 * @property {{name: string, phone: string} | null} contact
 * @property {[string, string][]} states
 * @property {"optional" | "required" | "off"} camera
 * @property {boolean} minor
 */

/** A door that asks for nothing. @type {Asked} */
export const OPEN = { consents: [], agreed: false, remembered: null, contact: null, states: [], camera: "optional", minor: false };

/** Said where the door does not answer. */
const SILENT = t("We cannot reach our records right now. Please try again in a moment.");

/** @param {{door?: string | null}} boot */
export function createDoor({ door }) {
  /** @param {string} address @param {RequestInit} [asked] @returns {Promise<Asked>} */
  async function ask(address, asked = {}) {
    let answer;
    try {
      answer = await fetch(address, { credentials: "same-origin", cache: "no-store", ...asked });
    } catch {
      throw { code: "unreachable", text: SILENT };
    }
    if (answer.ok) return answer.json();
    const told = await answer.json().catch(() => ({}));
    throw { code: told.error?.code ?? "unreachable", text: told.error?.text ?? SILENT };
  }

  return {
    /** Rejects with `{code, text}`. */
    load: () => (door ? ask(door) : Promise.resolve(OPEN)),

    /** Sign the text that was read; gives what is asked for then. @param {{kind: string, fingerprint: string, name: string}} signature */
    sign: (signature) => {
      const [path, query] = (door ?? "").split("?");
      return ask(`${path}/consents${query ? `?${query}` : ""}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(signature),
      });
    },
  };
}
