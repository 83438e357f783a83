/** What the door shows: the answers of last time, a text to sign, and kind words for who cannot come in yet. */

import { html } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { icon } from "/static/core/icons.mjs";
import { rich, t } from "/static/core/words.mjs";
import { meanwhile } from "/components/dialogs/lines.mjs";

/** Everything as last time, at one look. @param {{given: any, states: [string, string][], onDifferent: () => void}} context */
export function again({ given, states, onDifferent }) {
  const state = t(states.find(([code]) => code === given.state)?.[1] ?? "");
  const facts = [
    [t("You appear as"), given.name],
    [t("Where you are"), [given.location, state].filter(Boolean).join(", ")],
    [t("We can call"), given.callback],
    [t("Someone near you"), given.nobody ? t("Nobody") : [given.contact_name, given.contact_phone].filter(Boolean).join(", ")],
  ];
  return html`
    <h1 tabindex="-1">${t("Same as last time?")}</h1>
    <dl class="arrival-again">${facts.map(([label, value]) => html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>
    <p><button class="button" type="button" @click=${onDifferent}>${t("Something is different today")}</button></p>`;
}

/**
 * A text to be read, ticked and signed.
 * @param {{reading: import("/static/room/door.mjs").Consent, read: boolean, signature: string, onRead: () => void, onName: (event: any) => void,
 *   field: {invalid: (name: any) => string, described: (name: any, hint?: boolean) => any, wrong: (name: any) => any}}} context
 */
export function signing({ reading, read, signature, onRead, onName, field }) {
  return html`
    <h1 tabindex="-1">${reading.title}</h1>
    <p class="soft">${rich("Take your time. You can read it again later, and take it back, under {agreements}.", { agreements: html`<em>${t("Agreements")}</em>` })}</p>
    <div class="promise">
      ${reading.text.map((block) => (typeof block === "string" ? html`<p>${block}</p>` : html`<ul>${block.map((line) => html`<li>${line}</li>`)}</ul>`))}
    </div>
    <div class="stack tight">
      <label class="choice tick"><input type="checkbox" name="read" .checked=${live(read)} @change=${onRead}
        aria-invalid=${field.invalid("read")} aria-describedby=${field.described("read", false)}>
        <span>${t("I have read this and I agree")}</span></label>
      ${field.wrong("read")}
    </div>
    <div class="field">
      <label for="signature">${t("Your name, as a signature")}</label>
      <input id="signature" name="signature" maxlength="60" autocomplete="name" required .value=${live(signature)} @input=${onName}
        aria-invalid=${field.invalid("signature")} aria-describedby=${field.described("signature", false)}>
      ${field.wrong("signature")}
    </div>`;
}

/** Why somebody cannot come in yet, though they did all they could. @param {{text: string}} refusal */
export function held({ text }) {
  return html`
    <h1 tabindex="-1">${t("Almost there")}</h1>
    <p role="alert">${text}</p>
    <p class="notice plain">${icon("phone")} <span>${t("Keep your phone near. You can leave this page open; when it is settled, press “Try again”.")}</span></p>
    <p class="soft small">${meanwhile()}</p>`;
}

/** The door does not answer. @param {{text: string, onAgain: () => void}} context */
export function explained({ text, onAgain }) {
  return html`<div class="arrival"><div class="stack"><h1 tabindex="-1">${t("One moment…")}</h1><p role="alert">${text}</p>
    <p><button class="button primary" type="button" @click=${onAgain}>${t("Try again")}</button></p></div></div>`;
}
