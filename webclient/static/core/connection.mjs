/**
 * One browser tab's line to its room, as server/wire/PROTOCOL.md says: it opens, keeps the server's clock, answers
 * pings, comes back after every loss, and sees to it that whatever was asked or typed arrives exactly once.
 *
 * No DOM here: sockets, timers and storage are what any JavaScript host has, and a test may bring its own.
 */

import { t } from "/static/core/words.mjs";
import { createSync } from "./sync.mjs";

/**
 * @typedef {"connecting" | "open" | "reconnecting" | "closed"} Status
 * @typedef {object} State
 * @property {Status} status
 * @property {number} attempt  How often we have tried since the line was last open.
 * @property {number | null} code  The close code that ended it for good.
 * @property {string | null} bye  Why the server said goodbye: "left", "quick_exit", "removed" or "ended".
 *
 * @typedef {{code: string, text: string}} Refusal  What `send` and `offer` reject with.
 * @typedef {Record<string, unknown>} Fields
 *
 * @typedef {object} DraftState
 * @property {"waiting" | "saved" | "refused"} state
 * @property {number | null} seq  The log's number of what was saved last.
 * @property {Fields | null} saved  The fields that were saved last.
 * @property {Refusal | null} refusal
 *
 * @typedef {object} Options
 * @property {string} socketUrl
 * @property {string} device  A random id that this browser keeps.
 * @property {"room" | "record"} mode
 * @property {string} [ticket]  Outside programs only; a browser's cookie says who it is.
 * @property {(view: any) => void} [onView]
 * @property {(message: any) => void} [onMessage]  Everything that is neither a view, nor a ping, nor an answer.
 * @property {(state: State) => void} [onState]
 * @property {(key: string, state: DraftState) => void} [onDraft]
 * @property {Pick<Storage, "getItem" | "setItem" | "removeItem"> | null} [storage]  Keeps unsaved drafts over a reload.
 * @property {string} [storageKey]
 * @property {typeof WebSocket} [socketClass]
 */

const SILENCE_MS_MAX = 6_000;
const DOUBT_MS = 500; // how long an answer may take where there is reason to think that none will come
const OPEN_MS = 3_000; // so long may it take to open a line, a second more with every try
const STUCK_MS = 500; // a try so old was made before the network was back
const RETRY_MS = [0, 300, 1_000, 2_000, 4_000, 5_000];
const RETRY_TOO_MANY_MS = 5_000;
const FINAL_CODES = new Set([1000, 4400, 4401, 4403, 4404]);
const TOO_MANY_CODE = 4429;
const DRAFT_WAIT_MS = 400;
const TOO_FAST_WAIT_MS = 1_000;
const UNANSWERED_MAX = 500;
const CLOCK_SOON_MS = [0, 120, 300, 700, 1_500];
const CLOCK_EVERY_MS = 4_000;

const CLOSED = { code: "closed", text: t("This meeting is closed on this device.") };
const CONNECTION_LOST = { code: "connection_lost", text: t("Your connection dropped. Reconnecting…") };
const TOO_MUCH_WAITING = { code: "too_much_waiting", text: t("Too much is waiting to be sent. Please wait a moment.") };

/**
 * @param {Options} options
 */
export function connect(options) {
  const { socketUrl, device, mode, ticket, storage = null, storageKey = "milieu-drafts" } = options;
  const Socket = options.socketClass ?? globalThis.WebSocket;

  /** @type {State} */
  let state = { status: "connecting", attempt: 0, code: null, bye: null };
  /** @type {WebSocket | null} */
  let socket = null;
  /** True between `welcome` and the end of that socket: only then may anything be sent. */
  let welcomed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let silenceTimer;
  /** When the socket that is not open yet was made, by the local clock. */
  let openedAt = 0;
  /** Who wants to know whether this line still is one. @type {((is: boolean) => void)[]} */
  let doubting = [];
  /** @type {string | null} */
  let bye = null;
  let newestVersion = -1;
  /** @type {any} */
  let view = null;

  const clock = createSync(() => performance.now());
  /** When which question about the time was asked, by the local clock. @type {Map<number, number>} */
  const clockAsked = new Map();
  let clockMark = 0;
  /** @type {ReturnType<typeof setTimeout>[]} */
  let clockTimers = [];

  /** @type {Map<string, {message: Fields, resolve: (answer: {seq: number}) => void, reject: (refusal: Refusal) => void}>} */
  const unanswered = new Map();
  /** @type {Map<string, {resolve: (answer: {peer: string, sdp: string}) => void, reject: (refusal: Refusal) => void}>} */
  const offers = new Map();
  const drafts = createDrafts();

  // ---------------------------------------------------------------- the socket's life

  function open() {
    clearTimeout(retryTimer);
    const mine = new Socket(socketUrl);
    socket = mine;
    openedAt = performance.now();
    mine.onopen = () => {
      if (mine === socket) watchForSilence();
      /** @type {Fields} */
      const hello = { type: "hello", protocol: 1, device, mode };
      if (ticket) hello.ticket = ticket;
      mine.send(JSON.stringify(hello));
    };
    mine.onmessage = (event) => {
      if (mine !== socket) return;
      watchForSilence();
      settleDoubts(true);
      receive(JSON.parse(event.data));
    };
    mine.onclose = (event) => {
      if (mine === socket) lost(event.code);
    };
    // What was asked of a network that is away may be asked anew much later only, by the system's own patience.
    watchForSilence(Math.min(SILENCE_MS_MAX, OPEN_MS + 1_000 * state.attempt));
  }

  function watchForSilence(ms = SILENCE_MS_MAX) {
    clearTimeout(silenceTimer);
    silenceTimer = setTimeout(abandon, ms);
  }

  /** Look for another line. */
  function abandon() {
    const silent = socket;
    socket = null; // its own close event, perhaps minutes later, is of no interest any more
    silent?.close();
    lost(1006);
  }

  /** @param {number} code */
  function lost(code) {
    clearTimeout(silenceTimer);
    stopClock();
    socket = null;
    welcomed = false;
    settleDoubts(false);
    for (const { reject } of offers.values()) reject(CONNECTION_LOST);
    offers.clear();
    if (state.status === "closed") return;
    if (FINAL_CODES.has(code)) {
      finish(code);
      return;
    }
    const attempt = state.attempt + 1;
    const wait = code === TOO_MANY_CODE ? RETRY_TOO_MANY_MS : RETRY_MS[Math.min(attempt - 1, RETRY_MS.length - 1)];
    setState({ status: "reconnecting", attempt });
    retryTimer = setTimeout(open, wait * (0.8 + 0.4 * Math.random()));
  }

  /** @param {boolean} is */
  function settleDoubts(is) {
    const asked = doubting;
    doubting = [];
    for (const tell of asked) tell(is);
  }

  /** @param {number | null} code */
  function finish(code) {
    clearTimeout(retryTimer);
    clearTimeout(silenceTimer);
    stopClock();
    setState({ status: "closed", code, bye });
    for (const { reject } of unanswered.values()) reject(CLOSED);
    unanswered.clear();
  }

  /** @param {Partial<State>} changes */
  function setState(changes) {
    state = { ...state, ...changes };
    options.onState?.(state);
  }

  // ---------------------------------------------------------------- what comes in

  /** @param {any} message */
  function receive(message) {
    switch (message.type) {
      case "ping":
        clock.heard(message.now);
        raw({ type: "pong", now: message.now });
        return;
      case "clock": {
        const asked = clockAsked.get(message.mark);
        clockAsked.delete(message.mark);
        if (asked !== undefined) clock.answered(asked, message.now);
        return;
      }
      case "welcome":
        clock.forget(); // it may be another server now
        clock.heard(message.now);
        startClock();
        welcomed = true;
        view = null;
        newestVersion = -1; // a line that is new shows whatever the room is now
        setState({ status: "open", attempt: 0 });
        options.onMessage?.(message);
        for (const { message: waiting } of unanswered.values()) raw(waiting);
        drafts.flush();
        return;
      case "view":
        clock.heard(message.now);
        if (message.version < newestVersion) return;
        newestVersion = message.version;
        view = message;
        options.onView?.(view);
        return;
      case "agenda": // ahead of its view: the rest is as it was
        clock.heard(message.now);
        if (!view || message.version < newestVersion) return;
        newestVersion = message.version;
        view = {
          ...view,
          version: message.version,
          now: message.now,
          room: { ...view.room, phase: message.phase, agenda: message.agenda },
        };
        options.onView?.(view);
        return;
      case "accepted":
        settle(message.command_id)?.resolve({ seq: message.seq });
        return;
      case "refused":
        refused(message);
        return;
      case "answer": {
        const offer = offers.get(message.offer_id);
        offers.delete(message.offer_id);
        offer?.resolve({ peer: message.peer, sdp: message.sdp });
        return;
      }
      case "bye":
        bye = message.reason;
        options.onMessage?.(message);
        return;
      default:
        options.onMessage?.(message);
    }
  }

  /** @param {{command_id: string, code: string, text: string, message?: string, values?: Record<string, string>}} told */
  function refused({ command_id: id, code, text: english, message, values = {} }) {
    const text = message ? t(message, Object.fromEntries(Object.entries(values).map(([name, value]) => [name, t(value)]))) : t(english);
    const offer = offers.get(id);
    if (offer) {
      offers.delete(id);
      offer.reject({ code, text });
      return;
    }
    const command = unanswered.get(id);
    if (command && code === "too_fast") {
      setTimeout(() => unanswered.has(id) && raw(command.message), TOO_FAST_WAIT_MS);
      return;
    }
    settle(id)?.reject({ code, text });
  }

  /** @param {string} id */
  function settle(id) {
    const command = unanswered.get(id);
    unanswered.delete(id);
    return command;
  }

  // ---------------------------------------------------------------- the server's clock

  /** Often at first, so that a group can breathe together soon after somebody came in; then now and then. */
  function startClock() {
    stopClock();
    clockTimers = CLOCK_SOON_MS.map((ms) => setTimeout(askClock, ms));
    clockTimers.push(setInterval(askClock, CLOCK_EVERY_MS));
  }

  function askClock() {
    clockMark += 1;
    clockAsked.set(clockMark, performance.now());
    if (clockAsked.size > CLOCK_SOON_MS.length) clockAsked.delete(Math.min(...clockAsked.keys()));
    raw({ type: "clock", mark: clockMark });
  }

  function stopClock() {
    for (const timer of clockTimers) clearTimeout(timer);
    clockTimers = [];
    clockAsked.clear();
  }

  // ---------------------------------------------------------------- what goes out

  /** @param {Fields} message */
  function raw(message) {
    if (welcomed || message.type === "pong") socket?.send(JSON.stringify(message));
  }

  /**
   * Ask for something; it is sent again after a reconnect until the server has answered.
   * @param {string} type @param {Fields} [fields] @param {string} [id]
   * @returns {Promise<{seq: number}>} Resolves when it is durable; rejects with a `Refusal`.
   */
  function send(type, fields = {}, id = randomId()) {
    return new Promise((resolve, reject) => {
      if (state.status === "closed") return reject(CLOSED);
      if (unanswered.size >= UNANSWERED_MAX) return reject(TOO_MUCH_WAITING);
      const message = { ...fields, type, command_id: id };
      unanswered.set(id, { message, resolve, reject });
      raw(message);
    });
  }

  /**
   * Drafts: one slot per key, the latest text wins, at most one on its way per slot. What the server has not yet
   * accepted is kept in `storage`, so that a reload in the middle of an outage loses nothing either.
   */
  function createDrafts() {
    /**
     * @typedef {{type: string, fields: Fields | (() => Fields), id?: string}} Draft
     * @typedef {{next: Draft | null, sending: boolean, timer: any, state: DraftState}} Slot
     * @type {Map<string, Slot>}
     */
    const slots = new Map();
    /** @type {Record<string, {type: string, fields: Fields, id: string}>} */
    const kept = read();

    function read() {
      try {
        return JSON.parse(storage?.getItem(storageKey) ?? "{}");
      } catch {
        return {};
      }
    }

    function write() {
      try {
        if (Object.keys(kept).length) storage?.setItem(storageKey, JSON.stringify(kept));
        else storage?.removeItem(storageKey);
      } catch {
        // Storage is full or forbidden: memory still holds the draft.
      }
    }

    /** @param {string} key */
    function slotOf(key) {
      let slot = slots.get(key);
      if (!slot) {
        slot = { next: null, sending: false, timer: undefined, state: { state: "saved", seq: null, saved: null, refusal: null } };
        slots.set(key, slot);
      }
      return slot;
    }

    /** @param {string} key @param {Slot} slot @param {Partial<DraftState>} changes */
    function tell(key, slot, changes) {
      slot.state = { ...slot.state, ...changes };
      options.onDraft?.(key, slot.state);
    }

    /** @param {string} key */
    async function push(key) {
      const slot = slotOf(key);
      clearTimeout(slot.timer);
      if (slot.sending || !slot.next || !welcomed) return;
      const { type, fields, id = randomId() } = slot.next;
      const now = typeof fields === "function" ? fields() : fields;
      kept[key] = { type, fields: now, id };
      write();
      slot.next = null;
      slot.sending = true;
      try {
        const { seq } = await send(type, now, id);
        if (kept[key]?.id === id) delete kept[key];
        tell(key, slot, { state: slot.next ? "waiting" : "saved", seq, saved: now, refusal: null });
      } catch (refusal) {
        const words = /** @type {Refusal} */ (refusal);
        if (words.code !== CLOSED.code && kept[key]?.id === id) delete kept[key];
        tell(key, slot, { state: "refused", refusal: words });
      }
      write();
      slot.sending = false;
      if (slot.next) slot.timer = setTimeout(() => push(key), DRAFT_WAIT_MS);
    }

    return {
      /**
       * Keep `fields` as the newest draft of `key`. A function is asked for the fields when they are really sent.
       * @param {string} key @param {string} type @param {Fields | (() => Fields)} fields
       */
      put(key, type, fields) {
        if (state.status === "closed") return;
        const slot = slotOf(key);
        const first = !slot.next;
        slot.next = { type, fields };
        kept[key] = { type, fields: typeof fields === "function" ? fields() : fields, id: "" };
        write();
        tell(key, slot, { state: "waiting" });
        // Not put off by further typing: what was typed first is on its way within the wait.
        if (first && !slot.sending) slot.timer = setTimeout(() => push(key), DRAFT_WAIT_MS);
      },
      flush() {
        for (const [key, { type, fields, id }] of Object.entries(kept)) {
          const slot = slotOf(key);
          // Left over from the page before a reload. It may have arrived then: the same id makes that harmless.
          if (!slot.next && !slot.sending) slot.next = { type, fields, id: id || undefined };
        }
        for (const key of slots.keys()) void push(key);
      },
      /** @param {string} key */
      drop(key) {
        const slot = slotOf(key);
        clearTimeout(slot.timer);
        slot.next = null;
        delete kept[key];
        write();
      },
      /** @param {string} key @returns {Fields | null} */
      unsaved: (key) => kept[key]?.fields ?? null,
      /** @param {string} key @returns {DraftState} */
      stateOf: (key) => slotOf(key).state,
      forget() {
        for (const key of Object.keys(kept)) delete kept[key];
        for (const slot of slots.values()) {
          clearTimeout(slot.timer);
          slot.next = null;
        }
        write();
      },
    };
  }

  open();

  return {
    send,

    /** See `createDrafts`. At most 0.4 s pass between typing and sending. */
    draft: drafts.put,
    /** What was typed under `key` and is not accepted yet (also from before a reload). */
    unsaved: drafts.unsaved,
    /** What is known about the draft `key`. */
    draftState: drafts.stateOf,
    /** Give up the draft `key`: it was submitted, or the person chose another text. */
    dropDraft: drafts.drop,
    /** Send every draft now: the page is about to go. */
    flush: drafts.flush,
    /** Leave no typed word on this machine. */
    forget: drafts.forget,

    /**
     * Offer media once. Rejects when the line drops before the answer: offer anew then.
     * @param {string} sdp @param {string | null} [peer] @returns {Promise<{peer: string, sdp: string}>}
     */
    offer(sdp, peer = null) {
      return new Promise((resolve, reject) => {
        if (!welcomed) return reject(state.status === "closed" ? CLOSED : CONNECTION_LOST);
        const id = randomId();
        offers.set(id, { resolve, reject });
        raw({ type: "offer", offer_id: id, peer, sdp });
      });
    },

    /** Say what size each tile has. Nothing waits for it: the next wish replaces it anyway. @param {Fields} wish */
    wish(wish) {
      raw({ ...wish, type: "wish" });
    },

    /** Say something that is not worth saying later. @param {Fields} message */
    tell(message) {
      raw(message);
    },

    /** Milliseconds since 1970 by the server's clock. */
    now: () => Math.round(clock.now()),
    /** By how many milliseconds `now` may be wrong at most; Infinity while nobody knows. */
    unsure: () => clock.unsure(),

    get state() {
      return state;
    },

    /** The network is back, or the lid was opened: do not wait for the next try, nor for one that was made before. */
    wake() {
      if (state.status !== "reconnecting" || welcomed) return;
      if (socket && performance.now() - openedAt < STUCK_MS) return;
      const stuck = socket;
      open();
      stuck?.close();
    },

    /**
     * There is reason to think that the network is another one, or away: ask, and look for another line unless an answer
     * comes soon.
     * @returns {Promise<boolean>} whether this line still is one
     */
    doubt() {
      if (!welcomed) return Promise.resolve(false);
      askClock();
      watchForSilence(DOUBT_MS);
      return new Promise((resolve) => doubting.push(resolve));
    },

    close() {
      const mine = socket;
      socket = null;
      welcomed = false;
      settleDoubts(false);
      if (state.status !== "closed") finish(null);
      mine?.close(1000);
    },
  };
}

/** 128 random bits. (`crypto.randomUUID` is missing on plain http, `getRandomValues` is not.) */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @typedef {ReturnType<typeof connect>} Connection */
