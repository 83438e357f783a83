// What the group will see of an exercise, as it is typed: the room's own component in a phone's width, with nobody behind
// it. What is written in it goes nowhere. Without this, the page says the same in words.

import { t } from "/static/core/words.mjs";
import { mount } from "/components/exercises/exercise.mjs";

const LOOK_MS = 600;
const RUN = "preview";
const frame = /** @type {HTMLElement} */ (document.querySelector("[data-card]"));
const words = /** @type {HTMLElement} */ (document.querySelector("[data-card-words]"));
const form = /** @type {HTMLFormElement | null} */ (document.querySelector("form[data-card-form]"));

let shape = JSON.parse(frame.dataset.card ?? "{}");
let step = -1;
let since = Date.now();
/** @type {any} */
let own;
forget();

const steps = document.createElement("p");
steps.className = "row";
const back = button(t("Step back"), () => go(step - 1));
const next = button(t("Next step"), () => go(step + 1));
steps.append(back, next);
const root = document.createElement("div");
root.className = "card-inside";
frame.replaceChildren(root);
frame.after(steps);
frame.hidden = false;
words.hidden = true;

const still = { state: "saved", seq: null, saved: null, refusal: null };
const card = mount(root, {
  boot: { person: "me", role: "participant" },
  connection: {
    now: () => Date.now(),
    unsaved: () => null,
    draft: () => undefined,
    dropDraft: () => undefined,
    draftState: () => still,
    send: () => Promise.resolve({ seq: 0 }),
  },
  act: { ask: answer },
  memory: { get: () => null, set: () => undefined },
  say: () => undefined,
});
show();

let waits = 0;
form?.addEventListener("input", () => {
  clearTimeout(waits);
  waits = window.setTimeout(look, LOOK_MS);
});

/** The same form, looked at and not kept: its answer has the card of what is typed. */
async function look() {
  const body = new URLSearchParams([...new FormData(/** @type {HTMLFormElement} */ (form))].map(([name, value]) => [name, String(value)]));
  body.append("do", "look");
  const answered = await fetch(/** @type {HTMLFormElement} */ (form).action, { method: "POST", body }).catch(() => null);
  if (!answered?.ok) return;
  const page = new DOMParser().parseFromString(await answered.text(), "text/html");
  const made = /** @type {HTMLElement | null} */ (page.querySelector("[data-card]"))?.dataset.card;
  if (!made || made === JSON.stringify(shape)) return;
  shape = JSON.parse(made);
  step = Math.min(step, shape.steps.length - 1);
  show();
}

/** What the card asks of a room is answered here. @param {string} type @param {any} asked */
async function answer(type, asked) {
  if (type === "join_exercise") own.joined = asked.on;
  if (type === "share_exercise_answer") {
    const { [asked.field]: _, ...others } = own.shared;
    own.shared = asked.entry === null ? others : { ...others, [asked.field]: asked.entry };
  }
  show();
}

/** @param {number} to */
function go(to) {
  step = Math.max(-1, Math.min(to, shape.steps.length - 1));
  since = Date.now();
  show();
}

function forget() {
  own = { run: RUN, exercise: null, joined: null, answers: {}, sent: false, shared: {}, partners: [], card: "" };
}

function show() {
  const at = shape.own_pace ? 0 : step;
  const pairs = shape.grouping === "pairs";
  own.partners = pairs ? ["other"] : [];
  own.card = pairs ? shape.dealt ?? "" : "";
  steps.hidden = shape.own_pace;
  back.disabled = step < 0;
  next.disabled = step >= shape.steps.length - 1;
  next.textContent = step < 0 ? t("Begin") : t("Next step");
  const people = [{ person: "me", name: t("You"), role: "participant" }, { person: "other", name: t("Your partner"), role: "participant" }];
  const shared = Object.entries(own.shared).map(([field, entry]) => ({ person: "me", field, entry }));
  const groups = pairs ? [["me", "other"]] : shape.grouping === "chain" ? [["other", "me"]] : [];
  card.update({
    room: { phase: "running", people, elsewhere: [], exercise: { run: RUN, ...shape, step: at, starts: at < 0 ? null : since, groups, sent: 0, answers_min: 5, results: null, shared } },
    you: { person: "me", exercises: [own] },
  });
}

/** @param {string} label @param {() => void} press */
function button(label, press) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "button";
  made.textContent = label;
  made.addEventListener("click", press);
  return made;
}
