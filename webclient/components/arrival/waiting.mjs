/** The waiting room: calm, certain, with little to do. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";

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
      <h1 tabindex="-1">You are in the waiting room</h1>
      <p class="waiting-now" role="status">${whatNow(room, now)}</p>
    </div>

    <div class="waiting-self">
      <div class="selfview small">
        ${capture.on.camera
          ? html`<video autoplay playsinline muted aria-label="You, as in a mirror" .srcObject=${live(selfStream(capture))}></video>`
          : html`<div class="selfview-off" aria-hidden="true">${initial(you.name)}</div>`}
      </div>
      <div class="stack tight">
        <p><strong>${you.name}</strong><br><span class="soft">Nobody sees or hears you yet.</span></p>
        <p class="soft small">You come in with
          ${capture.on.camera ? "camera on" : "camera off"} and ${capture.on.microphone ? "microphone on" : "muted"}.</p>
        <p><button class="link" type="button" @click=${() => openDevices({ capture, name: you.name, live: false })}>Check camera and sound</button></p>
      </div>
    </div>

    ${messages.length
      ? html`<section class="card" aria-label="From your facilitator" aria-live="polite">
          ${messages.map((/** @type {any} */ message) => html`<p><strong>${message.name}:</strong> ${message.text}</p>`)}
        </section>`
      : nothing}

    <section class="stack tight" aria-labelledby="waiting-next">
      <h2 id="waiting-next">What happens next</h2>
      <ol class="waiting-steps">
        <li>Your facilitator lets you in. This page changes by itself.</li>
        <li>The group begins with a short check-in, for your facilitator’s eyes only.</li>
        <li>You can turn your camera or microphone off at any time.</li>
      </ol>
    </section>

    <div class="row waiting-moves">
      <button class="button" type="button" @click=${onEdit}>Change my answers</button>
      <button class="button quiet" type="button" @click=${onLeave}>Leave</button>
    </div>
    <p class="soft small">If you are in danger or thinking of hurting yourself, do not wait: call or text
      <a href="tel:988">988</a>, or <a href="tel:911">911</a>.</p>
  </div>`;
}

/** @param {any} room @param {number} now */
function whatNow(room, now) {
  const at = new Date(room.starts_at).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
  const minutes = Math.round((room.starts_at - now) / 60_000);
  if (room.phase === "ended") return "This group is over for today.";
  if (room.phase === "running") return "The group has begun. Your facilitator will let you in at a good moment.";
  if (minutes > 90) return `The group starts at ${at}.`;
  if (minutes > 1) return `The group starts at ${at}, in about ${minutes} minutes. Your facilitator will let you in.`;
  return "The group is about to start. Your facilitator will let you in.";
}
