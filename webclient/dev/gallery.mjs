/**
 * The session page on recorded views, without a server, a camera or a group: to look at it, and to test it.
 *
 *     /gallery?people=8&role=facilitator&state=running&place=room&line=reconnecting&degraded=1&panel=chat
 *     /gallery?role=facilitator&safety=2     with so many open safety flags
 *     /gallery?measures=phq-9,gad-7&index=8&waits=1     those measures of the catalogue, one of them opened at a question
 *     /gallery?exercise=check-the-facts&step=0&filled=1       also results=1, out=1, past=1, since=20000 (of the catalogue)
 *     /gallery?round=now&kind=appreciation&long=1             also begin, other, next, passed, out, over
 *     /gallery?week=mine      the week of one's diary, to be shown; also shown (for who leads: somebody shows theirs)
 *     /gallery?rooms=in&role=participant      also side, alone, called, soon, late, asked, away; for who leads plan, open, calls
 *
 * `window.gallery` lets a test send views and messages and read what the page asked for.
 */

import { start } from "/static/room/page.mjs";
import { withExercise } from "./exercises.mjs";
import { withRound } from "./rounds.mjs";
import { withSmallRooms } from "./smallrooms.mjs";
import { recordedView } from "./views.mjs";

const wanted = Object.fromEntries(new URLSearchParams(location.search));
const role = wanted.role ?? "participant";
const root = /** @type {HTMLElement} */ (document.querySelector("#app"));
const staff = role !== "participant";
const boot = { session: "s-demo", socket: "/none", person: staff ? "p-1" : "p-2", role, mode: "room", exit_url: "/soup", home: "/home",
  record: staff ? "/s/s-demo/record" : null, apart: staff ? "/s/s-demo/apart" : null, library: staff ? "/skills" : null, minutes: staff ? null : "/s/s-demo/minutes",
  milestones: null, week: wanted.week ? "/gallery/week" : null };

/** @type {any} */
let options;
/** @type {{type: string, fields: any}[]} */
const asked = [];
let seq = 100;
let refuse = /** @type {{code: string, text: string} | null} */ (null);
/** @type {Record<string, any>} */
const exercises = Object.fromEntries((await (await fetch("/gallery/exercises")).json()).map((/** @type {any} */ one) => [one.id, one]));
/** @type {Record<string, any>} */
const measures = await (await fetch("/gallery/measures")).json();
const safety = await (await fetch("/gallery/safety")).json();
if (wanted.index !== undefined) sessionStorage.setItem("milieu-s-demo-p-2-measure-open", JSON.stringify({ id: wanted.measures?.split(",")[0], index: Number(wanted.index) }));
let view = recorded();

function recorded() {
  const now = Date.now();
  const made = recordedView({ ...shape(), now });
  if (wanted.round) withRound(made, { place: wanted.round, kind: wanted.kind, long: Boolean(wanted.long), now });
  if (wanted.rooms) withSmallRooms(made, { state: wanted.rooms, now });
  if (wanted.safety && staff) withFlags(made, Number(wanted.safety), now);
  if (wanted.week) withWeek(made, wanted.week === "shown", now);
  if (wanted.measures && !staff) made.you.measures = wanted.measures.split(",").map((/** @type {string} */ id) => dueMeasure(id));
  const { exercise, step, filled, results, out, past, since } = wanted;
  if (!exercise) return made;
  const how = { filled: Boolean(filled), results: Boolean(results), out: Boolean(out), past: Boolean(past), since: since ? Number(since) : undefined };
  return withExercise(made, exercises[exercise], { ...how, step: step === undefined ? undefined : Number(step), now });
}

/** Open safety flags, and the path of the catalogue. @param {any} made @param {number} many @param {number} now */
function withFlags(made, many, now) {
  made.staff.safety = safety;
  made.staff.breakouts ??= { rooms: [] };
  made.staff.flags = made.staff.people.filter((/** @type {any} */ one) => one.role === "participant").slice(0, many).map((/** @type {any} */ one, /** @type {number} */ index) => ({
    flag: `flag-${index + 1}`, person: one.person, name: one.name, form: "phq-9", at: now - 60_000, disposition: null, text: "", by: null, disposed_at: null,
    questions: [{ label: measures["phq-9"].items[8].text, answer: "Several days" }], location: "12 Sample Street, Springfield VA", callback: "+1 555 0100",
    taken: index ? { by: "p-9", name: "Cole Example", at: now - 30_000 } : null, steps: index ? { apart: { by: "p-9", name: "Cole Example", at: now - 20_000 } } : {}, screen: null, plan: {},
  }));
}

/** The week of a diary, mine or shown by somebody. @param {any} made @param {boolean} shown @param {number} now */
function withWeek(made, shown, now) {
  made.you.week = staff ? null : { shown_at: shown ? now : null, to_group: shown ? ["feelings"] : [] };
  made.room.weeks = shown ? [{ person: "p-3", parts: ["feelings", "skills"], at: 1 }] : [];
  if (staff && shown) made.staff.people.find((/** @type {any} */ one) => one.person === "p-2").week_shown_at = 1;
}

/** A measure that is offered, as the catalogue has it. @param {string} id */
function dueMeasure(id) {
  const { title, about, ...form } = measures[id];
  const waits = Boolean(wanted.waits) && form.safety;
  return { id, status: "offered", title, about, waits, form: waits ? null : form, values: {}, passed: [] };
}

function shape() {
  return { people: Number(wanted.people ?? 8), role, state: wanted.state, place: wanted.place };
}

/** @param {any} given */
function connect(given) {
  options = given;
  const drafts = new Map();
  const state = { status: wanted.line ?? "open", attempt: wanted.line ? 1 : 0, code: null, bye: null };
  return {
    async send(/** @type {string} */ type, /** @type {any} */ fields = {}) {
      asked.push({ type, fields });
      if (refuse) throw refuse;
      seq += 1;
      return { seq };
    },
    draft(/** @type {string} */ key, /** @type {string} */ type, /** @type {any} */ fields) {
      drafts.set(key, { type, fields: typeof fields === "function" ? fields() : fields });
      given.onDraft(key, { state: "waiting", seq: null, saved: null, refusal: null });
    },
    unsaved: (/** @type {string} */ key) => drafts.get(key)?.fields ?? null,
    draftState: (/** @type {string} */ key) => ({ state: drafts.has(key) ? "waiting" : "saved", seq: null, saved: null, refusal: null }),
    dropDraft: (/** @type {string} */ key) => drafts.delete(key),
    flush() {},
    forget: () => drafts.clear(),
    offer: () => new Promise(() => undefined),
    wish: (/** @type {any} */ wish) => (gallery.wish = wish),
    tell() {},
    now: () => Date.now(),
    state,
    wake() {},
    doubt: async () => true,
    close() {},
  };
}

/** Moving pictures of nobody: a soft colour field with a head and shoulders. @param {number} index */
function picture(index) {
  const canvas = document.createElement("canvas");
  canvas.width = 320;
  canvas.height = 240;
  const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const hue = (index * 47) % 360;
  const skin = ["#f1cdb0", "#c98f65", "#8d5a3b", "#e3b08a", "#a8714b", "#f5d9c3"][index % 6];
  const draw = () => {
    const sway = Math.sin(Date.now() / 900 + index) * 3;
    const wall = brush.createLinearGradient(0, 0, 320, 240);
    wall.addColorStop(0, `hsl(${hue} 22% 78%)`);
    wall.addColorStop(1, `hsl(${(hue + 30) % 360} 20% 58%)`);
    brush.fillStyle = wall;
    brush.fillRect(0, 0, 320, 240);
    brush.fillStyle = `hsl(${(hue + 180) % 360} 26% 42%)`;
    brush.beginPath();
    brush.ellipse(160 + sway, 250, 92, 84, 0, 0, 7);
    brush.fill();
    brush.fillStyle = skin;
    brush.fillRect(142 + sway, 140, 36, 40);
    brush.beginPath();
    brush.ellipse(160 + sway, 112, 44, 55, 0, 0, 7);
    brush.fill();
    brush.fillStyle = ["#3a2a20", "#1d1a19", "#6b4a2e", "#8a8580"][index % 4];
    brush.beginPath();
    brush.ellipse(160 + sway, 78, 47, 30, 0, Math.PI, 0);
    brush.fill();
  };
  draw();
  setInterval(draw, 500);
  return canvas.captureStream(2);
}

function createCapture() {
  const listeners = new Set();
  const on = { camera: true, microphone: !staff };
  const stream = picture(staff ? 0 : 1);
  const set = async (/** @type {object} */ changes) => {
    Object.assign(on, changes);
    for (const listener of listeners) listener();
  };
  return {
    on, chosen: {}, problems: { camera: null, microphone: null }, error: null, notice: null,
    get tracks() {
      return { audio: null, video: on.camera ? stream.getVideoTracks()[0] : null };
    },
    devices: async () => ({ cameras: [{ id: "1", label: "Pretended camera" }], microphones: [], speakers: [] }),
    start: (/** @type {any} */ { camera = true, microphone = true }) => set({ camera, microphone }),
    stop: () => set({ camera: false, microphone: false }),
    setCamera: (/** @type {boolean} */ camera) => set({ camera }),
    setMicrophone: (/** @type {boolean} */ microphone) => set({ microphone }),
    use: async () => undefined,
    level: () => 0.4,
    speakThrough: async () => undefined,
    onChange(/** @type {() => void} */ listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** @param {any} peer */
function createPeer({ onSlot, onState }) {
  gallery.slot = onSlot;
  return {
    async start() {
      for (const [index, one] of view.room.people.entries()) {
        if (one.person !== boot.person && one.camera) onSlot(one.person, "video", picture(index));
      }
      onState("connected");
    },
    setTrack: async () => undefined,
    setSlots() {},
    setLayers() {},
    rebuild() {},
    reached() {},
    stats: async () => null,
    close() {},
  };
}

const page = start({ boot, root, connect, capture: createCapture(), createPeer, device: "gallery" });

/** @type {any} */
const gallery = (globalThis.gallery = {
  page, asked, wish: null,
  /** Send another view: changes are merged into the last one. @param {(view: any) => void} [change] */
  send(change) {
    view = structuredClone(view);
    view.version = Math.max(view.version + 1, seq);
    view.now = Date.now();
    change?.(view);
    options.onView(view);
  },
  /** @param {any} next what to show from now on, as in the address */
  show(next) {
    Object.assign(wanted, next);
    view = recorded();
    options.onView(view);
  },
  /** @param {any} message */
  message: (message) => options.onMessage(message),
  /** Somebody's sound or picture: (source, kind, stream). */
  slot: null,
  /** @param {any} refusal from now on every command is refused with it; null: no longer */
  refuse: (refusal) => (refuse = refusal),
});

options.onMessage({ type: "welcome", slots: { audio: 15, video: 15 }, ice_servers: [] });
options.onView(view);
if (wanted.degraded) options.onMessage({ type: "degraded", store: true });
if (wanted.speaking) options.onMessage({ type: "speaking", levels: { [wanted.speaking]: 60 } });
if (wanted.panel) page.ui.set({ panel: wanted.panel === "none" ? null : wanted.panel });
if (wanted.dialog) page.ui.set({ dialog: wanted.dialog });
if (wanted.more) page.ui.set({ more: true });
if (staff && wanted.state === "busy") options.onMessage({ type: "qualities", people: { "p-6": "weak" } });
if (wanted.shield) page.ui.set({ shield: true });
if (wanted.bye) Object.assign(page.connection.state, { status: "closed", code: 1000, bye: wanted.bye }), options.onState(page.connection.state);
document.documentElement.dataset.ready = "yes";
