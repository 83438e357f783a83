/**
 * The dock: microphone, camera, hand, chat, leave, and "more" for the rest. Every state is said by colour, drawing,
 * word and `aria-pressed` at once: muted looks muted from two metres away.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { ref, createRef } from "/vendor/lit-html/directives/ref.js";
import { icon } from "/static/core/icons.mjs";
import { inMinutes, liveMinutes, shortly } from "/static/core/clock.mjs";
import { t } from "/static/core/words.mjs";
import { canShare } from "/static/media/screen.mjs";
import { REACTIONS } from "./reactions.mjs";

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, connection, capture, media, ui, act } = context;
  const staff = boot.role !== "participant";
  const moreButton = createRef();
  let view = /** @type {any} */ (null);

  function draw() {
    if (!view) return;
    const { you } = view;
    const { panel, more, unread } = ui.state;
    const { microphone, camera } = act.media();
    render(html`
      <div class="dock-side dock-start">${minutes(you, view.room.phase)}${shelter()}${staff ? nothing : hide()}</div>
      <div class="dock-buttons" role="toolbar" aria-label=${t("Call")}>
        ${button({ on: microphone, label: microphone ? t("Mic (microphone)") : t("Muted (microphone)"), word: microphone ? t("Mic") : t("Muted"), drawing: microphone ? "mic" : "mic-off", key: "M", press: act.microphone, stateful: true })}
        ${button({ on: camera, label: t("Camera"), word: t("Camera"), drawing: camera ? "video" : "video-off", key: "V", press: act.camera, stateful: true })}
        ${button({ on: you.hand !== null, raised: true, label: you.hand === null ? t("Raise your hand") : t("Raise your hand. Hand: {n}", { n: you.hand }), word: you.hand === null ? t("Hand") : t("Hand: {n}", { n: you.hand }), drawing: "hand", key: "H", press: act.hand })}
        ${button({ on: panel === "chat", label: unread ? t("Chat, new messages") : t("Chat"), word: t("Chat"), drawing: "message-circle", key: "C", press: () => ui.toggle("chat"), mark: unread })}
        ${staff ? nothing : html`<span class="dock-phone">${button({ on: panel === "now", label: t("Now: the card of the group"), word: t("Now"), drawing: "leaf", press: () => ui.toggle("now") })}</span>`}
        ${staff ? html`<span class="dock-phone">${button({ on: panel !== null && panel !== "chat", label: t("Group: people, path and notes"), word: t("Group"), drawing: "users", press: () => ui.toggle("people") })}</span>` : nothing}
        ${button({ label: t("Leave"), word: t("Leave"), drawing: "door-open", press: () => ui.set({ dialog: "leave" }), leave: true })}
        <div class="dock-more">
          <button type="button" class="dock-button" ${ref(moreButton)} aria-expanded=${more ? "true" : "false"} aria-controls="more-menu"
            title=${t("More")} @click=${() => ui.set({ more: !more })}>
            <span class="dock-drawing">${icon("ellipsis")}</span><span class="dock-word">${t("More")}</span>
          </button>
          <div id="more-menu" class="more-menu" ?hidden=${!more}>${more ? menu() : nothing}</div>
        </div>
      </div>
      <div class="dock-side dock-end">
        <button type="button" class="button" aria-pressed=${panel && panel !== "chat" ? "true" : "false"}
          @click=${() => ui.toggle(staff ? "people" : "now")}>
          ${icon(staff ? "users" : "leaf")} ${staff ? t("Group") : t("Now")}
        </button>
      </div>`, root);
  }

  /** @param {any} you @param {string} phase */
  function minutes(you, phase) {
    if (!you.minutes) return nothing;
    const live = liveMinutes(you.minutes, connection.now());
    const target = you.minutes.target_ms;
    const share = target ? Math.min(1, live.counted / target) : 0;
    const words = phase === "lobby" ? t("starts with the group") : !you.minutes.running ? t("so far") : you.minutes.counting ? t("counting") : t("rest, not counted");
    const title = t("Your minutes in this session so far: {time}. They are safe when your connection drops.", { time: inMinutes(live.counted) });
    const shown = html`<svg viewBox="0 0 36 36" class="ring" aria-hidden="true">
        <circle cx="18" cy="18" r="15" pathLength="100"></circle>
        <circle cx="18" cy="18" r="15" pathLength="100" stroke-dasharray="${(100 * share).toFixed(1)} 100" class="ring-fill"></circle>
      </svg>
      <span class="own-lines"><span class="visually-hidden">${t("Your minutes:")} </span><span class="figures">${shortly(live.counted)}</span><span class="own-words soft">${words}</span></span>`;
    return staff
      ? html`<div class="own-minutes" title=${title}>${shown}</div>`
      : html`<button type="button" class="own-minutes" title=${title} @click=${() => ui.set({ dialog: "minutes" })}>${shown}</button>`;
  }

  /** Whether anybody but the group could see and hear it, in a word that opens into all of it. */
  function shelter() {
    const shown = SHELTER[/** @type {keyof typeof SHELTER} */ (media.shelter.state)];
    return html`<button type="button" class="dock-shelter" title=${shown.title} @click=${() => ui.set({ dialog: "privacy" })}>
      ${icon(shown.drawing)} <span>${shown.word}</span></button>`;
  }

  /** Somebody walked in: one press where there is no key to press. */
  function hide() {
    return html`<button type="button" class="dock-hide" aria-label=${t("Hide: someone walked in")} title=${t("Someone walked in (S)")}
      @click=${() => act.shield(true)}>${icon("eye-off")} <span aria-hidden="true">${t("Hide")}</span></button>`;
  }

  /** @param {{on?: boolean, label: string, word: string, drawing: string, key?: string, press: () => void, stateful?: boolean, raised?: boolean, mark?: boolean, leave?: boolean}} shape */
  function button({ on, label, word, drawing, key, press, stateful, raised, mark, leave }) {
    const pressed = on === undefined ? nothing : on ? "true" : "false";
    const kind = leave ? "leave" : stateful && !on ? "off" : raised && on ? "raised" : on ? "on" : "";
    return html`<button type="button" class="dock-button ${kind}" aria-pressed=${pressed} aria-label=${label}
      title=${key ? `${label} (${key})` : label} @click=${press}>
      <span class="dock-drawing">${icon(drawing)}${mark ? html`<span class="dock-mark"></span>` : nothing}</span>
      <span class="dock-word" aria-hidden="true">${word}</span>
    </button>`;
  }

  function menu() {
    const { hideSelf, mode, sounds } = ui.state;
    /** @param {() => void} then */
    const done = (then) => () => {
      ui.set({ more: false });
      then();
    };
    return html`
      <div class="more-reactions" role="group" aria-label=${t("Reactions")}>
        ${REACTIONS.map((one) => html`<button type="button" class="button quiet icon-only" title=${one.label} aria-label=${one.label}
          @click=${done(() => act.react(one.id))}>${icon(one.icon)}</button>`)}
      </div>
      <button type="button" class="more-item" @click=${done(() => act.shield(true))}>${icon("eye-off")} ${t("Someone walked in")} <kbd>S</kbd></button>
      ${staff ? nothing : html`<button type="button" class="more-item" aria-pressed=${view.you.called?.alone ? "true" : "false"}
        @click=${done(() => act.ask("call_for_help", { alone: true, on: !view.you.called?.alone }))}>${icon(view.you.called?.alone ? "check" : "message-circle")} ${t("I need someone to talk with")}</button>`}
      <button type="button" class="more-item" @click=${done(() => ui.set({ dialog: "help" }))}>${icon("life-buoy")} ${t("Where to get help now")}</button>
      <hr>
      ${view.you.may_share && canShare() ? html`<button type="button" class="more-item" @click=${done(act.share)}>
        ${icon(act.ownScreen() ? "screen-share-off" : "screen-share")} ${act.ownScreen() ? t("Stop showing my screen") : t("Show my screen")} <kbd>P</kbd></button>` : nothing}
      <button type="button" class="more-item" @click=${done(() => ui.set({ dialog: "devices" }))}>${icon("settings")} ${t("Camera and sound")}</button>
      <button type="button" class="more-item" @click=${done(() => ui.set({ dialog: "privacy" }))}>${icon("lock")} ${t("Who can see and hear us")}</button>
      <button type="button" class="more-item" aria-pressed=${hideSelf ? "true" : "false"} @click=${() => ui.set({ hideSelf: !hideSelf })}>
        ${icon(hideSelf ? "check" : "user-round-x")} ${t("Hide my own picture")}</button>
      <fieldset class="more-modes"><legend>${t("What I receive")}</legend>
        ${MODES.map(([value, word]) => html`<label class="more-mode"><input type="radio" name="mode" value=${value} .checked=${mode === value}
          @change=${() => ui.set({ mode: value })}> ${word}</label>`)}
      </fieldset>
      <hr>
      ${staff ? html`<button type="button" class="more-item" aria-pressed=${sounds ? "true" : "false"} @click=${() => ui.set({ sounds: !sounds })}>
        ${icon(sounds ? "check" : "volume-2")} ${t("Soft sound for hands and waiting")}</button>` : nothing}
      <button type="button" class="more-item" @click=${done(() => ui.set({ dialog: "keys" }))}>${icon("keyboard")} ${t("Keys and quick exit")}</button>`;
  }

  /** Close the menu by a press elsewhere or by Escape. @param {Event} event */
  function away(event) {
    if (!ui.state.more) return;
    if (event instanceof KeyboardEvent) {
      if (event.key !== "Escape") return;
      ui.set({ more: false });
      /** @type {HTMLElement | undefined} */ (moreButton.value)?.focus();
    } else if (!(/** @type {Element} */ (event.target).closest(".dock-more"))) {
      ui.set({ more: false });
    }
  }
  document.addEventListener("pointerdown", away);
  document.addEventListener("keydown", away);

  // As rarely as it still looks alive, on the one drawing that shows it, and only where it moves: a phone has to stay cool.
  let shown = "";
  const meter = setInterval(() => {
    if (document.hidden || !capture.on.microphone) return;
    const level = capture.level().toFixed(1);
    if (level === shown) return;
    shown = level;
    /** @type {HTMLElement | null} */ (root.querySelector(".dock-buttons > .dock-button .dock-drawing"))?.style.setProperty("--level", level);
  }, 200);

  return {
    /** @param {any} next */
    update(next) {
      view = next;
      draw();
    },
    unmount() {
      clearInterval(meter);
      document.removeEventListener("pointerdown", away);
      document.removeEventListener("keydown", away);
      render(nothing, root);
    },
  };
}

const SHELTER = {
  starting: { word: t("Locking…"), drawing: "lock", title: t("Keys are being agreed on") },
  sealed: { word: t("Locked"), drawing: "lock", title: t("Locked from end to end: only this group can see and hear") },
  open: { word: t("Not locked"), drawing: "lock-open", title: t("Encrypted on its way, but not from end to end") },
  shut: { word: t("Held back"), drawing: "lock", title: t("Locked from end to end, and your browser cannot open it") },
};

const MODES = [
  ["normal", t("Everyone’s picture")],
  ["low_data", t("Small pictures, less data")],
  ["audio_only", t("Sound only")],
];
