/** What is said of a round: to those who look, and, by `core/changes.mjs`, to those who listen. Pure. */

import { many, t } from "/static/core/words.mjs";

export const KINDS = /** @type {Record<string, {title: string, question: string}>} */ ({
  check_in: { title: t("Check-in round"), question: t("How are you arriving today?") },
  appreciation: { title: t("Appreciation round"), question: t("What is something good that you saw in the person before you?") },
  wrap_up: { title: t("Wrap-up round"), question: t("What do you take with you from today?") },
  question: { title: t("A question of your own"), question: "" },
});

/** @param {any} round */
export function questionOf(round) {
  return round.question || (KINDS[round.kind]?.question ?? "");
}

/** Whose turn it is. @param {any} round @param {any} you @param {Map<string, string>} names */
export function headline(round, you, names) {
  if (round.over) return t("Everyone has been asked. Thank you.");
  if (round.turn === 0) return t("A round begins in a moment");
  if (round.now === null) return t("A short pause");
  if (round.now === you.person) return t("It is your turn");
  return t("{name} has the turn", { name: names.get(round.now) ?? t("Someone") });
}

/** My own place in the line, in words that let me breathe. @param {any} turn @param {any} round */
export function beforeWords(turn, round) {
  switch (turn?.place) {
    case "now": return t("Take your time. Passing is fine, too.");
    case "next": return round.turn === 0 ? t("You are the first one. Passing is fine.") : t("You are next. Passing is fine.");
    case "waiting": return many("{n} person is before you.", "{n} people are before you.", turn.before);
    case "passed": return t("You passed, and that is fine.");
    case "out": return round.over ? "" : t("You came in after the round began. Just listen, or ask your facilitator to add you.");
    default: return "";
  }
}
