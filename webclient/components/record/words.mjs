/** Times, lengths and states of a record in words. Pure. */

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {string} zone @param {Intl.DateTimeFormatOptions} shape */
function format(zone, shape) {
  const key = zone + JSON.stringify(shape);
  let found = formats.get(key);
  if (!found) {
    try {
      found = new Intl.DateTimeFormat("en-US", { ...shape, timeZone: zone });
    } catch {
      found = new Intl.DateTimeFormat("en-US", shape); // a zone this browser does not know: its own will do
    }
    formats.set(key, found);
  }
  return found;
}

/** A record counts its hours as its facts do, from 0 to 23. @type {Intl.DateTimeFormatOptions} */
const CLOCK = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

/** "18:40" @param {number} instant @param {string} zone */
export const timeOf = (instant, zone) => format(zone, CLOCK).format(instant);

/** "18:40:05" @param {number} instant @param {string} zone */
export const exactTimeOf = (instant, zone) => format(zone, { ...CLOCK, second: "2-digit" }).format(instant);

/** "Tuesday, November 21, 2026" @param {number} instant @param {string} zone */
export const dayOf = (instant, zone) =>
  format(zone, { weekday: "long", month: "long", day: "numeric", year: "numeric" }).format(instant);

/** "Nov 21, 2026, 20:04" @param {number} instant @param {string} zone */
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

/** Whole minutes, the seconds dropped. @param {number} ms */
export const minutesOf = (ms) => Math.floor(Math.max(0, ms) / 60_000);

/** "1 minute", "171 minutes" @param {number} count */
export const inMinutes = (count) => `${count} ${count === 1 ? "minute" : "minutes"}`;

/**
 * @typedef {"signed" | "blocked" | "away" | "ready" | "to_write"} Status
 */

/** @param {any} person of a record @param {string} text their note as it stands in this browser @returns {Status} */
export function statusOf(person, text) {
  if (person.signed) return "signed";
  if (person.blocked) return "blocked";
  if (text.trim()) return "ready";
  return person.present_ms === 0 ? "away" : "to_write";
}

/** @type {Record<Status, string>} */
const STATUS_WORDS = {
  signed: "Signed",
  blocked: "Safety answer open",
  away: "Absent, to sign",
  ready: "Ready to sign",
  to_write: "To write",
};

/** @param {Status} status @param {boolean} open  the session is not over yet */
export function statusWords(status, open) {
  if (!open) return STATUS_WORDS[status];
  return { ...STATUS_WORDS, away: "Not here yet", ready: "Begun" }[status];
}

/**
 * Whose note reads almost the same? Identical notes are a frequent reason for a payer to say no.
 * @param {string} text @param {{name: string, text: string}[]} others @returns {string | null} a name
 */
export function twinOf(text, others) {
  const mine = wordsOf(text);
  if (mine.size < 8) return null;
  for (const other of others) {
    const theirs = wordsOf(other.text);
    const common = [...mine].filter((word) => theirs.has(word)).length;
    if (common / (mine.size + theirs.size - common) > 0.85) return other.name;
  }
  return null;
}

/** @param {string} text */
const wordsOf = (text) => new Set(text.toLowerCase().match(/\p{L}+/gu) ?? []);
