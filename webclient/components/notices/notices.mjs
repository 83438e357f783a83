/**
 * What one has to know now: a lost line, saving that is paused, a kind question. Each says what happened, what is
 * safe, and what to do. They take a row of their own and cover nobody.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { icon, prepare } from "/static/core/icons.mjs";
import { t } from "/static/core/words.mjs";
import { advice, wayBack } from "/static/media/advice.mjs";

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, connection, media, capture, act, ui, room } = context;
  const mayLead = ["facilitator", "cofacilitator"].includes(boot.role);
  prepare("wifi-off", "wifi", "save", "volume-2"); // what tells of a lost line must not need one

  function draw() {
    render([...lines()], root);
    root.hidden = !root.querySelector(".notice");
  }

  function* lines() {
    const { status } = connection.state;
    const { view } = room;
    if (status === "reconnecting") {
      yield line("wifi-off", room.moving ? t("Milieu is moving to a fresh server. One moment: your minutes and your words are safe.")
        : t("Your connection dropped. Your minutes are safe. Reconnecting…"));
    } else if (room.moving) {
      yield line("wifi", t("Milieu is about to restart. You will be back in a moment, by itself."));
    }
    if (room.degraded) yield line("save", t("Saving is paused. Your meeting goes on. Nothing typed is lost."));
    if (view?.room.phase === "ended" && boot.record) {
      yield line("check", t("The session has ended. What is left: read the record, finish the notes, sign."),
        [t("Open the record"), () => location.assign(boot.record), true]);
    }
    const lead = view?.room.people.find((/** @type {any} */ one) => one.lead);
    if (mayLead && view?.room.phase === "running" && lead && !lead.connected && lead.person !== boot.person && status === "open") {
      yield line("users", t("{name} lost the connection. The clock goes on, and you can lead meanwhile.", { name: lead.name }),
        [t("Take the lead"), () => act.ask("take_lead"), true]);
    }
    if (view?.you.help === "away" && status === "open") {
      yield line("life-buoy", t("Your facilitators’ line is down just now. What you told them is kept, and they see it as soon as they are back."),
        [t("Where to get help now"), () => ui.set({ dialog: "help" }), true]);
    }
    if (view?.you.still_here) {
      yield line("leaf", t("Are you still here? Any sign will do: a word in the chat, your hand, or this button. If you miss it, no minutes are lost."),
        [t("I’m here"), act.stillHere, true]);
    }
    if (view?.you.unmute_asked && !view.you.microphone) {
      yield line("mic", t("You are asked to unmute, if you would like to speak."),
        [t("Unmute"), act.unmute, true], [t("Not now"), act.stayMuted]);
    }
    const { state: shelter, openings } = media.shelter;
    if (openings > ui.state.openingsSeen) { // it stays until somebody took note, however short it was
      const now = shelter === "open";
      yield line(now ? "lock-open" : "lock", now
        ? t("Sound and pictures are not locked from end to end just now: not every browser here can do that.")
        : t("For a while, sound and pictures were not locked from end to end: not every browser here could do that. Now they are again."),
        [t("What this means"), () => ui.set({ dialog: "privacy", openingsSeen: openings })], [t("All right"), () => ui.set({ openingsSeen: openings })]);
    }
    if (shelter === "shut") {
      yield line("lock", t("You have no sound and no pictures: this group is locked from end to end, and your browser cannot do that."), [t("What this means"), () => ui.set({ dialog: "privacy" })]);
    }
    if (media.blocked && view?.room.phase !== "ended") yield line("volume-2", t("Your browser is waiting for you before it plays sound."), [t("Tap to hear the group"), media.unlock, true]);
    if (media.state === "reconnecting" && status === "open") yield line("wifi", t("Sound and pictures are coming back…"));
    const weak = media.state === "connected" ? advice({ quality: media.quality, camera: act.media().camera, mode: ui.state.mode, limitedBy: media.limitedBy }) : null;
    if (weak === null) ui.state.weakSeen = null;
    else if (weak.text !== ui.state.weakSeen) {
      const seen = () => ui.set({ weakSeen: weak.text });
      if (weak.remedy) yield line("wifi", weak.text, [weak.label, () => remedy(/** @type {string} */ (weak.remedy)), true], [t("Not now"), seen]);
      else yield line("wifi", weak.text, [t("All right"), seen]);
    }
    const back = weak === null && media.state === "connected" && !ui.state.wayBackSeen
      ? wayBack({ eased: ui.state.eased, steady: media.steady, camera: act.media().camera, mode: ui.state.mode }) : null;
    if (back) yield news("wifi", back.text, [back.label, goBack, true], [t("Not now"), () => ui.set({ eased: null, wayBackSeen: true })]);
    else if (weak === null && !ui.state.modeSeen && ui.state.mode !== "normal" && view?.room.phase !== "ended") {
      yield news("settings", AS_BEFORE[ui.state.mode], [t("Pictures as usual"), () => ui.set({ mode: "normal" })], [t("All right"), () => ui.set({ modeSeen: true })]);
    }
    if (capture.notice !== ui.state.noticeSeen) ui.state.noticeSeen = null; // the next time is news again
    const trouble = capture.notice ?? ui.state.deviceTrouble;
    if (trouble) yield line("headphones", trouble, [t("Camera and sound"), () => ui.set({ dialog: "devices", deviceTrouble: null })], [t("All right"), () => { ui.set({ deviceTrouble: null, noticeSeen: capture.notice }); }]);
  }

  /** @param {string} what */
  function remedy(what) {
    const taken = /** @type {"camera_off" | "low_data" | "audio_only"} */ (what);
    const eased = media.quality.word === "good" ? null : taken; // else it was the computer that was busy
    if (taken === "camera_off") act.camera();
    ui.set(taken === "camera_off" ? { eased } : { eased, mode: taken });
  }

  function goBack() {
    if (ui.state.eased === "camera_off") act.camera();
    else ui.set({ mode: "normal" });
    ui.set({ eased: null, wayBackSeen: true });
  }

  /** What is wrong. @param {string} drawing @param {string} words @param {...[string, () => void, boolean?]} buttons */
  function line(drawing, words, ...buttons) {
    return words === ui.state.noticeSeen ? nothing : notice("", drawing, words, buttons);
  }

  /** Nothing is. @param {string} drawing @param {string} words @param {...[string, () => void, boolean?]} buttons */
  function news(drawing, words, ...buttons) {
    return notice("plain", drawing, words, buttons);
  }

  /** @param {string} tone @param {string} drawing @param {string} words @param {[string, () => void, boolean?][]} buttons */
  function notice(tone, drawing, words, buttons) {
    return html`<div class="notice ${tone}">${icon(drawing)}<p class="grow">${words}</p>
      ${buttons.map(([label, press, main]) => html`<button type="button" class="button ${main ? "primary" : ""}" @click=${press}>${label}</button>`)}</div>`;
  }

  return { update: draw, unmount: () => render(nothing, root) };
}

/** A wish of an earlier meeting stands: whoever forgot it would wonder where everybody is. @type {Record<string, string>} */
const AS_BEFORE = {
  low_data: t("Pictures reach you small, to use less data. You chose that before."),
  audio_only: t("You hear everyone, and see no pictures. You chose that before."),
};
