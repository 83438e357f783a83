/**
 * What changed between two views, in the few words a person wants to hear. Pure: no DOM, no state.
 * The room says it aloud to screen readers, and plays the optional sounds by it.
 */

import { headline, questionOf } from "/static/core/rounds.mjs";
import { numberOf, whereWords } from "/static/core/smallrooms.mjs";
import { listed, many, t } from "/static/core/words.mjs";

const NAMED_MAX = 3;

/**
 * @typedef {{kind: "joined" | "left" | "dropped" | "back" | "hand" | "segment" | "paused" | "resumed" | "ended"
 *   | "exercise" | "turn" | "next" | "room" | "call" | "agreement" | "milestone" | "chat" | "waiting" | "flag" | "asked" | "missed" | "dispute" | "answer", text: string}} Change
 */

/**
 * @param {any} before the view before, or null at first @param {any} after @returns {Change[]}
 */
export function changes(before, after) {
  if (!before || before.you.place !== "room" || after.you.place !== "room") return [];
  const moved = roomOf(before) !== roomOf(after); // who is here is said with the room, and what was written there was not written now
  return [...agenda(before.room, after.room), ...(moved ? [] : [...people(before, after), ...chat(before, after)]), ...rooms(before, after), ...round(before, after),
    ...own(before.you, after.you), ...staff(before, after)];
}

/** @param {any} before @param {any} after @returns {Change[]} */
function agenda(before, after) {
  const found = [];
  if (before.phase !== after.phase && after.phase === "ended") {
    found.push(change("ended", t("The session has ended.")));
  } else if (before.agenda.position !== after.agenda.position && after.agenda.position) {
    const now = after.agenda.segments.find((/** @type {any} */ one) => one.id === after.agenda.position);
    found.push(change("segment", t("Now: {part}.", { part: now?.title ?? "" })));
  }
  if ((before.exercise?.run ?? null) !== (after.exercise?.run ?? null)) {
    found.push(change("exercise", after.exercise ? t("Together now: {exercise}.", { exercise: after.exercise.title }) : t("The exercise is over. What you wrote is kept.")));
  }
  if ((before.agreement?.draft ?? null) === null && after.agreement?.draft) found.push(change("agreement", t("There is a new draft of our agreement to say yes to.")));
  if (before.agreement && before.agreement.version !== after.agreement?.version) found.push(change("agreement", t("Our agreement is kept.")));
  const marked = new Map((before.milestones ?? []).map((/** @type {any} */ one) => [one.person, one.text]));
  for (const one of after.milestones ?? []) {
    const name = after.people.find((/** @type {any} */ each) => each.person === one.person)?.name ?? t("Someone");
    if (marked.get(one.person) !== one.text) found.push(change("milestone", t("{name} wants to mark something: {text}", { name, text: one.text })));
  }
  if (!before.agenda.paused && after.agenda.paused) found.push(change("paused", t("The clock is paused.")));
  if (before.agenda.paused && !after.agenda.paused) found.push(change("resumed", t("The clock goes on.")));
  return found;
}

/** @param {any} view */
const roomOf = (view) => view.room.small_room?.room ?? null;

/** Where I am now, that all are called back, and that somebody calls. @param {any} before @param {any} after @returns {Change[]} */
function rooms(before, after) {
  const found = [];
  if (roomOf(before) !== roomOf(after)) found.push(change("room", after.room.small_room ? whereWords(after.room, after.you) : t("You are back with the group.")));
  else if (!before.room.small_room?.alone && after.room.small_room?.alone) {
    found.push(change("room", t("You are alone here just now. In a moment we bring you to others, or back to the group.")));
  }
  if (after.room.breakouts?.called && !before.room.breakouts?.called) found.push(change("room", t("You are called back to the group.")));
  const known = new Set((before.staff?.breakouts?.calls ?? []).map((/** @type {any} */ one) => one.person));
  for (const one of after.staff?.breakouts?.calls ?? []) {
    const name = after.staff.people.find((/** @type {any} */ each) => each.person === one.person)?.name ?? "";
    const number = numberOf(after.staff.breakouts, one.room);
    if (known.has(one.person)) continue;
    found.push(change("call", one.alone ? t("{name} would like to talk with somebody apart.", { name })
      : number ? t("{name} asks for a facilitator in room {n}.", { name, n: number }) : t("{name} asks for a facilitator.", { name })));
  }
  return found;
}

/** Whose turn it is, once a turn; that mine comes next, to me alone. @param {any} before @param {any} after @returns {Change[]} */
function round(before, after) {
  const [was, is] = [before.room.round ?? null, after.room.round ?? null];
  if (!is) return was ? [change("turn", t("The round is over."))] : [];
  const found = [];
  const names = new Map(after.room.people.map((/** @type {any} */ one) => [one.person, one.name]));
  if (was?.round !== is.round) found.push(change("turn", `${headline(is, after.you, names)}. ${questionOf(is)}`));
  else if (was.turn !== is.turn || was.now !== is.now) found.push(change("turn", `${headline(is, after.you, names)}.`.replace("..", ".")));
  if (after.you.turn?.place === "next" && before.you.turn?.place !== "next") found.push(change("next", t("You are next in the round. Passing is fine.")));
  return found;
}

/** @param {any} before @param {any} after @returns {Change[]} */
function people(before, after) {
  const self = after.you.person;
  const were = byPerson(before.room.people);
  const are = byPerson(after.room.people);
  const found = [];
  /** @type {string[][]} */
  const [joined, dropped, back, left] = [[], [], [], []];
  for (const person of are.values()) {
    const was = were.get(person.person);
    if (person.person === self) continue;
    if (!was) joined.push(person.name);
    else if (was.connected && !person.connected) dropped.push(person.name);
    else if (!was.connected && person.connected) back.push(person.name);
    if (was && was.hand === null && person.hand !== null) {
      found.push(change("hand", t("{name} raised a hand.", { name: person.name })));
    }
  }
  for (const person of were.values()) {
    if (!are.has(person.person) && person.person !== self) left.push(person.name);
  }
  if (joined.length) found.push(change("joined", many("{names} is here.", "{names} are here.", joined.length, { names: together(joined) })));
  if (dropped.length) found.push(change("dropped", many("{names} lost the connection.", "{names} lost the connection.", dropped.length, { names: together(dropped) })));
  if (back.length) found.push(change("back", many("{names} is back.", "{names} are back.", back.length, { names: together(back) })));
  if (left.length) found.push(change("left", t("{names} left.", { names: together(left) })));
  return found;
}

/** One sentence however many messages came, so that a lively chat does not talk over the group.
 * @param {any} before @param {any} after @returns {Change[]} */
function chat(before, after) {
  const known = new Set(allMessages(before).map((message) => message.id));
  const fresh = allMessages(after).filter((message) => !known.has(message.id) && message.person !== after.you.person);
  if (!fresh.length) return [];
  const last = fresh[fresh.length - 1];
  const text = fresh.length === 1 ? t("{name} wrote: {text}", { name: last.name, text: last.text }) : t("{n} new messages in the chat.", { n: fresh.length });
  return [change("chat", text)];
}

/** What is asked of me, and what became of what I asked. @param {any} before @param {any} after @returns {Change[]} */
function own(before, after) {
  const found = [];
  if (after.help === "away" && before.help !== "away") found.push(change("answer", t("Your facilitators’ line is down just now. Where to get help now stands at the top.")));
  if (after.still_here && before.still_here?.asked_at !== after.still_here.asked_at) {
    found.push(change("asked", t("Are you still here? Press I, or take part in any way.")));
  }
  const waited = new Set((before.disputes ?? []).filter((/** @type {any} */ one) => !one.answer).map((/** @type {any} */ one) => one.dispute));
  for (const one of after.disputes ?? []) {
    if (one.answer && waited.has(one.dispute)) found.push(change("answer", t("{name} answered about your minutes.", { name: one.answer.name })));
  }
  return found;
}

/** @param {any} before @param {any} after @returns {Change[]} */
function staff(before, after) {
  if (!after.staff || !before.staff) return [];
  const waited = new Set(waitingOf(before.staff).map((person) => person.person));
  const flagged = new Set(before.staff.flags.map((/** @type {any} */ flag) => flag.flag));
  const found = [];
  for (const person of waitingOf(after.staff)) {
    if (!waited.has(person.person)) found.push(change("waiting", t("{name} is waiting to come in.", { name: person.name })));
  }
  const missed = new Map(before.staff.people.map((/** @type {any} */ one) => [one.person, one.unanswered_at]));
  for (const person of after.staff.people) {
    if (person.unanswered_at && missed.get(person.person) !== person.unanswered_at) {
      found.push(change("missed", t("{name} did not answer whether they are still here.", { name: person.name })));
    }
  }
  const disputed = new Set((before.staff.disputes ?? []).map((/** @type {any} */ one) => one.dispute));
  for (const one of after.staff.disputes ?? []) {
    if (!disputed.has(one.dispute)) found.push(change("dispute", t("{name} says their minutes are not right.", { name: one.name })));
  }
  const inRoom = new Set(before.staff.people.filter((/** @type {any} */ one) => one.place === "room").map((/** @type {any} */ one) => one.person));
  const gone = new Set(after.staff.people.filter((/** @type {any} */ one) => one.place === "left").map((/** @type {any} */ one) => one.person));
  for (const flag of after.staff.flags) {
    if (!flagged.has(flag.flag)) found.push(change("flag", t("Safety: {name} needs you.", { name: flag.name })));
    else if (flag.disposition === null && inRoom.has(flag.person) && gone.has(flag.person)) {
      found.push(change("flag", t("Safety: {name} left. Where they are and whom to call stands at the top.", { name: flag.name })));
    }
  }
  return found;
}

/** Everything this person may read, oldest first. @param {any} view @returns {any[]} */
export function allMessages(view) {
  const seen = new Map();
  for (const message of [...view.room.chat, ...(view.you.chat ?? []), ...(view.staff?.chat ?? [])]) {
    seen.set(message.id, message);
  }
  return [...seen.values()].sort((a, b) => a.at - b.at || Number(a.id) - Number(b.id));
}

/** @param {any} staff @returns {any[]} those who wait, the longest wait first */
export function waitingOf(staff) {
  return staff.people
    .filter((/** @type {any} */ person) => person.place === "waiting")
    .sort((/** @type {any} */ a, /** @type {any} */ b) => (a.waiting_since ?? 0) - (b.waiting_since ?? 0));
}

/** A few by name; a crowd is a number. @param {string[]} names */
function together(names) {
  return names.length > NAMED_MAX ? t("{n} people", { n: names.length }) : listed(names);
}

/** @param {any[]} people */
function byPerson(people) {
  return new Map(people.map((person) => [person.person, person]));
}

/** @param {Change["kind"]} kind @param {string} text @returns {Change} */
function change(kind, text) {
  return { kind, text };
}
