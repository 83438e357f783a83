/** Who can see and hear this group: what encryption does here, for whom it is, and how to make sure of it. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { until } from "/vendor/lit-html/directives/until.js";
import { icon } from "/static/core/icons.mjs";
import { listed, t } from "/static/core/words.mjs";

/**
 * @param {{shelter: any, people: {person: string, name: string}[]}} shape  `people`: those in the room
 */
export function privacy({ shelter, people }) {
  const name = (/** @type {string} */ person) => people.find((one) => one.person === person)?.name ?? t("Somebody who is not in the list");
  return html`<h2 id="dialog-title">${t("Who can see and hear this group")}</h2>
    ${WORDS[/** @type {keyof typeof WORDS} */ (shelter.state)]({ shelter, name })}
    <p class="soft">${t("Nothing is ever recorded. Chat, forms and notes are kept by your program, as its records need.")}</p>`;
}

/** One promise as long as the group is the same: a code takes the browser a moment. */
let asked = { members: /** @type {unknown} */ (null), code: /** @type {Promise<unknown>} */ (Promise.resolve("")) };

/** @param {any} shelter */
function code(shelter) {
  if (asked.members !== shelter.members) {
    const code = shelter.code().then((/** @type {string | null} */ words) => words ?? t("Not yet. One moment."));
    asked = { members: shelter.members, code };
  }
  return until(asked.code, t("One moment…"));
}

const WORDS = {
  starting: () => html`<p>${t("Your browser is agreeing on keys with the others. Nothing is sent before that is done.")}</p>`,

  sealed: (/** @type {any} */ { shelter, name }) => html`
    <p>${icon("lock")} <strong>${t("Only the people in this room.")}</strong> ${t("Sound and pictures are locked on your device and unlocked on theirs (end-to-end encryption). The server passes them on and cannot open them.")}</p>
    <section class="stack tight" aria-labelledby="code-title">
      <h3 id="code-title">${t("To be sure")}</h3>
      <p>${t("One of you reads these numbers out. If all of you see the same, nobody stands in between. They are new whenever somebody comes or goes.")}</p>
      <p class="room-code figures" data-code>${code(shelter)}</p>
    </section>
    <section class="stack tight" aria-labelledby="holders-title">
      <h3 id="holders-title">${t("Who holds the keys")}</h3>
      <p>${t("Nobody else sees and hears you. If somebody stands here whom you do not know, or one device too many, tell your group.")}</p>
      <ul class="plain">${[...shelter.people].map(([person, { devices }]) => html`<li>${name(person)}${devices > 1 ? html` <span class="soft">${t("on {n} devices", { n: devices })}</span>` : nothing}</li>`)}</ul>
    </section>`,

  open: (/** @type {any} */ { shelter, name }) => html`
    <p>${icon("lock-open")} <strong>${t("The people in this room, and the server if it wanted to.")}</strong> ${t("Sound and pictures are encrypted on their way, but not locked from end to end: {who} cannot do that. An up-to-date browser can.", { who: unable(shelter, name) })}</p>
    <p>${t("As soon as everybody’s browser can, they are locked again by themselves.")}</p>`,

  shut: () => html`
    <p>${icon("lock")} <strong>${t("You have no sound and no pictures.")}</strong> ${t("Your program locks them from end to end, and your browser cannot do that. An up-to-date browser can. Chat works, and your minutes count.")}</p>`,
};

/** @param {any} shelter @param {(person: string) => string} name */
function unable(shelter, name) {
  const people = [...shelter.people].filter(([, { able }]) => !able).map(([person]) => t("the browser of {name}", { name: name(person) }));
  return people.length ? listed(people) : t("your browser");
}
