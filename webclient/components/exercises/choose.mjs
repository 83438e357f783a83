/**
 * For those who lead: the skill of the present part, with the curriculum's own one first, and an exercise to do together.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { icon } from "/static/core/icons.mjs";
import { t } from "/static/core/words.mjs";

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, act } = context;
  const leads = ["facilitator", "cofacilitator"].includes(boot.role);

  /** @param {any} view */
  function update({ room, staff }) {
    const practice = staff?.practice;
    const running = room.phase === "running" && leads && practice;
    root.hidden = !leads || room.phase === "ended";
    render(!running ? html`<p class="soft">${t("Once the session runs, you choose a skill and an exercise here.")}</p>`
      : html`${room.exercise ? nothing : html`${skill(practice, room)}${exercises(practice)}`}`, root);
  }

  /** @param {any} practice @param {any} room */
  function skill({ skills, today, chosen }, room) {
    if (!skills.length) return nothing;
    const titles = new Map(skills.map((/** @type {any} */ one) => [one.id, one.title]));
    const here = room.agenda.segments.find((/** @type {any} */ one) => one.id === room.agenda.position);
    return html`<section class="stack tight" aria-labelledby="choose-skill">
      <h2 id="choose-skill">${t("Skill of this part")}</h2>
      ${today && (!today.skill || chosen !== today.skill) ? html`<div class="notice plain choose-today"><div class="stack tight grow">
        <p><span class="soft small">${t("The curriculum has for today")}</span><br><strong>${titles.get(today.skill) ?? t("A skill that was withdrawn. Choose another one.")}</strong></p>
        ${today.week ? html`<p class="small soft">${t("{curriculum}: week {week}, session {session}", today)}</p>` : nothing}
        <p class="small">${today.focus}</p>
        ${today.revisit ? html`<p class="small soft">${t("Look back at: {skill}", { skill: titles.get(today.revisit) ?? "" })}</p>` : nothing}
        ${titles.has(today.skill) ? html`<div><button type="button" class="button ${here?.kind === "skills" ? "primary" : ""}" @click=${() => act.ask("choose_skill", { skill: today.skill })}>${t("Take this one")}</button></div>` : nothing}
      </div></div>` : nothing}
      <div class="field"><label for="skill-choice">${chosen ? t("The group sees this skill") : t("Choose a skill")}</label>
        <select id="skill-choice" @change=${(/** @type {any} */ event) => act.ask("choose_skill", { skill: event.target.value || null })}>
          <option value="" ?selected=${!chosen}>${t("None")}</option>
          ${skills.map((/** @type {any} */ one) => html`<option value=${one.id} ?selected=${one.id === chosen}>${one.title}</option>`)}
        </select></div>
      ${chosen && boot.library ? html`<p><a href="${boot.library}/${chosen}" target="_blank" rel="noreferrer">${icon("book-open")} ${t("How to teach it")} <span class="soft">${t("(a new tab)")}</span></a></p>` : nothing}
    </section>`;
  }

  /** @param {any} practice */
  function exercises({ exercises: all, chosen, today, done }) {
    if (!all.length) return nothing;
    const wanted = chosen ?? today?.skill;
    const fits = all.filter((/** @type {any} */ one) => one.skills.includes(wanted));
    const others = all.filter((/** @type {any} */ one) => !one.skills.includes(wanted));
    return html`<section class="stack tight" aria-labelledby="choose-exercise">
      <h2 id="choose-exercise">${t("Do something together")}</h2>
      ${fits.length ? html`<h3>${t("Fits the skill")}</h3>${list(fits, done)}
        <details class="choose-others"><summary>${t("Others ({n})", { n: others.length })}</summary>${list(others, done)}</details>` : list(others, done)}
    </section>`;
  }

  /** @param {any[]} some @param {string[]} done */
  function list(some, done) {
    return html`<ul class="plain stack tight">${repeat(some, (one) => one.id, (one) => html`<li class="choose-row">
      <details class="grow"><summary>${one.title} <span class="soft small">${t("{n} min", { n: one.minutes })}${done.includes(one.id) ? html`, ${t("done today")}` : nothing}</span></summary><p class="small">${one.about}</p></details>
      <button type="button" class="button" aria-label="${t("Open")}: ${one.title}" @click=${() => act.ask("open_exercise", { exercise: one.id })}>${t("Open")}</button></li>`)}</ul>`;
  }

  return { update, unmount: () => render(nothing, root) };
}
