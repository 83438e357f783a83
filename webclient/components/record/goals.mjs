/** The goals of a person's treatment plan: those that this session worked on are pressed. A new one is written in place. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { icon } from "/static/core/icons.mjs";
import { whyNot } from "/static/core/refusals.mjs";
import { t } from "/static/core/words.mjs";

import { createDialog } from "./dialog.mjs";
import { warnings } from "./fields.mjs";

/**
 * @typedef {object} Wish  what was pressed here, until the room has it
 * @property {Set<string>} goals
 * @property {number | null} sent  the revision upon which it was sent
 * @property {string | null} again  a goal to be chosen anew afterwards
 */

/** @param {import("./record.mjs").Desk} desk */
export function createGoals(desk) {
  /** @type {Map<string, Wish>} by person */
  const wishes = new Map();
  /** @type {Set<string>} goals that were written here and that the room may not know yet */
  const fresh = new Set();
  /** @type {Map<string, string>} by person */
  const troubles = new Map();
  /** @type {Map<string, string>} by person: a goal being typed */
  const typed = new Map();
  /** @type {Set<string>} goals that their people see themselves */
  let agreed = new Set();
  const dialog = createDialog();
  /** The contents of the open window, drawn anew with each view. @type {() => import("./dialog.mjs").Contents} */
  let contents;

  /** As wished, else as the room has it. @param {any} person @returns {Set<string>} */
  const addressed = (person) => wishes.get(person.person)?.goals ?? new Set(person.goals.addressed);

  /** @param {any} person @param {Set<string>} goals @param {string | null} [again] */
  function wish(person, goals, again = null) {
    troubles.delete(person.person);
    wishes.set(person.person, { goals, sent: wishes.get(person.person)?.sent ?? null, again });
    settle(person);
    desk.draw();
  }

  /**
   * Bring the room to what is wished, one choice at a time: each is made upon the one before.
   * @param {any} person as the last view has them
   */
  function settle(person) {
    const wished = wishes.get(person.person);
    if (!wished) return;
    const { known, addressed: now, revision } = person.goals;
    if (person.signed || (wished.goals.size === now.length && now.every((/** @type {string} */ goal) => wished.goals.has(goal)))) {
      wishes.delete(person.person);
      if (wished.again && !person.signed) wish(person, new Set([...wished.goals, wished.again]));
      return;
    }
    const order = known.map((/** @type {any} */ one) => one.goal).filter((/** @type {string} */ one) => wished.goals.has(one));
    if (wished.sent === revision || [...wished.goals].some((goal) => fresh.has(goal) && !order.includes(goal))) return;
    wished.sent = revision;
    desk.connection.send("address_goals", { person: person.person, goals: order, revision }).catch((refusal) => {
      wishes.delete(person.person);
      troubles.set(person.person, whyNot(refusal));
      desk.draw();
    });
  }

  /** @param {any} person @param {string} goal @param {boolean} on */
  function press(person, goal, on) {
    const goals = new Set(addressed(person));
    if (on) goals.add(goal);
    else goals.delete(goal);
    wish(person, goals);
  }

  /** @param {SubmitEvent} event @param {any} person */
  async function add(event, person) {
    event.preventDefault();
    const text = (typed.get(person.person) ?? "").trim();
    if (!text) return;
    try {
      const { goal } = await desk.notebook.addGoal(person.person, text);
      typed.delete(person.person);
      troubles.delete(person.person);
      fresh.add(goal);
      press(desk.personOf(person.person), goal, true); // a goal that was just written was worked on
    } catch (refusal) {
      troubles.set(person.person, whyNot(refusal));
    }
    desk.draw();
  }

  /** @param {string} id of a person */
  function manage(id) {
    let trouble = "";
    /** @param {string} goal @param {{text?: string, ended?: boolean, agreed?: boolean}} change */
    async function change(goal, change) {
      const person = desk.personOf(id);
      try {
        await desk.notebook.changeGoal(id, goal, change);
        if (change.agreed !== undefined) agreed = new Set(change.agreed ? [...agreed, goal] : [...agreed].filter((one) => one !== goal));
        trouble = change.ended ? t("That goal has ended. Notes that name it keep it.") : t("Changed.");
        const goals = addressed(person);
        if (change.text && goals.has(goal)) {
          wish(person, new Set([...goals].filter((one) => one !== goal)), goal); // chosen anew, in its new words
        }
      } catch (refusal) {
        trouble = whyNot(refusal);
      }
      dialog.draw(contents());
    }
    contents = () => {
      const person = desk.personOf(id);
      return {
        title: t("Goals of {name}", { name: person.name }),
        body: html`<p class="soft">${t("As in the treatment plan. Signed notes keep the words they were signed with.")}</p>
          <ul class="plain stack">${person.goals.known.map((/** @type {any} */ one) => html`<li><form class="goal-edit" @submit=${(/** @type {SubmitEvent} */ event) => {
            event.preventDefault();
            const text = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("text")).trim();
            if (text && text !== one.text) void change(one.goal, { text });
          }}>
            <input name="text" aria-label=${t("Goal")} maxlength="500" .value=${one.text}>
            <button class="button" type="submit">${t("Change")}</button>
            <button class="button quiet" type="button" @click=${() => change(one.goal, { ended: true })}>${t("Ended")}</button>
            <label class="choice goal-agreed"><input type="checkbox" .checked=${live(agreed.has(one.goal))}
              @change=${(/** @type {Event} */ event) => change(one.goal, { agreed: /** @type {HTMLInputElement} */ (event.target).checked })}>
              <span>${t("Agreed with {name}, who sees it under Progress", { name: person.name })}</span></label>
          </form></li>`)}</ul>
          <p role="status">${trouble}</p>`,
      };
    };
    dialog.show(contents());
  }

  return {
    /** @param {any} person */
    chips(person) {
      const { known } = person.goals;
      const on = addressed(person);
      return html`<section class="goals" aria-labelledby="goals-title">
        <div class="note-field-head">
          <h3 id="goals-title">${t("Goals worked on")}</h3>
          ${known.length ? html`<button class="link record-saved" type="button" @click=${() => manage(person.person)}>${t("Change goals")}</button>` : nothing}
        </div>
        <div class="choices" role="group" aria-labelledby="goals-title">
          ${known.map((/** @type {any} */ one) => html`<label class="choice goal"><input type="checkbox" .checked=${live(on.has(one.goal))}
            ?disabled=${!desk.mayWrite} @change=${(/** @type {Event} */ event) => press(person, one.goal, /** @type {HTMLInputElement} */ (event.target).checked)}>
            <span>${one.text}</span></label>`)}
          <form class="goal-new" @submit=${(/** @type {SubmitEvent} */ event) => add(event, person)}>
            <input id="goal-new" maxlength="500" autocomplete="off" aria-label=${t("A new goal for {name}", { name: person.name })}
              placeholder=${known.length ? t("Another goal") : t("A goal of the treatment plan")} .value=${live(typed.get(person.person) ?? "")}
              @input=${(/** @type {Event} */ event) => {
                typed.set(person.person, /** @type {HTMLInputElement} */ (event.target).value);
                desk.draw();
              }}>
            ${typed.get(person.person)?.trim() ? html`<button class="button" type="submit">${icon("plus")} ${t("Add")}</button>` : nothing}
          </form>
        </div>
        ${troubles.has(person.person) ? html`<p class="error" role="alert">${troubles.get(person.person)}</p>` : nothing}
        ${warnings(person.warnings.filter((/** @type {any} */ one) => one.field === "goals"), desk)}
      </section>`;
    },

    /** @param {string[]} goals those that their people see themselves */
    known(goals) {
      agreed = new Set(goals);
      if (dialog.open) dialog.draw(contents());
    },

    /** The room has something new to say. */
    seen() {
      for (const person of desk.people()) settle(person);
      if (dialog.open) dialog.draw(contents());
    },

    /** Is a goal typed that was not added? */
    unsaved: () => [...typed.values()].some((text) => text.trim() !== ""),
  };
}
