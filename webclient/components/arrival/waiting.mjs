/** The waiting room: calm, certain, with little to do. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { bothTimes } from "/static/core/clock.mjs";
import { rich, t } from "/static/core/words.mjs";
import { frame } from "/static/media/framing.mjs";

import { agreementAtTheDoor } from "/components/agreement/agreement.mjs";
import { emergency, reach } from "/components/dialogs/lines.mjs";
import { initial, openDevices, selfStream } from "./devices.mjs";

/**
 * @param {{view: any, capture: import("/static/media/capture.mjs").Capture, now: number,
 *   onEdit: () => void, onLeave: () => void}} context  `now`: the server's clock, ms
 */
export function waitingRoom({ view, capture, now, onEdit, onLeave }) {
  const { room, you } = view;
  const messages = you.chat.filter((/** @type {any} */ message) => message.person !== you.person);
  return html`<div class="arrival waiting">
    <div class="stack">
      <h1 tabindex="-1">${t("You are in the waiting room")}</h1>
      <p class="waiting-now">${whatNow(room, now)}</p>
      <p class="visually-hidden" role="status">${isSoon(room, now) ? whatNow(room, now) : ""}</p>
    </div>

    <div class="waiting-self">
      <div class="selfview small">
        ${capture.on.camera
          ? html`<video autoplay playsinline muted aria-label=${t("You, as in a mirror")} .srcObject=${live(selfStream(capture))}
              @loadedmetadata=${frame} @resize=${frame}></video>`
          : html`<div class="selfview-off" aria-hidden="true">${initial(you.name)}</div>`}
      </div>
      <div class="stack tight">
        <p><strong>${you.name}</strong><br><span class="soft">${t("Nobody sees or hears you yet.")}</span></p>
        <p class="soft small">${comingIn(capture.on)}</p>
        <p><button class="link" type="button" @click=${() => openDevices({ capture, name: you.name, live: false })}>${t("Check camera and sound")}</button></p>
      </div>
    </div>

    ${messages.length
      ? html`<section class="card" aria-label=${t("From your facilitator")} aria-live="polite">
          ${messages.map((/** @type {any} */ message) => html`<p><strong>${message.name}:</strong> ${message.text}</p>`)}
        </section>`
      : nothing}

    ${agreementAtTheDoor(room)}

    <section class="stack tight" aria-labelledby="waiting-next">
      <h2 id="waiting-next">${t("What happens next")}</h2>
      <ol class="waiting-steps">
        <li>${t("Your facilitator lets you in. This page changes by itself.")}</li>
        <li>${t("The group begins with a short check-in, for your facilitator’s eyes only.")}</li>
        <li>${t("You can turn your camera or microphone off at any time.")}</li>
      </ol>
    </section>

    <div class="row waiting-moves">
      <button class="button" type="button" @click=${onEdit}>${t("Change my answers")}</button>
      <button class="button quiet" type="button" @click=${onLeave}>${t("Leave")}</button>
    </div>
    <p class="soft small">${rich("If you are in danger or thinking of hurting yourself, do not wait: {reach}, or {emergency}.", { reach: reach(), emergency: emergency() })}</p>
  </div>`;
}

/** @param {{camera: boolean, microphone: boolean}} on */
function comingIn({ camera, microphone }) {
  if (camera) return microphone ? t("You come in with camera on and microphone on.") : t("You come in with camera on and muted.");
  return microphone ? t("You come in with camera off and microphone on.") : t("You come in with camera off and muted.");
}

/** Worth being said aloud: a clock that counts the minutes would only chatter. @param {any} room @param {number} now */
function isSoon(room, now) {
  return room.phase !== "lobby" || room.starts_at - now < 90_000;
}

/** @param {any} room @param {number} now */
function whatNow(room, now) {
  const at = bothTimes(room.starts_at, room.zone);
  const minutes = Math.round((room.starts_at - now) / 60_000);
  if (room.phase === "ended") return t("This group is over for today.");
  if (room.phase === "running") return t("The group has begun. Your facilitator will let you in at a good moment.");
  if (minutes > 90) return t("The group starts at {clock}.", { clock: at });
  if (minutes > 1) return t("The group starts at {clock}, in about {n} minutes. Your facilitator will let you in.", { clock: at, n: minutes });
  return t("The group is about to start. Your facilitator will let you in.");
}
