/** Who is kept apart, for staff alone: the clinic's list, kept beside the room (PROTOCOL §10). */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { whyNot } from "/static/core/refusals.mjs";
import { t } from "/static/core/words.mjs";

/** @param {{boot: any, redraw: () => void}} shape */
export function createApart({ boot, redraw }) {
  let one = "";
  let other = "";
  let problem = "";
  let going = false;

  /** @param {string} a @param {string} b @param {boolean} on */
  async function keep(a, b, on) {
    going = true;
    problem = "";
    redraw();
    try {
      const answer = await fetch(boot.apart, { method: "PUT", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ one: a, other: b, on }) });
      if (answer.ok) one = other = "";
      else problem = whyNot((await answer.json()).error);
    } catch {
      problem = whyNot();
    }
    going = false;
    redraw();
  }

  /** @param {string[][]} pairs @param {any[]} people */
  function part(pairs, people) {
    if (!boot.apart) return nothing;
    const some = people.filter((each) => each.role === "participant");
    const name = (/** @type {string} */ person) => some.find((each) => each.person === person)?.name ?? t("someone who is not here");
    /** @param {string} id @param {string} label @param {string} value @param {(value: string) => void} choose */
    const choice = (id, label, value, choose) => html`<div class="field"><label for=${id}>${label}</label><select id=${id} @change=${(/** @type {any} */ event) => {
      choose(event.target.value);
      problem = "";
      redraw();
    }}><option value="" ?selected=${!value}>${t("Choose")}</option>${some.map((each) => html`<option value=${each.person} ?selected=${each.person === value}>${each.name}</option>`)}</select></div>`;
    return html`<details><summary>${t("Kept apart ({n})", { n: pairs.length })}</summary><div class="stack tight">
      <p class="soft small">${t("These people are never put together. Only staff see this list; it is kept from meeting to meeting.")}</p>
      ${pairs.length ? html`<ul class="plain">${pairs.map(([a, b]) => html`<li class="breakout-row"><span class="grow">${name(a)} – ${name(b)}</span>
        <button type="button" class="button quiet" ?disabled=${going} aria-label=${t("No longer apart: {one}, {other}", { one: name(a), other: name(b) })} @click=${() => keep(a, b, false)}>${t("No longer")}</button></li>`)}</ul>` : nothing}
      ${choice("apart-one", t("One person"), one, (value) => (one = value))}
      ${choice("apart-other", t("The other"), other, (value) => (other = value))}
      ${problem ? html`<p class="notice" role="alert">${problem}</p>` : nothing}
      <div><button type="button" class="button" ?disabled=${going || !one || !other || one === other} @click=${() => keep(one, other, true)}>${t("Keep them apart")}</button></div>
    </div></details>`;
  }

  return { part };
}
