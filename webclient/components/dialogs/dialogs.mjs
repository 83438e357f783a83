/** The room's few questions in a window: leaving, ending, removing, keys, help. One at a time, Escape closes it. */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { listed, rich, t } from "/static/core/words.mjs";
import { openDevices } from "/components/arrival/devices.mjs";
import { createMinutes } from "/components/minutes/minutes.mjs";
import { help } from "./help.mjs";
import { lines } from "./lines.mjs";
import { place } from "./place.mjs";
import { privacy } from "./privacy.mjs";

/** @param {HTMLDialogElement} root @param {any} context */
export function mount(root, context) {
  const { boot, capture, media, ui, act, room } = context;
  const staff = boot.role !== "participant";
  const mayEnd = ["facilitator", "cofacilitator"].includes(boot.role);

  const minutes = createMinutes(context);

  const close = () => ui.set({ dialog: null });
  root.addEventListener("close", () => ui.state.dialog && close());
  root.addEventListener("click", (event) => {
    if (event.target === root) close(); // the veil around it
  });

  const CONTENTS = {
    leave: () => html`<h2 id="dialog-title">${t("Leave the meeting?")}</h2>
      <p>${room.view?.room.phase === "running" ? t("Your minutes up to now are safe. You can come back while the group goes on.")
        : t("You can come back at any time.")}</p>
      ${LEAVING[room.view?.you.help] ? html`<p class="notice">${LEAVING[room.view?.you.help]}</p>` : nothing}
      ${staff && room.view?.room.phase === "running" ? html`<p>${t("The group goes on without you, and so does its clock.")}</p>` : nothing}
      <div class="row end">
        <button type="button" class="button" @click=${close}>${t("Stay")}</button>
        ${mayEnd && room.view?.room.phase === "running" ? html`<button type="button" class="button" @click=${() => ui.set({ dialog: "end" })}>${t("End for everyone…")}</button>` : nothing}
        <button type="button" class="button primary" @click=${done(act.leave)}>${t("Leave")}</button>
      </div>`,
    end: () => {
      const open = (room.view?.staff?.flags ?? []).filter((/** @type {any} */ flag) => flag.disposition === null);
      return html`<h2 id="dialog-title">${t("End the session for everyone?")}</h2>
        ${open.length ? html`<p class="notice danger">${t("Before you can end: write down what was done for {names}, at the top of the room.", { names: listed(open.map((/** @type {any} */ one) => one.name)) })}</p>`
          : html`<p>${t("Everyone leaves the room. Then you read the record, finish the notes and sign.")}</p>`}
        <div class="row end"><button type="button" class="button" @click=${close}>${t("Not yet")}</button>
          <button type="button" class="button primary" ?disabled=${open.length > 0} @click=${done(act.end)}>${t("End the session")}</button></div>`;
    },
    remove: () => html`<h2 id="dialog-title">${t("Remove {name}?", { name: ui.state.about?.name })}</h2>
      <p>${t("They leave at once and cannot come back to this session. If you only need a moment apart, use the waiting room.")}</p>
      <div class="row end"><button type="button" class="button" @click=${close}>${t("Keep them here")}</button>
        <button type="button" class="button" @click=${done(() => act.moveToWaiting(ui.state.about))}>${t("To the waiting room")}</button>
        <button type="button" class="button primary" @click=${done(() => act.ask("remove", { person: ui.state.about.person }))}>${t("Remove for today")}</button></div>`,
    minutes: () => minutes(close),
    help: () => html`${help({ how: null })}<div class="row end"><button type="button" class="button" @click=${close}>${t("Close")}</button></div>`,
    place: () => html`${place({ one: (room.view?.staff?.people ?? []).find((/** @type {any} */ one) => one.person === ui.state.about?.person) ?? null })}
      <div class="row end"><button type="button" class="button" @click=${close}>${t("Close")}</button></div>`,
    privacy: () => html`${privacy({ shelter: media.shelter, people: room.view?.room.people ?? [] })}
      <div class="row end"><button type="button" class="button primary" @click=${close}>${t("Close")}</button></div>`,
    keys: () => html`<h2 id="dialog-title">${t("Keys and quick exit")}</h2>
      <p>${rich("{exit} is always at the top right. Or press {esc} three times, fast. You leave at once, this page turns into something everyday, and going back does not return here. Only your facilitator is told.", { exit: html`<strong>${t("Quick exit")}</strong>`, esc: html`<kbd>Esc</kbd>` })}</p>
      <p>${rich("{shield} mutes you, turns your camera off and hides the group until you say so.", { shield: html`<strong>${t("Someone walked in")}</strong>` })}</p>
      <label class="choice"><input type="checkbox" .checked=${ui.state.shortcuts} @change=${(/** @type {any} */ event) => ui.set({ shortcuts: event.target.checked })}>
        <span>${t("Use single keys (never while you type)")}</span></label>
      <dl class="key-list">${KEYS.filter(([, , who]) => who === undefined || who === (staff ? "staff" : "participant")).map(([key, words]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${words}</dd></div>`)}</dl>
      <div class="row end"><button type="button" class="button primary" @click=${close}>${t("Close")}</button></div>`,
  };

  /** @param {() => void} then */
  function done(then) {
    return () => {
      close();
      then();
    };
  }

  function update() {
    const { dialog } = ui.state;
    if (dialog === null) {
      if (root.open) root.close();
      return render(nothing, root);
    }
    if (dialog === "devices") {
      ui.set({ dialog: null });
      openDevices({ capture, name: room.view?.you.name ?? "" });
      return;
    }
    render(html`<div class="stack">${CONTENTS[/** @type {keyof typeof CONTENTS} */ (dialog)]()}</div>`, root);
    root.setAttribute("aria-labelledby", dialog === "help" ? "help-title" : "dialog-title");
    if (!root.open) root.showModal();
  }

  return { update, unmount: () => root.open && root.close() };
}

/** To whom gave a safety answer that nobody has seen to yet. @type {Record<string, string>} */
const LEAVING = {
  coming: t("Somebody would like to speak with you before you go. If you leave now, they will try to reach you. {line} is there at any time.", { line: lines.crisis }),
  away: t("Your facilitators’ line is down just now. If you leave, they will try to reach you when they are back. {line} is there at any time.", { line: lines.crisis }),
};

const KEYS = [
  ["M", t("Microphone on or off")],
  ["V", t("Camera on or off")],
  ["H", t("Raise or lower your hand")],
  ["C", t("Chat")],
  ["P", t("Show your screen, or stop (if you may)")],
  ["S", t("Someone walked in")],
  ["I", t("I’m here, when you are asked"), "participant"],
  ["N", t("Next part of the plan"), "staff"],
  ["U", t("Undo the last move"), "staff"],
  ["?", t("This list")],
];
