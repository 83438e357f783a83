/**
 * The week of a diary in the room: its author shows it with one tap and takes it back; facilitators read it whole, the
 * group the parts that are for it. What is in it comes by itself when a view says that there is something, and lies in
 * no view and no log.
 */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";
import { t } from "/static/core/words.mjs";

/** @typedef {{days: {label: string, text: string, filled: boolean}[], empty: boolean, shareable?: {part: string, title: string}[],
 *   sections: {part: string, title: string, rows: {label: string, cells: {text: string, level: number | null, did: boolean | null, acted: string}[]}[],
 *              skills: {title: string, days: number}[], lines: {when: string, text: string}[]}[]}} Week */

const AGAIN_MS = 10_000;
const STRONGEST = 5;

/** Weeks as they are shown, asked for once each time they are shown anew.
 * @param {{boot: any, redraw: () => void}} context */
export function createWeeks({ boot, redraw }) {
  /** @type {Map<string, {at: number, week: Week | null, failed: boolean, asked: number}>} */
  const known = new Map();

  /** @param {string} person @param {number} at when they showed it */
  function of(person, at) {
    const there = known.get(person);
    if (there?.at === at && (there.week || performance.now() - there.asked < AGAIN_MS)) return there;
    const asked = { at, week: null, failed: false, asked: performance.now() };
    known.set(person, asked);
    void load(person, asked);
    return asked;
  }

  /** @param {string} person @param {any} asked */
  async function load(person, asked) {
    const [path, query] = boot.week.split("?");
    const answer = await fetch(`${path}/${encodeURIComponent(person)}${query ? `?${query}` : ""}`)
      .then((response) => (response.ok ? response.json() : null), () => null);
    asked.week = answer;
    asked.failed = answer === null;
    redraw();
  }

  return {
    /** @param {string} person @param {number} at @param {string} name */
    part(person, at, name) {
      const { week, failed } = of(person, at);
      if (week) return table(week, name);
      return html`<p class="soft small">${failed ? t("Their week did not come. It is asked for again.") : t("Their week is coming…")}</p>`;
    },
  };
}

/** My own: what would be shown, one tap to show it, and to take it back.
 * @param {{boot: any, redraw: () => void}} context */
export function createOwnWeek({ boot, redraw }) {
  /** @type {Week | null} */
  let week = null;
  let asked = false;
  let busy = false;
  let problem = "";

  async function look() {
    if (asked) return;
    asked = true;
    week = await fetch(boot.week).then((response) => (response.ok ? response.json() : null), () => null);
    redraw();
  }

  /** @param {string} method @param {unknown} [body] */
  async function send(method, body) {
    busy = true;
    problem = "";
    redraw();
    const answer = await fetch(boot.week, { method, ...(body ? { headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) } : {}) })
      .catch(() => null);
    if (!answer?.ok) problem = (await answer?.json().catch(() => null))?.error?.text ?? t("It could not be sent just now. Please try again.");
    busy = false;
    redraw();
  }

  /** @param {{shown_at: number | null, to_group: string[]}} mine */
  function part(mine) {
    void look();
    if (!week || week.empty) return nothing;
    const shown = mine.shown_at !== null;
    return html`<section class="stack week-own" aria-labelledby="own-week-title">
      <h2 id="own-week-title">${shown ? html`${icon("check")} ${t("You show your week")}` : t("Your week")}</h2>
      <p>${shown ? t("Your facilitators can read it as it was when you showed it.") : t("Your facilitators cannot see your page. One tap shows them these seven days; you can take it back.")}</p>
      <details><summary>${t("What they see")}</summary>${table(week, "")}</details>
      ${shown ? html`<fieldset class="field"><legend>${t("Show the group, too?")}</legend><div class="choices">${week.shareable?.map(({ part: name, title }) => {
        const on = mine.to_group.includes(name);
        return html`<button type="button" class="button" aria-pressed=${on ? "true" : "false"} ?disabled=${busy}
          @click=${() => send("POST", { to_group: on ? mine.to_group.filter((each) => each !== name) : [...mine.to_group, name] })}>${title}</button>`;
      })}</div></fieldset>` : nothing}
      ${problem ? html`<p class="notice" role="alert">${problem}</p>` : nothing}
      <div class="row">${shown
        ? html`<button type="button" class="button" ?disabled=${busy} @click=${() => send("DELETE")}>${t("Take it back")}</button>`
        : html`<button type="button" class="button" ?disabled=${busy} @click=${() => send("POST", { to_group: [] })}>${t("Show my week")}</button>`}</div>
    </section>`;
  }

  return { part };
}

/** @param {Week} week @param {string} name whose, where it is not mine */
export function table(week, name) {
  return html`<div class="week">${week.sections.map((section) => html`<section class="week-part" aria-label=${name ? `${name}: ${section.title}` : section.title}>
    <h4>${section.title}</h4>
    ${section.rows.length ? html`<div class="week-scroll" tabindex="0" role="group" aria-label=${section.title}><table class="week-table">
      <thead><tr><td></td>${week.days.map((day) => html`<th scope="col"><span aria-hidden="true">${day.label}</span><span class="visually-hidden">${day.text}</span></th>`)}</tr></thead>
      <tbody>${section.rows.map((row) => html`<tr><th scope="row">${row.label}</th>${row.cells.map(cell)}</tr>`)}</tbody></table></div>
      ${section.rows.some((row) => row.cells.some((each) => each.did !== null)) ? html`<p class="soft small" aria-hidden="true">${t("● acted on, ○ not acted on")}</p>` : nothing}` : nothing}
    ${section.skills.length ? html`<ul class="plain week-skills">${section.skills.map((skill) => html`<li><span>${skill.title}</span> <span class="soft figures">× ${skill.days}</span></li>`)}</ul>` : nothing}
    ${section.lines.map((line) => html`<p class="week-line"><span class="soft small">${line.when}</span><br>${line.text}</p>`)}
  </section>`)}</div>`;
}

/** @param {{text: string, level: number | null, did: boolean | null, acted: string}} one */
function cell(one) {
  return html`<td class="figures" data-level=${one.level ?? nothing} data-strong=${one.level === STRONGEST ? "yes" : nothing}>${one.text
    ? html`${one.text}${one.acted ? html`<span class="week-acted"><span aria-hidden="true">${one.did ? "●" : "○"}</span><span class="visually-hidden">, ${one.acted}</span></span>` : nothing}` : html`<span class="visually-hidden">${t("left open")}</span>`}</td>`;
}
