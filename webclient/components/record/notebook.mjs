/**
 * What a staff person keeps beside the session's log (PROTOCOL §10): phrases, goals, counselling notes, the signing PIN.
 *
 * Every method rejects with `{code, text}`, the text being a sentence for the person.
 */

import { whyNot } from "/static/core/refusals.mjs";
import { t } from "/static/core/words.mjs";

/**
 * @typedef {{code: string, text: string, status?: number, answer?: any}} Trouble
 * @typedef {{note: string, subject: string, text: string, revision: number, at: number}} CounsellingNote
 * @typedef {{chosen: boolean, fresh_until: number | null, pin_chars_min: number}} Proof
 * @typedef {{agreed: string[], snippets: import("./snippets.mjs").Snippet[], skills: string[], counselling: CounsellingNote[], proof: Proof}} Kept
 */

/** @type {Trouble} */
const NO_LINE = { code: "no_line", text: t("That did not reach the server. Please check your connection and try again.") };

/**
 * @param {{session: string, search?: string}} place  `search`: the query of the page, which names the seat
 */
export function createNotebook({ session, search = "" }) {
  const root = `/s/${encodeURIComponent(session)}`;

  /**
   * @param {"GET" | "PUT" | "POST" | "DELETE"} method @param {string[]} path @param {unknown} [body]
   * @returns {Promise<any>} the answer's JSON; null where there is none
   */
  async function ask(method, path, body) {
    let response;
    try {
      response = await fetch([root, ...path.map(encodeURIComponent)].join("/") + search, {
        method,
        keepalive: method === "PUT", // arrives also when the page is left right after typing
        ...(body === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }),
      });
    } catch {
      throw NO_LINE;
    }
    const answer = response.status === 204 ? null : await response.json().catch(() => null);
    if (!response.ok) {
      throw { code: answer?.error?.code ?? "failed", text: whyNot(answer?.error), status: response.status, answer };
    }
    return answer;
  }

  return {
    /** @returns {Promise<Kept>} */
    load: () => ask("GET", ["notebook"]),

    /** @param {string} name @param {string} text */
    putSnippet: (name, text) => ask("PUT", ["notebook", "snippets", name], { text }),
    /** @param {string} name */
    dropSnippet: (name) => ask("DELETE", ["notebook", "snippets", name]),

    /**
     * Rejects with `stale_note` and the `answer` {text, revision} where it was changed elsewhere meanwhile.
     * @param {string} subject @param {string} text @param {number} revision
     * @returns {Promise<{note: string, revision: number, at: number}>}
     */
    putCounselling: (subject, text, revision) => ask("PUT", ["notebook", "counselling", subject], { text, revision }),

    /** @param {string} person @param {string} text @returns {Promise<{goal: string}>} */
    addGoal: (person, text) => ask("POST", ["notebook", "goals", person], { text }),
    /** @param {string} person @param {string} goal @param {{text?: string, ended?: boolean, agreed?: boolean}} change */
    changeGoal: (person, goal, change) => ask("PUT", ["notebook", "goals", person, goal], change),

    /** @param {{pin: string, choose?: true, code?: string, change_to?: string}} shown @returns {Promise<{fresh_until: number}>} */
    prove: (shown) => ask("POST", ["proof"], shown),
  };
}
