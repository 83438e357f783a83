/** Signing, as the last step downward: what it does, what is still lacking, and then the next person. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";
import { whyNot } from "/static/core/refusals.mjs";
import { t, rich } from "/static/core/words.mjs";

import { warnings } from "./fields.mjs";
import { GROUP } from "./group.mjs";
import { attended, dueWords, inMinutes } from "./words.mjs";

/** @param {import("./record.mjs").Desk} desk */
export function createSigning(desk) {
  const { notes } = desk;
  /** @type {string | null} whose note is being signed */
  let signing = null;
  /** @type {Map<string, string>} by person: why it was refused */
  const refusals = new Map();
  /** @type {Set<string>} people whose note was tried to be signed: what lacks is said at its field */
  const tried = new Set();

  const sections = () => desk.view().record.format.sections;
  /** The texts of a person's own note. @param {any} person */
  const texts = (person) => sections().length
    ? sections().map((/** @type {any} */ one) => notes.of(person.person, one.id))
    : [notes.of(person.person)];

  /** What is required and has not a word: ids of sections, or "text". @param {any} person @returns {string[]} */
  function lacking(person) {
    if (!attended(person)) return [];
    if (!sections().length) return notes.of(person.person).text.trim() ? [] : ["text"];
    return sections()
      .filter((/** @type {any} */ one) => one.required && !notes.of(person.person, one.id).text.trim())
      .map((/** @type {any} */ one) => one.id);
  }

  /** @param {any} person */
  const maySign = (person) => desk.mayWrite && !person.signed && !person.blocked && desk.view().record.status !== "open";

  /** @param {any} person */
  async function sign(person) {
    if (signing || !maySign(person)) return;
    const gaps = lacking(person);
    if (gaps.length) {
      tried.add(person.person);
      desk.draw();
      desk.focusField(person, gaps[0]);
      return;
    }
    signing = person.person;
    refusals.delete(person.person);
    desk.draw();
    try {
      const group = notes.of(GROUP);
      const own = [notes.of(person.person), ...texts(person)];
      await Promise.all([group, ...own].map((note) => notes.settled(note)));
      if ([group, ...own].some((note) => note.conflict)) throw { text: t("Two versions of a text are open. Choose one above, then sign.") };
      const trouble = [group, ...own].map((note) => note.trouble).find(Boolean);
      if (trouble) throw { text: trouble };
      await desk.pin.send("sign_note", {
        person: person.person,
        group_revision: group.base,
        person_revision: notes.of(person.person).base,
        sections: Object.fromEntries(sections().map((/** @type {any} */ one) => [one.id, notes.of(person.person, one.id).base])),
        goals_revision: desk.personOf(person.person).goals.revision,
      });
      signing = null;
      desk.chooseAfter(person);
    } catch (refusal) {
      if (/** @type {any} */ (refusal).code !== "gave_up") refusals.set(person.person, whyNot(refusal));
    }
    signing = null;
    desk.draw();
  }

  return {
    sign,
    maySign,
    lacking,
    /** Is it said at the field that it lacks words? @param {any} person @param {string} field */
    said: (person, field) => tried.has(person.person) && lacking(person).includes(field),

    /** @param {any} person */
    box(person) {
      const { record, room, now } = desk.view();
      if (!desk.mayWrite) return html`<p class="notice plain">${t("You can read this note. A facilitator signs it.")}</p>`;
      const why = record.status === "open"
        ? t("You can sign when the session has ended.")
        : person.blocked
          ? t("A safety answer of {name} is still open. Say above what was done; then you can sign.", { name: person.name })
          : null;
      const fields = ["goals", "text", ...sections().map((/** @type {any} */ one) => one.id)];
      const elsewhere = person.warnings.filter((/** @type {any} */ one) => !fields.includes(one.field));
      return html`<section class="record-sign" aria-label=${t("Sign")}>
        ${warnings(elsewhere, desk)}
        <p id="sign-means">${attended(person)
          ? rich("Signing freezes this note and posts {minutes} to {name}’s hours (rule {id}, {version}).", {
              minutes: html`<strong class="figures">${inMinutes(person.countable_min)}</strong>`, name: person.name, id: record.rules.id, version: record.rules.version,
            })
          : t("Signing says that {name} did not attend; no minutes are counted.", { name: person.name })}
          ${t("You can add to it afterwards, not change it.")}</p>
        ${why ? html`<p class="soft">${why}</p>` : nothing}
        ${refusals.has(person.person) ? html`<p class="notice" role="alert">${refusals.get(person.person)}</p>` : nothing}
        <div class="row">
          <button class="button primary large" type="button" aria-describedby="sign-means" ?disabled=${why !== null || signing !== null}
            @click=${() => sign(person)}>${icon("pen-line")} ${signing === person.person ? t("Signing…") : t("Sign and go on")}</button>
          ${person.due_at === null ? nothing : html`<span class="soft" data-overdue=${String(person.overdue)}>${dueWords(person.due_at, now, room.zone)}</span>`}
        </div>
      </section>`;
    },
  };
}
