/** Why something was not done: the server's own words for a refusal, else that it did not work. No DOM. */

import { t } from "./words.mjs";

/** @param {unknown} [refusal] What was thrown, or the `error` of an answer. @returns {string} */
export function whyNot(refusal) {
  const told = /** @type {{text?: string} | null | undefined} */ (refusal)?.text;
  return told ?? t("That did not work. Please try again.");
}
