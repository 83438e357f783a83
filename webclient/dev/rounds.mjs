/** A round put into a recorded view: not begun, in somebody's turn, in one's own, or over. */

const QUESTION = "What is one small thing that helped you since we met?";

/**
 * @param {any} view changed in place
 * @param {{place: string, kind?: string, long?: boolean, timeless?: boolean, now: number}} how `place`: "begin", "other",
 *   "next", "now", "passed", "out", "over"
 */
export function withRound(view, { place, kind = "question", long, timeless, now }) {
  const me = view.you.person;
  const people = view.room.people.filter((/** @type {any} */ one) => one.role === "participant").map((/** @type {any} */ one) => one.person);
  const others = people.filter((/** @type {string} */ one) => one !== me);
  const begun = place !== "begin";
  const over = place === "over";
  const owner = over || !begun ? null : place === "now" ? me : others[0];
  const rest = people.filter((/** @type {string} */ one) => one !== owner && one !== others.at(-1));
  const queue = over ? [] : begun ? rest : people;
  view.room.round = {
    round: "round-1", kind, question: kind === "question" ? QUESTION : "", turn: begun ? 3 : 0, now: owner, since: owner ? now - 45_000 : null,
    until: owner && !timeless ? now + (long ? -20_000 : 45_000) : null, to_come: queue.length, of: people.length, over,
  };
  if (view.you.role === "participant") {
    view.you.turn = { place: place === "other" ? "waiting" : place === "begin" ? "next" : over ? "spoke" : place, before: place === "other" ? 2 : 0,
      about: kind === "appreciation" ? others.at(-1) : null, may_defer: place === "now" };
  }
  if (view.staff) {
    const where = (/** @type {string} */ one) => (one === owner ? "now" : queue.includes(one) ? (one === queue[0] ? "next" : "waiting") : one === others.at(-2) ? "passed" : "spoke");
    const line = [...people.filter((/** @type {string} */ one) => one !== owner && !queue.includes(one)), ...(owner ? [owner] : []), ...queue];
    view.staff.rounds = { line: line.map((one, index) => ({ person: one, place: where(one), here: index !== 4 })), outside: people.length > 6 ? ["p-21"] : [], back_to: begun ? others.at(-1) : null, done: [], questions: [] };
    if (people.length > 6) view.staff.people.push({ ...view.staff.people.at(-1), person: "p-21", name: "Wren Waiting" });
  }
  return view;
}
