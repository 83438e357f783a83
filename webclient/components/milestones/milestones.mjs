/**
 * Milestones in the room: what somebody chose to show the group, with one calm way to be glad with them; and, for a
 * participant, their own marks to choose from. Marks come over a way of their own and are nobody else's.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { icon } from "/static/core/icons.mjs";
import { whyNot } from "/static/core/refusals.mjs";
import { many, t } from "/static/core/words.mjs";

const TEXT_MAX = 120;

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, act, connection, memory } = context;
  const speaks = boot.role === "participant" || ["facilitator", "cofacilitator"].includes(boot.role);
  const leads = speaks && boot.role !== "participant";
  let view = /** @type {any} */ (null);
  let typed = memory.get("milestone") ?? "";
  let problem = "";
  /** @type {string[] | null} */
  let marks = null;

  /** One's own marks, once somebody looks for them: they are on no view. */
  async function look() {
    if (marks !== null || !boot.milestones) return;
    marks = [];
    try {
      const answer = await fetch(boot.milestones, { credentials: "same-origin", cache: "no-store" });
      if (answer.ok) marks = (await answer.json()).texts;
    } catch {
      marks = null; // the line is down: looked for again the next time
    }
    draw();
  }

  function draw() {
    const shown = view?.room.milestones ?? [];
    root.hidden = !view || view.room.phase === "ended" || (!shown.length && boot.role !== "participant");
    if (root.hidden) return render(nothing, root);
    render(html`${shown.length ? together(shown) : nothing}${boot.role === "participant" ? own(shown) : nothing}`, root);
  }

  /** @param {any[]} shown */
  function together(shown) {
    const names = new Map(view.room.people.map((/** @type {any} */ one) => [one.person, one.name]));
    return html`<section class="stack tight" aria-labelledby="milestones-title"><h2 id="milestones-title">${t("Something to be glad about")}</h2>
      <ul class="plain stack tight">${repeat(shown, (one) => one.person, (one) => html`<li class="milestone">
        <p><span class="soft small">${names.get(one.person) ?? ""}</span><br><strong>${one.text}</strong></p>
        <div class="row">
          ${one.person === boot.person ? html`<button type="button" class="button" @click=${() => act.ask("hide_milestone")}>${t("Show it no longer")}</button>`
            : !speaks ? nothing : view.you.glad.includes(one.person) ? html`<p class="row tight-row">${icon("heart")} ${t("You are glad with them")}</p>`
            : html`<button type="button" class="button" aria-label="${t("I’m glad with you")}: ${names.get(one.person) ?? ""}" @click=${() => act.ask("be_glad", { person: one.person })}>${icon("heart")} ${t("I’m glad with you")}</button>`}
          ${leads && one.person !== boot.person ? html`<button type="button" class="button quiet" aria-label="${t("Take down")}: ${names.get(one.person) ?? ""}" @click=${() => act.ask("hide_milestone", { person: one.person })}>${t("Take down")}</button>` : nothing}
          ${one.glad ? html`<p class="soft small">${many("{n} of us is glad with them.", "{n} of us are glad with them.", one.glad)}</p>` : nothing}
        </div></li>`)}</ul></section>`;
  }

  /** @param {any[]} shown */
  function own(shown) {
    if (shown.some((one) => one.person === boot.person)) return nothing;
    return html`<details @toggle=${look}><summary>${t("Something you want to mark today?")}</summary>
      <form class="stack tight" novalidate @submit=${(/** @type {Event} */ event) => {
        event.preventDefault();
        void show(typed);
      }}>
        <p class="hint">${t("In your own words, only if you like. The group sees it until you take it back or the session ends.")}</p>
        ${marks?.length ? html`<ul class="plain stack tight">${marks.map((text) => html`<li class="choose-row"><span class="grow">${text}</span>
          <button type="button" class="button" aria-label="${t("Show the group")}: ${text}" @click=${() => show(text)}>${t("Show the group")}</button></li>`)}</ul>` : nothing}
        <div class="field"><label for="milestone-text">${t("In other words")}</label>
          <input id="milestone-text" maxlength=${TEXT_MAX} autocomplete="off" aria-describedby=${problem ? "milestone-problem" : nothing} .value=${live(typed)}
            @input=${(/** @type {any} */ event) => {
              typed = event.target.value;
              problem = "";
              memory.set("milestone", typed);
              draw();
            }}></div>
        ${problem ? html`<p class="notice" role="alert" id="milestone-problem">${problem}</p>` : nothing}
        <div><button class="button">${t("Show the group")}</button></div>
      </form></details>`;
  }

  /** @param {string} text */
  async function show(text) {
    try {
      await connection.send("show_milestone", { text });
      if (text === typed) typed = "";
      memory.set("milestone", typed);
      problem = "";
    } catch (refusal) {
      problem = whyNot(refusal);
    }
    draw();
  }

  return {
    /** @param {any} next */
    update(next) {
      view = next;
      draw();
    },
    unmount: () => render(nothing, root),
  };
}
