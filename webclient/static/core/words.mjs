/**
 * Words in the language of the page. A message is its English text, written as one string in double quotes where it is
 * said, so that the catalogues find it (`webclient/README.md`, "Words").
 */

import { language, messages } from "/static/words.mjs";

const LOCALES = /** @type {Record<string, string>} */ ({ en: "en-US", es: "es-US" });

/** Whether there is anything to be said in other words than English. */
export const translates = Object.keys(messages).length > 0;

/** For times, numbers and lists. */
export const locale = LOCALES[language] ?? language;

const plurals = new Intl.PluralRules(locale);
const lists = new Intl.ListFormat(locale, { type: "conjunction" });

/** What a message is in this language; {names} in it are filled with values. @param {string} message @param {Record<string, unknown>} [values] */
export function t(message, values) {
  return fill(single(message), values);
}

/**
 * What the server made in English, and what it was made of where something was filled in (PROTOCOL.md, TOLD).
 * @typedef {{text: string, message?: string, values?: Record<string, string | Told>, at?: number, zone?: string, shape?: "day" | "time"}} Told
 */

const SHAPES = /** @type {Record<string, Intl.DateTimeFormatOptions>} */ ({
  day: { weekday: "long", day: "numeric", month: "long", year: "numeric" },
  time: { hour: "numeric", minute: "2-digit", second: "2-digit" },
});

/** What the server told, in this language; what people wrote into it stays as it is. @param {Told} said @returns {string} */
export function told({ text, message, values = {}, at, zone, shape }) {
  if (at !== undefined && shape && translates) {
    try {
      return new Intl.DateTimeFormat(locale, { ...SHAPES[shape], timeZone: zone }).format(at);
    } catch {
      return text; // a zone this browser does not know
    }
  }
  if (!message) return t(text);
  return t(message, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, typeof value === "string" ? value : told(value)])));
}

/** As many as there are: {n} in both messages is the number. @param {string} one @param {string} more @param {number} n @param {Record<string, unknown>} [values] */
export function many(one, more, n, values) {
  const found = messages[one];
  const forms = Array.isArray(found) ? found : [one, more];
  return fill(plurals.select(n) === "one" ? forms[0] : forms[forms.length - 1], { n, ...values });
}

/** A message with more than text in it, in the pieces that a template takes. @param {string} message @param {Record<string, unknown>} values */
export function rich(message, values) {
  return single(message).split(/\{(\w+)\}/).map((piece, index) => (index % 2 ? values[piece] : piece));
}

/** "Robin, Sam, and Alex". @param {string[]} texts */
export function listed(texts) {
  return lists.format(texts);
}

/** @param {string} message */
function single(message) {
  const found = messages[message] ?? message;
  return Array.isArray(found) ? found[0] : found;
}

/** @param {string} text @param {Record<string, unknown>} [values] */
function fill(text, values) {
  return values ? text.replace(/\{(\w+)\}/g, (_, name) => String(values[name])) : text;
}
