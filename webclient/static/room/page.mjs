/**
 * The session page: one page from the door to goodbye, led by `you.place` of each view.
 *
 * `start` puts the parts together and owns what they share: the line, the media, what is open, and the actions that
 * more than one part offers. Parts draw; they do not know each other.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { mount as mountArrival } from "/components/arrival/arrival.mjs";
import { mount as mountFarewell } from "/components/farewell/farewell.mjs";
import { mount as mountRoom } from "/components/room/room.mjs";
import { allMessages, changes } from "/static/core/changes.mjs";
import { spoken } from "/static/core/spoken.mjs";
import { whyNot } from "/static/core/refusals.mjs";
import { t } from "/static/core/words.mjs";
import { canShare, createScreen } from "/static/media/screen.mjs";
import { createMedia } from "./media.mjs";
import { listenToKeys } from "./keys.mjs";
import { softTone } from "./sound.mjs";
import { createMemory, createUi } from "./ui.mjs";

const TOAST_MS = 7_000;
const SAY_EVERY_MS = 2_000;
const SWAP_MS = 120_000;
const SLEPT_MS = 3_000;
const LID_MS = 250;

/**
 * @param {object} parts
 * @param {any} parts.boot what the server wrote into the page
 * @param {HTMLElement} parts.root
 * @param {(options: any) => any} parts.connect
 * @param {any} parts.capture
 * @param {(options: any) => any} parts.createPeer
 * @param {string} parts.device
 */
export function start({ boot, root, connect, capture, createPeer, device }) {
  const memory = createMemory(`milieu-${boot.session}-${boot.person}-`);
  const ui = createUi(redraw);
  /** What is so just now, beside the view. */
  const room = { view: /** @type {any} */ (null), degraded: false, moving: false };
  let place = "";
  let part = /** @type {any} */ (null);
  let drawing = false;
  let gone = false;
  /** @type {{seq: number, resolve: () => void}[]} */
  let waitingFor = [];

  const connection = connect({
    socketUrl: socketUrl(boot.socket), device, mode: boot.mode, storage: storage(), storageKey: `milieu-drafts-${boot.session}-${boot.person}`,
    onView: viewCame, onMessage: messageCame, onState: stateChanged,
    onDraft: (/** @type {string} */ key, /** @type {any} */ state) => {
      part?.draftChanged?.(key, state);
      redraw();
    },
  });
  const sounds = /** @type {HTMLElement} */ (document.querySelector("#sounds"));
  const media = createMedia({ boot, connection, capture, createPeer, sounds, changed: redraw });
  const own = createOwnMedia();
  const screen = createScreen(() => void stopSharing());
  capture.onChange(own.check);

  // ---------------------------------------------------------------- what comes

  /** @param {any} told */
  function viewCame(told) {
    if (gone) return;
    const view = spoken(told);
    for (const change of changes(room.view, view)) announce(change);
    const before = room.view;
    room.view = view;
    room.moving = false;
    markUnread(before, view);
    waitingFor = waitingFor.filter(({ seq, resolve }) => view.version < seq || resolve());
    show(view.you.place === "waiting" || view.you.place === "expected" ? "arriving" : view.you.place);
    own.follow(view.you, before?.you ?? null);
    if (before?.room.small_room && !view.room.small_room) toast(t("You are back with the group."));
    followScreen(view.room.screen ?? null, before?.room.screen ?? null);
    followExercise(view.room.exercise ?? null, before?.room.exercise ?? null);
    redraw();
  }

  /** @param {any} message */
  function messageCame(message) {
    media.receive(message);
    switch (message.type) {
      case "degraded":
        room.degraded = message.store;
        if (room.degraded) say(t("Saving is paused. Your meeting goes on. Nothing typed is lost."));
        break;
      case "moving":
        room.moving = true;
        connection.flush();
        break;
      case "nudge":
        nudged(message.kind);
        break;
    }
    redraw();
  }

  /** @param {any} state */
  function stateChanged(state) {
    if (gone) return;
    if (state.status === "reconnecting" && state.attempt === 1) say(t("Your connection dropped. Your minutes are safe. Reconnecting."));
    if (state.status === "open" && room.view) say(t("You are connected."));
    if (state.status === "open") room.degraded = false;
    if (state.status === "closed") farewell(state.bye, state.code);
    redraw();
  }

  /** @param {string} kind */
  function nudged(kind) {
    if (kind === "muted") {
      own.set({ microphone: false }, false);
      toast(t("A facilitator muted you. You can unmute when you want to speak."));
    } else if (kind === "unmute_asked") {
      say(t("You are asked to unmute, if you would like to speak."));
    } else if (kind === "moved_to_waiting") {
      toast(t("A facilitator moved you to the waiting room. They will be with you soon."));
    }
  }

  // ---------------------------------------------------------------- what is shown

  /** @param {string} next a place, as `you.place` says it */
  function show(next) {
    if (place === next) return;
    const first = place === "";
    place = next;
    document.body.dataset.place = next;
    if (next === "room") {
      own.enter(first);
      media.enter();
      if (boot.role !== "participant" && matchMedia("(min-width: 901px)").matches) ui.state.panel = "people";
      else if (matchMedia("(min-width: 901px)").matches) ui.state.panel = "now";
      part = mountRoom(fresh("room-root"), context);
      if (!first) cameIn();
    } else {
      media.leave();
      if (screen.track) void stopSharing();
      ui.state.panel = null;
      if (next === "arriving") part = mountArrival(fresh("door"), context);
      else farewellPage(next === "removed" ? "removed" : "left", null);
    }
  }

  /** The door opened by itself: whoever listens is told, and whoever is here by keys goes on from the room's beginning. */
  function cameIn() {
    say(t("You are in the meeting now."));
    if (document.activeElement === document.body) root.querySelector("h1")?.focus({ preventScroll: true });
  }

  /** A clean place for the next part; what was there before is gone. @param {string} className */
  function fresh(className) {
    part?.unmount();
    part = null;
    const inside = document.createElement("div");
    inside.className = className;
    root.replaceChildren(inside);
    return inside;
  }

  /** @param {string | null} reason @param {number | null} code */
  function farewell(reason, code) {
    place = "farewell";
    document.body.dataset.place = place;
    media.leave();
    capture.stop();
    screen.stop();
    farewellPage(reason, code);
  }

  /** @param {string | null} reason @param {number | null} code */
  function farewellPage(reason, code) {
    part = mountFarewell(fresh("page"), { boot, now: connection.now(), view: room.view, reason, code });
  }

  function redraw() {
    if (drawing || gone) return;
    drawing = true;
    queueMicrotask(() => {
      drawing = false;
      if (room.view && !gone) part?.update(room.view);
    });
  }

  // ---------------------------------------------------------------- words for those who listen, and short ones to see

  /** @type {string[]} */
  let toSay = [];
  let saidAt = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let sayTimer;

  /** Politely and not too often: what came together is said together. @param {string} words */
  function say(words) {
    toSay = [...toSay, words].slice(-4);
    sayTimer ??= setTimeout(() => {
      sayTimer = undefined;
      saidAt = Date.now();
      const live = document.querySelector("#live");
      if (live) live.textContent = toSay.join(" ");
      toSay = [];
    }, Math.max(SAY_EVERY_MS / 10, saidAt + SAY_EVERY_MS - Date.now()));
  }

  /** @param {import("/static/core/changes.mjs").Change} change */
  function announce({ kind, text }) {
    say(text);
    // Who is asked may be listening with the screen out of sight; the others hear a tone only if they asked for it.
    if (kind === "asked" || kind === "call" || (ui.state.sounds && ["hand", "waiting", "next"].includes(kind))) softTone();
  }

  /** @param {any} before @param {any} after */
  function markUnread(before, after) {
    if (ui.state.panel === "chat") return context.read();
    const read = memory.get("read") ?? (before ? 0 : newest(after));
    if (!before && memory.get("read") === null) memory.set("read", read);
    const fresh = allMessages(after).some((one) => one.person !== boot.person && Number(one.id) > read);
    ui.state.unread = fresh;
  }

  /** @param {any} view */
  const newest = (view) => Math.max(0, ...allMessages(view).map((one) => Number(one.id) || 0));

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let toastTimer;

  /** @param {string} words @param {{label: string, press: () => void}} [action] */
  function toast(words, action) {
    clearTimeout(toastTimer);
    const place = /** @type {HTMLElement} */ (document.querySelector("#toast"));
    const hide = () => render(nothing, place);
    render(html`<div class="toast" role="status"><p>${words}</p>${action ? html`<button type="button" class="button" @click=${() => {
      hide();
      action.press();
    }}>${action.label}</button>` : nothing}</div>`, place);
    toastTimer = setTimeout(hide, TOAST_MS);
  }

  // ---------------------------------------------------------------- own microphone and camera

  /**
   * What I want to send. The server has the last word (a facilitator may mute; it stops what is hidden), the devices
   * follow; a press is shown at once and not only when the server has heard of it.
   */
  function createOwnMedia() {
    let wanted = { microphone: false, camera: false };
    let underway = 0;
    let latest = 0;
    let untold = false;
    let unheardSince = -Infinity;

    /** @param {{microphone?: boolean, camera?: boolean}} changes @param {boolean} [tell] whether the server is told */
    async function set(changes, tell = true) {
      wanted = { ...wanted, ...changes };
      redraw();
      const mine = ++latest;
      untold ||= tell;
      underway += 1;
      try {
        await Promise.all([capture.setMicrophone(wanted.microphone), capture.setCamera(wanted.camera)]);
        if (mine !== latest) return; // pressed again meanwhile: that press settles both
        const trouble = (wanted.microphone && !capture.on.microphone && capture.problems.microphone?.text)
          || (wanted.camera && !capture.on.camera && capture.problems.camera?.text) || null;
        wanted = { microphone: wanted.microphone && capture.on.microphone, camera: wanted.camera && capture.on.camera };
        ui.set({ deviceTrouble: trouble });
        const { you } = room.view;
        const told = wanted.microphone === you.microphone && wanted.camera === you.camera;
        // A device that did not open must not stay announced, whoever started this.
        const due = untold || (!told && trouble);
        untold = false;
        if (due) await connection.send("set_media", wanted);
      } catch (refusal) {
        if (room.view) wanted = { microphone: room.view.you.microphone, camera: room.view.you.camera };
        if (/** @type {any} */ (refusal).text) toast(/** @type {any} */ (refusal).text);
      } finally {
        underway -= 1;
        redraw();
      }
    }

    return {
      set,
      get wanted() {
        return wanted;
      },
      /** @param {boolean} first the page opened right in the room: a reload, or staff who come in by opening */
      enter(first) {
        if (first) wanted = { microphone: room.view.you.microphone, camera: room.view.you.camera };
        else wanted = { microphone: capture.on.microphone, camera: capture.on.camera };
        if (wanted.microphone || wanted.camera) void set({}, !first);
      },
      /** A device went by itself (unplugged, permission taken back) and there was no other. */
      check() {
        const lost = (wanted.microphone && !capture.on.microphone) || (wanted.camera && !capture.on.camera);
        if (place === "room" && !underway && lost) {
          if (wanted.microphone && !capture.on.microphone) unheardSince = Date.now();
          void set({});
        } else if (place === "room" && !underway && capture.microphoneBack && Date.now() - unheardSince < SWAP_MS) {
          unheardSince = -Infinity; // a headset was swapped: they never asked to be muted
          void set({ microphone: true });
        }
      },
      /** @param {any} you @param {any} before */
      follow(you, before) {
        if (place !== "room" || underway || !before || before.place !== "room") return;
        const off = {
          microphone: wanted.microphone && before.microphone && !you.microphone,
          camera: wanted.camera && before.camera && !you.camera,
        };
        if (off.microphone || off.camera) {
          void set({ ...(off.microphone ? { microphone: false } : {}), ...(off.camera ? { camera: false } : {}) }, false);
        }
      },
    };
  }

  // ---------------------------------------------------------------- own screen

  /** Show my screen, or end it. The browser asks what to show; the room is asked after that. */
  async function share() {
    if (screen.track) return stopSharing();
    if (!canShare()) return toast(t("This browser cannot show its screen. A computer can."));
    let track;
    try {
      track = await screen.choose();
    } catch {
      return toast(t("Your screen could not be opened. You can try again, or choose a window instead."));
    }
    if (track === null) return;
    if (!(await ask("share_screen", { on: true }))) return screen.stop();
    memory.set("sharing", true);
    media.share(screen.track); // null when it ended while the room was asked
    if (screen.track === null) return stopSharing();
    say(t("Your screen is shown to the group."));
    redraw();
  }

  async function stopSharing() {
    screen.stop();
    media.share(null);
    memory.set("sharing", null);
    redraw();
    if (room.view?.room.screen === boot.person) await ask("share_screen", { on: false });
  }

  /** The room has the last word: a facilitator may end it, and a page that was reloaded has nothing to show any more. */
  function followScreen(/** @type {string | null} */ shown, /** @type {string | null} */ before) {
    if (screen.track && before === boot.person && shown !== boot.person) {
      void stopSharing();
      toast(t("Your screen is no longer shown."));
    } else if (shown === boot.person && !screen.track && memory.get("sharing")) void stopSharing();
  }

  // ---------------------------------------------------------------- what the group does together

  /** It comes to where somebody looks already, or waits at a button: a chat in mid-sentence is not taken away.
   * @param {any} open @param {any} before */
  function followExercise(open, before) {
    if (!open || open.run === before?.run || ui.state.panel === "now") return;
    const show = () => ui.set({ panel: "now" });
    if (boot.role === "participant" && ui.state.panel === null) show();
    else toast(t("Together now: {exercise}.", { exercise: open.title }), { label: t("Open"), press: show });
  }

  // ---------------------------------------------------------------- actions

  /** Ask, and say so in words when it cannot be. @param {string} type @param {any} [fields] @returns {Promise<boolean>} */
  async function ask(type, fields = {}) {
    try {
      await connection.send(type, fields);
      return true;
    } catch (refusal) {
      toast(whyNot(refusal));
      return false;
    }
  }

  const act = {
    ask,
    media: () => own.wanted,
    microphone: () => own.set({ microphone: !own.wanted.microphone }),
    camera: () => own.set({ camera: !own.wanted.camera }),
    unmute: () => own.set({ microphone: true }),
    stayMuted: () => ask("set_media", { ...own.wanted, microphone: false }),
    stillHere: async () => {
      if (await ask("still_here")) say(t("Thank you. Your facilitator knows that you are here."));
    },
    share,
    /** What this tab shows of its screen. */
    ownScreen: () => screen.stream,
    hand: () => ask(room.view?.you.hand === null ? "raise_hand" : "lower_hand"),
    react: (/** @type {string} */ reaction) => ask("react", { reaction }),
    leave: () => ask("leave"),
    end: () => ask("end_session"),

    /** @param {boolean} on */
    async shield(on) {
      ui.set({ shield: on, more: false });
      media.silence(on);
      if (on) void own.set({ microphone: false, camera: false }, false);
      if (on && screen.track) void stopSharing();
      const done = await ask("shield", { on });
      if (!on && done) toast(t("Welcome back. Your microphone and camera are still off."));
    },

    async next() {
      const agenda = room.view?.room.agenda;
      const next = agenda?.segments.find((/** @type {any} */ one) => one.id === agenda.next);
      if (!next || boot.role === "participant") return;
      if (await ask("advance", { from_segment: agenda.position })) {
        toast(t("Moved to {part}.", { part: next.title }), { label: t("Undo"), press: act.undo });
      }
    },
    async undo() {
      if (await ask("undo_move")) toast(t("Undone. The minutes are as if you had never moved."));
    },
    /** @param {any} one */
    async askToUnmute(one) {
      if (await ask("ask_to_unmute", { person: one.person })) toast(t("Asked {name} to unmute.", { name: one.name }));
    },
    /** @param {any} one */
    async moveToWaiting(one) {
      if (await ask("move_to_waiting", { person: one.person })) {
        toast(t("{name} is in the waiting room.", { name: one.name }), { label: t("Let back in"), press: () => ask("admit", { person: one.person }) });
      }
    },
  };

  /** Out, at once: first the eyes, then the devices, then the server, then the page itself. */
  function quickExit() {
    if (gone) return;
    gone = true;
    root.replaceChildren();
    for (const around of document.querySelectorAll("#frame, .languages")) around.remove();
    document.body.dataset.place = "gone";
    capture.stop();
    screen.stop();
    media.close();
    connection.forget();
    memory.clear();
    connection.send("quick_exit").catch(() => undefined);
    if (boot.exit) navigator.sendBeacon(boot.exit); // outlives this page, and makes this browser a stranger
    location.replace(boot.exit_url);
  }

  const context = {
    boot, connection, capture, media, ui, act, memory, room, toast, say,
    /** Everything there is to read has been read. */
    read() {
      if (room.view) memory.set("read", newest(room.view));
      ui.state.unread = false;
    },
    /** Resolves when a view shows what the log has up to `seq`. @param {number} seq @returns {Promise<void>} */
    seen: (seq) => new Promise((resolve) => {
      if ((room.view?.version ?? -1) >= seq) resolve();
      else waitingFor.push({ seq, resolve });
    }),
  };

  // ---------------------------------------------------------------- the page around it

  const inRoom = (/** @type {() => void} */ action) => () => {
    if (place === "room") action();
  };
  const forStaff = (/** @type {() => void} */ action) => inRoom(() => boot.role !== "participant" && action());
  listenToKeys({
    enabled: () => ui.state.shortcuts,
    exit: quickExit,
    keys: {
      m: inRoom(act.microphone),
      v: inRoom(act.camera),
      h: inRoom(act.hand),
      c: inRoom(() => ui.toggle("chat")),
      p: inRoom(() => room.view?.you.may_share && void share()),
      s: inRoom(() => act.shield(!ui.state.shield)),
      i: inRoom(() => room.view?.you.still_here && void act.stillHere()),
      n: forStaff(() => void act.next()),
      u: forStaff(() => void act.undo()),
      "?": inRoom(() => ui.set({ dialog: "keys" })),
    },
  });

  /** After a sleep nothing is as it was: the line, the way of the media, and what was plugged in. */
  function woken() {
    connection.wake();
    void media.restart();
  }

  const exit = /** @type {HTMLElement | null} */ (document.querySelector("#quick-exit"));
  exit?.addEventListener("click", (event) => {
    event.preventDefault();
    quickExit();
  });

  window.addEventListener("online", () => connection.wake());
  window.addEventListener("pagehide", () => connection.flush());
  // A page from the browser's memory must not show a room that its person has left.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return connection.flush();
    connection.wake();
    media.goOn();
  });
  document.addEventListener("resume", () => media.goOn());
  let awakeAt = Date.now();
  setInterval(() => {
    const slept = Date.now() - awakeAt > SLEPT_MS; // a moment that took so long: the lid was closed
    awakeAt = Date.now();
    if (slept) woken();
  }, LID_MS);
  setInterval(redraw, 1_000);
  keepAwake();

  return { connection, media, capture, ui, quickExit };
}

/** The socket's whole address: older browsers take no path alone. @param {string} path */
function socketUrl(path) {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : url.protocol === "http:" ? "ws:" : url.protocol;
  return url.href;
}

/** A phone that falls asleep leaves the group. Where the browser cannot help, nothing is lost but comfort. */
function keepAwake() {
  const ask = () => {
    if (!document.hidden) navigator.wakeLock?.request("screen").catch(() => undefined);
  };
  document.addEventListener("visibilitychange", ask);
  ask();
}

function storage() {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}
