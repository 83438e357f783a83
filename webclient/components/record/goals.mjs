/** The goals of a person's treatment plan: those that this session worked on are pressed. A new one is written in place. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { icon } from "/static/core/icons.mjs";

import { createDialog } from "./dialog.mjs";
import { warnings } from "./fields.mjs";
import { wordsOf } from "./notebook.mjs";

/** @param {import("./record.mjs").Desk} desk */
export function createGoals(desk) {
  /** @type {Map<string, Set<string>>} by person: what was pressed here and is on its way */
  const pressed = new Map();
  /** @type {Map<string, Set<string>>} by person: new ones, to be pressed as soon as the room knows them */
  const fresh = new Map();
  /** @type {Map<string, string>} by person */
  const troubles = new Map();
  /** @type {Map<string, string>} by person: a goal being typed */
  const typed = new Map();
  const dialog = createDialog();

  /** @param {any} person */
  const addressed = (person) => pressed.get(person.person) ?? new Set(person.goals.addressed);

  /** @param {any} person @param {Set<string>} goals */
  async function address(person, goals) {
    pressed.set(person.person, goals);
    troubles.delete(person.person);
    desk.draw();
    try {
      const order = person.goals.known.map((/** @type {any} */ one) => one.goal).filter((/** @type {string} */ one) => goals.has(one));
      await desk.connection.send("address_goals", { person: person.person, goals: order, revision: person.goals.revision });
    } catch (refusal) {
      troubles.set(person.person, wordsOf(refusal));
    }
    if (pressed.get(person.person) === goals) pressed.delete(person.person);
    desk.draw();
  }

  /** @param {any} person @param {string} goal @param {boolean} on */
  function press(person, goal, on) {
    const goals = new Set(addressed(person));
    if (on) goals.add(goal);
    else goals.delete(goal);
    void address(person, goals);
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
      fresh.set(person.person, new Set([...(fresh.get(person.person) ?? []), goal]));
      pressFresh();
    } catch (refusal) {
      troubles.set(person.person, wordsOf(refusal));
    }
    desk.draw();
  }

  /** A goal that was just written was worked on; the room knows it a moment later. */
  function pressFresh() {
    for (const person of desk.view().record.people) {
      const waiting = fresh.get(person.person);
      if (!waiting || person.signed) continue;
      const known = person.goals.known.filter((/** @type {any} */ one) => waiting.has(one.goal));
      if (known.length < waiting.size) continue;
      fresh.delete(person.person);
      void address(person, new Set([...addressed(person), ...waiting]));
    }
  }

  /** @param {any} person */
  function manage(person) {
    let trouble = "";
    /** @param {string} goal @param {{text?: string, ended?: boolean}} change */
    async function change(goal, change) {
      try {
        await desk.notebook.changeGoal(person.person, goal, change);
        trouble = change.ended ? "That goal has ended. Notes that name it keep it." : "Changed.";
      } catch (refusal) {
        trouble = wordsOf(refusal);
      }
      dialog.draw(contents());
    }
    const contents = () => ({
      title: `Goals of ${person.name}`,
      body: html`<p class="soft">As in the treatment plan. Signed notes keep the words they were signed with.</p>
        <ul class="plain stack">${person.goals.known.map((/** @type {any} */ one) => html`<li><form class="goal-edit" @submit=${(/** @type {SubmitEvent} */ event) => {
          event.preventDefault();
          const text = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("text")).trim();
          if (text && text !== one.text) void change(one.goal, { text });
        }}>
          <input name="text" aria-label="Goal" maxlength="500" .value=${one.text}>
          <button class="button" type="submit">Change</button>
          <button class="button quiet" type="button" @click=${() => change(one.goal, { ended: true })}>Ended</button>
        </form></li>`)}</ul>
        <p role="status">${trouble}</p>`,
    });
    dialog.show(contents());
  }

  return {
    /** @param {any} person */
    chips(person) {
      const { known } = person.goals;
      const on = addressed(person);
      return html`<section class="goals" aria-labelledby="goals-title">
        <div class="note-field-head">
          <h3 id="goals-title">Goals worked on</h3>
          ${known.length ? html`<button class="link record-saved" type="button" @click=${() => manage(person)}>Change goals</button>` : nothing}
        </div>
        <div class="choices" role="group" aria-labelledby="goals-title">
          ${known.map((/** @type {any} */ one) => html`<label class="choice goal"><input type="checkbox" .checked=${live(on.has(one.goal))}
            ?disabled=${!desk.mayWrite} @change=${(/** @type {Event} */ event) => press(person, one.goal, /** @type {HTMLInputElement} */ (event.target).checked)}>
            <span>${one.text}</span></label>`)}
          <form class="goal-new" @submit=${(/** @type {SubmitEvent} */ event) => add(event, person)}>
            <input id="goal-new" maxlength="500" autocomplete="off" aria-label=${`A new goal for ${person.name}`}
              placeholder=${known.length ? "Another goal" : "A goal of the treatment plan"} .value=${live(typed.get(person.person) ?? "")}
              @input=${(/** @type {Event} */ event) => {
                typed.set(person.person, /** @type {HTMLInputElement} */ (event.target).value);
                desk.draw();
              }}>
            ${typed.get(person.person)?.trim() ? html`<button class="button" type="submit">${icon("plus")} Add</button>` : nothing}
          </form>
        </div>
        ${troubles.has(person.person) ? html`<p class="error" role="alert">${troubles.get(person.person)}</p>` : nothing}
        ${warnings(person.warnings.filter((/** @type {any} */ one) => one.field === "goals"), desk)}
      </section>`;
    },

    /** The room has something new to say. */
    seen: pressFresh,

    /** Is a goal typed that was not added? */
    unsaved: () => [...typed.values()].some((text) => text.trim() !== ""),
  };
}
