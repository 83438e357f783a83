/**
 * A view in the language of the page: what the clinic's catalogue says (the parts of a plan and their cards, the
 * questions of a form) is a message like any other. What people wrote stays as they wrote it.
 */

import { language, messages } from "/static/words.mjs";
import { t, translates } from "./words.mjs";

const OF_A_QUESTION = /** @type {const} */ (["label", "hint", "low_label", "high_label"]);

/** @param {any} view @returns {any} */
export function spoken(view) {
  if (!translates) return view;
  const { room, you, staff, record } = view;
  for (const segment of room?.agenda?.segments ?? []) say(segment, "title", "card");
  for (const shared of room?.shared ?? []) say(shared, "label");
  for (const { form } of Object.values(you?.forms ?? {})) {
    say(form, "title", "intro");
    for (const question of form?.questions ?? []) {
      say(question, ...OF_A_QUESTION);
      for (const choice of question.choices ?? []) say(choice, "label");
    }
  }
  for (const measure of you?.measures ?? []) sayMeasure(measure);
  sayExercise(room?.exercise);
  say(room?.breakouts, "task"); // an exercise's name, where whoever led left it at that
  if (room?.skill && room.skill.summary in messages) {
    say(room.skill, "title", "summary");
    room.skill.language = language;
  }
  if (room?.last_time) room.last_time = room.last_time.map((/** @type {string} */ title) => t(title));
  for (const skill of staff?.practice?.skills ?? []) say(skill, "title");
  say(staff?.practice?.today, "focus", "curriculum");
  say(room?.round, "question");
  for (const question of staff?.rounds?.questions ?? []) say(question, "text", "teens");
  for (const own of you?.exercises ?? []) {
    sayExercise(own.exercise);
    say(own, "card");
  }
  for (const exercise of staff?.practice?.exercises ?? []) say(exercise, "title", "about");
  for (const labels of Object.values(staff?.labels ?? {})) say(labels, ...Object.keys(labels));
  for (const person of staff?.people ?? []) for (const measure of person.measures ?? []) say(measure.result, "band");
  saySafety(staff?.safety);
  for (const flag of staff?.flags ?? []) for (const question of flag.questions ?? []) say(question, "label");
  for (const one of staff?.people ?? []) {
    say(one.arrival, "state");
    say(one.door, "state");
  }
  if (record) sayRecord(record);
  return view;
}

/** The words of an instrument stay its authors'; what is ours around it is said. @param {any} measure */
function sayMeasure(measure) {
  say(measure, "title", "about");
  if (!measure.form || measure.form.verbatim) return;
  measure.form.language = language;
  say(measure.form, "stem", "licence");
  for (const item of measure.form.items) {
    say(item, "text");
    for (const option of item.options) say(option, "label");
  }
}

/** @param {any} record */
function sayRecord({ programme, plan, rules, format, segments }) {
  for (const each of [programme, plan, rules, format, ...segments]) say(each, "title");
  for (const section of format.sections) say(section, "title", "hint");
}

/** Our own steps and prompts; the screener's questions stay as they are, what a clinic wrote itself is found nowhere. @param {any} safety */
function saySafety(safety) {
  if (!safety) return;
  say(safety, "title");
  for (const step of safety.steps) say(step, "text");
  for (const prompt of safety.prompts) say(prompt, "text");
  say(safety.screener, "about");
}

/** @param {any} exercise */
function sayExercise(exercise) {
  if (!exercise) return;
  say(exercise, "title", "about", "care");
  for (const step of exercise.steps) {
    say(step, "title", "text");
    for (const field of step.fields) {
      say(field, ...OF_A_QUESTION);
      for (const choice of field.choices) say(choice, "label");
    }
  }
}

/** @param {any} holder @param {...string} names */
function say(holder, ...names) {
  for (const name of names) if (holder?.[name]) holder[name] = t(holder[name].trim());
}
