/**
 * Times in the words people use. Pure: instants and durations in milliseconds go in, text comes out.
 */

import { locale, many, t } from "./words.mjs";

const MINUTE = 60_000;

/** How long, softly: "about 12 minutes", "about 1 hour 5 minutes", "less than a minute". @param {number} ms */
export function roughly(ms) {
  const minutes = Math.round(Math.max(0, ms) / MINUTE);
  if (minutes < 1) return t("less than a minute");
  return t("about {time}", { time: hoursAndMinutes(minutes) });
}

/** "12 minutes", "1 hour 5 minutes": whole minutes, the seconds dropped. @param {number} ms */
export function inMinutes(ms) {
  return hoursAndMinutes(Math.floor(Math.max(0, ms) / MINUTE));
}

/** Short, for a column of figures: "1 h 05", "47 min". @param {number} ms */
export function shortly(ms) {
  const minutes = Math.floor(Math.max(0, ms) / MINUTE);
  const hours = Math.floor(minutes / 60);
  return hours ? `${hours} h ${String(minutes % 60).padStart(2, "0")}` : `${minutes} min`;
}

/** "4:32", for a countdown that is looked at from across the kitchen. @param {number} ms */
export function countdown(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** "6:40 PM" on the room's wall clock. @param {number} instant @param {string} [zone] IANA name; without one the clock of this browser */
export function wallTime(instant, zone) {
  return formatOf(zone).format(instant);
}

/**
 * "6:00 PM"; where this browser's clock says something else, "6:00 PM in New York, which is 3:00 PM by your clock".
 * @param {number} instant @param {string} zone an IANA name
 */
export function bothTimes(instant, zone) {
  const [there, here] = [wallTime(instant, zone), wallTime(instant)];
  if (there === here) return there;
  const place = (zone.split("/").pop() ?? zone).replaceAll("_", " ");
  return t("{clock} in {place}, which is {own} by your clock", { clock: there, place, own: here });
}

/** "November 24, 2026". @param {string} day "2026-11-24" */
export function dayOf(day) {
  return new Intl.DateTimeFormat(locale, { dateStyle: "long", timeZone: "UTC" }).format(new Date(`${day}T12:00:00Z`));
}

/** @param {number} minutes */
function hoursAndMinutes(minutes) {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  const words = [];
  if (hours) words.push(many("{n} hour", "{n} hours", hours));
  if (rest || !hours) words.push(many("{n} minute", "{n} minutes", rest));
  return words.join(" ");
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map();

/** @param {string} [zone] */
function formatOf(zone) {
  let format = formats.get(zone ?? "");
  if (!format) {
    /** @type {Intl.DateTimeFormatOptions} */
    const shape = { hour: "numeric", minute: "2-digit" };
    try {
      format = new Intl.DateTimeFormat(locale, { ...shape, timeZone: zone });
    } catch {
      format = new Intl.DateTimeFormat(locale, shape); // a zone this browser does not know: its own will do
    }
    formats.set(zone ?? "", format);
  }
  return format;
}

/**
 * The state of the segment that runs, from the agenda of a view.
 * @param {any} agenda @param {number} now by the server's clock
 * @returns {{segment: any, left: number | null, over: number, share: number} | null}
 *   `left` ms until its planned end (null: not known), `over` ms beyond it, `share` 0…1 of it done
 */
export function present(agenda, now) {
  const segment = agenda.segments.find((/** @type {any} */ one) => one.id === agenda.position);
  if (!segment) return null;
  const left = agenda.paused ? agenda.left_ms : agenda.ends_at === null ? null : agenda.ends_at - now;
  const share = left === null || segment.planned_ms <= 0 ? 0 : 1 - left / segment.planned_ms;
  return { segment, left, over: left === null ? 0 : Math.max(0, -left), share: Math.min(1, Math.max(0, share)) };
}

/**
 * Live minutes: what the view said, plus what has passed since, while they run.
 * @param {{present_ms: number, counted_ms: number, running: boolean, since: number, counting: boolean}} minutes
 * @param {number} now @returns {{present: number, counted: number}} milliseconds
 */
export function liveMinutes(minutes, now) {
  const more = minutes.running ? Math.max(0, now - minutes.since) : 0;
  return { present: minutes.present_ms + more, counted: minutes.counted_ms + (minutes.counting ? more : 0) };
}
