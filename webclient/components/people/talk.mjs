/**
 * Who has spoken how long today, as a small picture for those who lead: to notice whom one has not asked yet. It is told
 * to nobody else, kept in no log, and gone with the room.
 */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { shortly } from "/static/core/clock.mjs";
import { t } from "/static/core/words.mjs";

const WORTH_SHOWING_MS = 60_000; // of talk by anybody

/**
 * @param {any[]} here staff's rows of those in the room @param {Record<string, number>} spoken by person, in milliseconds
 */
export function talkBars(here, spoken) {
  const people = here.map((one) => ({ name: one.name, leads: one.role !== "participant", ms: spoken[one.person] ?? 0 }))
    .filter((one) => !one.leads || one.ms > 0);
  const all = people.reduce((sum, one) => sum + one.ms, 0);
  if (all < WORTH_SHOWING_MS) return nothing;
  const most = Math.max(...people.map((one) => one.ms));
  people.sort((a, b) => Number(a.leads) - Number(b.leads) || a.ms - b.ms || a.name.localeCompare(b.name));
  return html`<details class="talk"><summary>${t("Who has spoken how long")}</summary>
    <ul class="plain talk-bars">${people.map((one) => html`<li>
      <span class="talk-name">${one.name}</span>
      <span class="talk-bar ${one.leads ? "leads" : ""}" data-share=${(one.ms / most).toFixed(3)} aria-hidden="true"></span>
      <span class="figures small">${shortly(one.ms)}</span></li>`)}</ul>
    <p class="hint">${t("Only those who lead see this. It is kept nowhere.")}</p></details>`;
}

/** The bars' lengths, after drawing. @param {HTMLElement} root */
export function measureTalk(root) {
  for (const bar of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(".talk-bar"))) bar.style.setProperty("--share", bar.dataset.share ?? "0");
}
