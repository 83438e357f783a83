/** An exercise put into a recorded view: not begun, in a step, or with answers of plainly made-up people. */

const TEXTS = ["Sam did not write back for two days.", "They were at work. They often answer late. The week was hard for all of us.", "I call on Friday.", "I can wait one more day."];
const WORDS = [["tired", 3], ["proud", 2], ["on edge", 1], ["better", 4], ["slow", 1], ["hungry", 1], ["hopeful", 2]];
const WAVE = Array.from({ length: 34 }, (_, index) => Math.round(30 + 55 * Math.exp(-(((index - 15) / 7) ** 2))));

/**
 * @param {any} view changed in place @param {any} shape as the server would send it
 * @param {{step?: number, filled?: boolean, results?: boolean, out?: boolean, past?: boolean, since?: number, now: number}} how
 */
export function withExercise(view, shape, { step, filled, results, out, past, since, now }) {
  const run = `run-${shape.id}`;
  const at = step ?? (shape.own_pace ? 0 : -1);
  const fields = shape.steps.flatMap((/** @type {any} */ each) => each.fields);
  const answers = filled ? Object.fromEntries(fields.map((/** @type {any} */ one, /** @type {number} */ index) => [one.id, sample(one, index)])) : {};
  const people = view.room.people.filter((/** @type {any} */ one) => one.role === "participant").map((/** @type {any} */ one) => one.person);
  const pairs = [];
  for (let index = 0; index < people.length; index += 2) pairs.push(people.slice(index, index + 2));
  const groups = shape.grouping === "pairs" ? pairs : shape.grouping === "chain" ? [people] : [];
  const mine = groups.find((/** @type {string[]} */ group) => group.includes(view.you.person)) ?? [];
  const own = {
    run, exercise: past ? shape : null, joined: out ? false : filled ? true : null, answers, sent: Boolean(results), shared: {},
    partners: shape.grouping === "chain" ? mine.slice(-1) : mine.filter((/** @type {string} */ one) => one !== view.you.person),
    card: shape.id === "ask-clearly" && mine.length ? "You lent a friend some money. You want it back by Friday." : "",
  };
  const counted = results ? Object.fromEntries(fields.map((/** @type {any} */ one) => [one.id, one.kind === "words" ? WORDS
    : Array.from({ length: 11 }, (_, index) => [String(index), [0, 0, 1, 1, 0, 2, 2, 1, 1, 0, 0][index]])])) : null;
  const shareable = fields.filter((/** @type {any} */ one) => one.privacy === "shareable" && (one.kind === "text" || one.kind === "drawing"));
  view.you.exercises = [own];
  view.room.exercise = past ? null : {
    run, ...shape, step: at, starts: at < 0 ? null : now - (since ?? 3_500), groups, sent: results ? 8 : filled ? 3 : 0, answers_min: 5, results: counted,
    shared: filled && people.length > 2 ? shareable.slice(0, 1).map((/** @type {any} */ one) => ({ person: people[1], field: one.id, entry: sample(one, 1) })) : [],
  };
  if (view.staff && !past) {
    const how = ["in", "done", "", "in", "out", "done"];
    view.staff.practice.run = { run, people: Object.fromEntries(people.map((/** @type {string} */ one, /** @type {number} */ index) => [one, how[index % 6]])), results: counted, to_group: Boolean(results) };
  }
  return view;
}

/** @param {any} one @param {number} index */
function sample(one, index) {
  switch (one.kind) {
    case "text": return TEXTS[index % TEXTS.length];
    case "line": return "Worried";
    case "scale": return 6;
    case "choice": return one.choices[1].value;
    case "cards": return one.choices.slice(2, 5).map((/** @type {any} */ each) => each.value);
    case "words": return ["tired", "proud"];
    default: return WAVE;
  }
}
