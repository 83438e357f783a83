/** Where somebody is today and whom to call about them: for facilitators, while the session goes on, one press from the person. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { dayOf } from "/static/core/clock.mjs";
import { icon } from "/static/core/icons.mjs";
import { t, told } from "/static/core/words.mjs";
import { about, lines as known } from "./lines.mjs";

/** Whether there is anything to show of this person. @param {any} one their part of the staff view */
export function hasPlace(one) {
  return one.role === "participant" && Boolean(one.arrival || one.door);
}

/** @param {{one: any}} shape `one`: the person's part of the staff view; null: they are out of sight */
export function place({ one }) {
  if (!one || !hasPlace(one)) return html`<h2 id="dialog-title">${t("Where they are is not shown any more")}</h2>`;
  const said = one.arrival ?? one.door;
  const lines = one.door?.help ?? [];
  return html`<h2 id="dialog-title">${t("Where {name} is", { name: one.name })}</h2>
    <p class="place-address">${icon("map-pin")} <span>${[said.location, said.state].filter(Boolean).join(", ") || t("Place not given")}</span></p>
    ${one.door?.words.length ? html`<p class="notice">${one.door.words.map(told).join(" ")}</p>` : nothing}
    <div class="help-ways">
      ${lines.map((/** @type {any} */ line) => html`${way("siren", line.name, line.phone)}${checked(line)}`)}
      ${said.callback ? way("phone", one.name, said.callback) : nothing}
      ${one.arrival?.contact_phone ? way("users", t("Near them: {name}", { name: one.arrival.contact_name }), one.arrival.contact_phone) : nothing}
      ${about()}
    </div>
    <p class="hint">${lines.length
      ? t("{emergency} from your phone reaches your own area, not theirs: call the dispatch above, and read out the address.", { emergency: known.emergency })
      : t("No dispatch number is kept for this place. Call {emergency}, say that the emergency is elsewhere, and ask to be put through to the dispatch at this address.", { emergency: known.emergency })}</p>`;
}

/** When the clinic called this number last, and what to do where that is long ago. @param {any} line */
function checked({ checked, stale }) {
  if (!stale) return html`<p class="hint">${t("Called by your clinic on {day}.", { day: dayOf(checked) })}</p>`;
  return html`<p class="hint place-stale">${checked
    ? t("Not called by your clinic since {day}: it may be wrong. If nobody answers at once, call {emergency} and say the address.", { day: dayOf(checked), emergency: known.emergency })
    : t("Your clinic has never called this number: it may be wrong. If nobody answers at once, call {emergency} and say the address.", { emergency: known.emergency })}</p>`;
}

/** @param {string} drawing @param {string} name @param {string} number */
function way(drawing, name, number) {
  return html`<a class="button" href="tel:${number.replace(/[^+\d]/g, "")}">${icon(drawing)} <span>${name} <span class="soft figures">${number}</span></span></a>`;
}
