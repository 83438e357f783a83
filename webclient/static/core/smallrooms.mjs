/** Small rooms in words: where somebody is, with whom, and how long still. Pure. */

import { roughly } from "/static/core/clock.mjs";
import { listed, many, t } from "/static/core/words.mjs";

const LAST_MS = 60_000;

/** "Small room 2: you and Sam", for whoever is in it. @param {any} room @param {any} you */
export function whereWords(room, you) {
  const { small_room: small } = room;
  if (!small) return t("You are with the group.");
  const names = room.people.filter((/** @type {any} */ one) => one.person !== you.person && one.connected).map((/** @type {any} */ one) => one.name);
  if (small.side) return names.length ? t("You and {names}, apart from the group.", { names: listed(names) }) : t("You are apart from the group.");
  return names.length ? t("Small room {n}: you and {names}.", { n: small.number, names: listed(names) }) : t("Small room {n}.", { n: small.number });
}

/** How long the small rooms last still, calmly; the last minute by the second. @param {any} open @param {number} now */
export function timeLeft(open, now) {
  if (!open.ends_at) return t("Until you are called back.");
  const left = open.ends_at - now;
  if (left > LAST_MS) return t("{time} left", { time: roughly(left) });
  return many("Everybody is back in {n} second.", "Everybody is back in {n} seconds.", Math.max(0, Math.ceil(left / 1_000)));
}

/** What people call a small room. @param {any} breakouts the part of staff @param {string | null} room @returns {number | null} */
export function numberOf(breakouts, room) {
  const found = breakouts.rooms.find((/** @type {any} */ one) => one.room === room);
  return found && !found.side ? found.number : null;
}
