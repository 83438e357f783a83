/** Times, lengths and states of a record in words. Pure. */

import { locale, many, t } from "/static/core/words.mjs";

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {string} zone @param {Intl.DateTimeFormatOptions} shape */
function format(zone, shape) {
  const key = zone + JSON.stringify(shape);
  let found = formats.get(key);
  if (!found) {
    try {
      found = new Intl.DateTimeFormat(locale, { ...shape, timeZone: zone });
    } catch {
      found = new Intl.DateTimeFormat(locale, shape); // a zone this browser does not know: its own will do
    }
    formats.set(key, found);
  }
  return found;
}

/** @type {Intl.DateTimeFormatOptions} */
const CLOCK = { hour: "numeric", minute: "2-digit" };

/** "6:40 PM" @param {number} instant @param {string} zone */
export const timeOf = (instant, zone) => format(zone, CLOCK).format(instant);

/** "6:40:05 PM" @param {number} instant @param {string} zone */
export const exactTimeOf = (instant, zone) => format(zone, { ...CLOCK, second: "2-digit" }).format(instant);

/** "Tuesday, November 21, 2026" @param {number} instant @param {string} zone */
export const dayOf = (instant, zone) =>
  format(zone, { weekday: "long", month: "long", day: "numeric", year: "numeric" }).format(instant);

/** "Nov 21, 2026, 8:04 PM" @param {number} instant @param {string} zone */
export const momentOf = (instant, zone) =>
  format(zone, { month: "short", day: "numeric", year: "numeric", ...CLOCK }).format(instant);

/** To the second: "2 h 51 min 3 s", "45 s", "0 s". @param {number} ms */
export function lasting(ms) {
  const seconds = Math.floor(Math.max(0, ms) / 1000);
  const parts = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor((seconds % 3600) / 60), "min"],
    [seconds % 60, "s"],
  ].filter(([count]) => count);
  return parts.length ? parts.map(([count, unit]) => `${count} ${unit}`).join(" ") : "0 s";
}

/**
 * The instant within `range` at which the clock on the wall of `zone` shows "6:40 PM", "6:40:05 PM" or "18:40"; null: there
 * is none. A time before one o'clock that nobody called morning is looked for in the afternoon too. Where clocks are set back
 * and it shows that twice, the first.
 * @param {string} text @param {string} zone @param {[number, number]} range  [from, to], less than a day
 */
export function instantAt(text, zone, [from, to]) {
  const found = /^([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?\s*(?:([ap])\.?\s?m\.?)?$/i.exec(text.trim());
  if (!found) return null;
  const [hour, half] = [Number(found[1]), found[4]?.toLowerCase()];
  if (half && (hour < 1 || hour > 12)) return null;
  const hours = half ? [(hour % 12) + (half === "p" ? 12 : 0)] : hour < 12 ? [hour, hour + 12] : [hour];
  for (const each of hours) {
    const instant = shownAt([String(each).padStart(2, "0"), found[2], found[3] ?? "00"].join(":"), zone, [from, to]);
    if (instant !== null) return instant;
  }
  return null;
}

/** @param {string} sought "18:40:05" @param {string} zone @param {[number, number]} range @returns {number | null} */
function shownAt(sought, zone, [from, to]) {
  const start = Math.floor(from / 1000) * 1000; // the second that `from` lies in shows its own time
  const ahead = secondsOf(sought) - secondsOf(onTheDot(start, zone));
  for (const hours of [-1, 0, 1, 23, 24, 25]) { // a clock that is changed in between is an hour off
    const at = start + (ahead + hours * 3600) * 1000;
    if (at >= start && at <= to && onTheDot(at, zone) === sought) return Math.max(at, from);
  }
  return null;
}

/** "18:40:05", to compare. @param {number} instant @param {string} zone */
const onTheDot = (instant, zone) =>
  format(zone, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(instant);

/** @param {string} time "18:40:05" */
function secondsOf(time) {
  const [hours, minutes, seconds] = time.split(":").map(Number);
  return (hours * 60 + minutes) * 60 + seconds;
}

/** Whole minutes, the seconds dropped. @param {number} ms */
export const minutesOf = (ms) => Math.floor(Math.max(0, ms) / 60_000);

/** "1 minute", "171 minutes" @param {number} count */
export const inMinutes = (count) => many("{n} minute", "{n} minutes", count);

/** "5 min", "3 h", "2 days": how long about, for what is still to come or overdue. @param {number} ms */
function about(ms) {
  const minutes = Math.max(1, Math.round(ms / 60_000));
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 96 ? `${hours} h` : many("{n} day", "{n} days", Math.round(hours / 24));
}

/** "Due Nov 24, 2026, 20:16, in 48 h" @param {number} due @param {number} now @param {string} zone */
export const dueWords = (due, now, zone) =>
  due >= now
    ? t("Due {moment}, in {time}", { moment: momentOf(due, zone), time: about(due - now) })
    : t("Was due {moment}, {time} ago", { moment: momentOf(due, zone), time: about(now - due) });

/** Were they in the group, as seen or as corrected? @param {any} person of a record */
export const attended = (person) => person.present_ms > 0 || person.pieces.some((/** @type {any} */ one) => one.stands);

/**
 * @typedef {"expected" | "blocked" | "absent" | "not_started" | "in_progress" | "to_sign" | "returned" | "to_cosign" | "done"} Status
 *
 * @typedef {object} Look  how a status is shown: in words, and in a drawing beside them
 * @property {string} words
 * @property {string} icon
 * @property {"" | "accent" | "moss" | "clay" | "danger"} tone
 */

/** @type {Record<Status, Look>} */
const LOOKS = {
  expected: { words: t("Not here yet"), icon: "clock", tone: "" },
  blocked: { words: t("Safety answer open"), icon: "shield-alert", tone: "danger" },
  absent: { words: t("Absent, to sign"), icon: "minus", tone: "accent" },
  not_started: { words: t("Not started"), icon: "circle-dashed", tone: "" },
  in_progress: { words: t("In progress"), icon: "circle-dot-dashed", tone: "" },
  to_sign: { words: t("Ready to sign"), icon: "pen-line", tone: "accent" },
  returned: { words: t("Sent back"), icon: "corner-up-left", tone: "clay" },
  to_cosign: { words: t("To co-sign"), icon: "check", tone: "accent" },
  done: { words: t("Signed"), icon: "check", tone: "moss" },
};

/** @param {any} person of a record @param {boolean} open  the session is not over yet @returns {Status} */
export function statusOf(person, open) {
  if (open && !attended(person)) return "expected";
  if (open && person.work === "to_sign") return "in_progress";
  if (person.blocked) return "blocked";
  if (person.work === "to_sign" && !attended(person)) return "absent";
  return person.work;
}

/** @param {Status} status @param {boolean} [overdue] @returns {Look} */
export function lookOf(status, overdue = false) {
  const look = LOOKS[status];
  return overdue ? { ...look, words: t("{state}, overdue", { state: look.words }), tone: look.tone || "clay" } : look;
}
