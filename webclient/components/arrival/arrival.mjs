/**
 * Arriving: four small questions, one at a time, then the waiting room. Shown while `you.place` is 'arriving' or
 * 'waiting'.
 *
 * What is typed is kept in this tab's session storage until the server has it, so that a reload or a lost connection
 * asks nothing twice; it is wiped as soon as the server said yes, and by `forget()` (leaving, quick exit). It never
 * goes to local storage: the next person at this computer must not find an address or a number.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { rich, t } from "/static/core/words.mjs";

import { mount as mountDevices } from "./devices.mjs";
import { waitingRoom } from "./waiting.mjs";

const KEPT = "milieu-arrival";
const STEPS = /** @type {const} */ (["name", "devices", "today", "agreement"]);
const SPACES = /** @type {const} */ ([
  ["alone", t("No, I am alone")],
  ["near", t("No, but someone is near")],
  ["open", t("Yes, someone could")],
]);

/**
 * @typedef {typeof STEPS[number]} Step
 * @typedef {object} Answers
 * @property {string} name
 * @property {string} location
 * @property {string} callback
 * @property {"" | "alone" | "near" | "open"} space  "near": others are near but hear nothing; "open": they could
 * @property {string} others_present
 * @property {boolean} agreement
 */

/** Wipe what this tab keeps of an arrival. */
export function forget() {
  try {
    sessionStorage.removeItem(KEPT);
  } catch {
    // storage forbidden: nothing was kept
  }
}

/**
 * @param {HTMLElement} root
 * @param {{boot: {session: string, person: string}, connection: any, capture: import("/static/media/capture.mjs").Capture}} context
 * @returns {{update: (view: any) => void, unmount: () => void}}
 */
export function mount(root, { boot, connection, capture }) {
  root.querySelector(":scope > .opening")?.remove();
  const seat = `${boot.session} ${boot.person}`; // another person's link in this tab starts empty
  const kept = restore(seat);
  /** @type {Answers | null} known once the first view has come */
  let answers = kept?.answers ?? null;
  /** @type {Step} */
  let step = kept?.step ?? "name";
  let editing = false;
  let sending = false;
  /** @type {Partial<Record<keyof Answers | "form", string>>} */
  let errors = {};
  /** @type {any} */
  let view = null;
  /** @type {{root: HTMLElement, update: (name?: string) => void, unmount: () => void} | null} */
  let devices = null;
  let shown = "";

  const stopListening = capture.onChange(draw);
  const clock = setInterval(draw, 10_000); // "in about 12 minutes" stays true

  // ------------------------------------------------------------------------ what the person does

  /** @param {Partial<Answers>} change */
  function answer(change) {
    if (!answers) return;
    answers = { ...answers, ...change };
    for (const field of Object.keys(change)) delete errors[/** @type {keyof Answers} */ (field)];
    delete errors.form;
    keep(seat, { step, answers });
    draw();
  }

  /** @param {Step} to */
  function go(to) {
    step = to;
    errors = {};
    if (answers) keep(seat, { step, answers });
    draw();
  }

  /** @param {SubmitEvent} event */
  function next(event) {
    event.preventDefault();
    if (!answers || sending) return;
    errors = mistakes(step, answers);
    if (Object.keys(errors).length) {
      draw();
      /** @type {HTMLElement | null} */ (root.querySelector("[aria-invalid=true]"))?.focus();
      return;
    }
    const following = STEPS[STEPS.indexOf(step) + 1];
    if (following) go(following);
    else void send(answers);
  }

  /** @param {Answers} given */
  async function send(given) {
    sending = true;
    draw();
    try {
      await connection.send("arrive", {
        name: given.name.trim(),
        location: given.location.trim(),
        callback: given.callback.trim(),
        private_space: given.space !== "open",
        agreement: given.agreement,
        others_present: given.space === "alone" ? "" : given.others_present.trim(),
      });
      forget();
      editing = false;
      step = "name";
    } catch (refusal) {
      errors = { form: /** @type {{text?: string}} */ (refusal).text ?? t("That did not work. Please try again.") };
    }
    sending = false;
    draw();
  }

  function edit() {
    editing = true;
    answers = { ...filled(view), agreement: true }; // they agreed, or would not wait here
    go("name");
  }

  function stopEditing() {
    editing = false;
    forget();
    draw();
  }

  function leave() {
    forget();
    void connection.send("leave", {}).catch(() => undefined);
  }

  // ------------------------------------------------------------------------ what is shown

  /** @param {keyof Answers} field */
  const wrong = (field) => (errors[field] ? html`<p class="error" id=${`${field}-error`}>${errors[field]}</p>` : nothing);
  /** @param {keyof Answers} field */
  const invalid = (field) => (errors[field] ? "true" : "false");
  /** @param {keyof Answers} field @param {boolean} [hint] */
  const described = (field, hint = true) =>
    [hint && `${field}-hint`, errors[field] && `${field}-error`].filter(Boolean).join(" ") || nothing;
  /** @param {keyof Answers} field */
  const typed = (field) => (/** @type {InputEvent} */ event) =>
    answer({ [field]: /** @type {HTMLInputElement} */ (event.target).value });
  /** @param {keyof Answers} field */
  const ticked = (field) => (/** @type {InputEvent} */ event) =>
    answer({ [field]: /** @type {HTMLInputElement} */ (event.target).checked });

  /** @param {Answers} given */
  const nameStep = (given) => html`
    <h1 tabindex="-1">${given.name.trim() ? rich("You will appear as {name}", { name: html`<q class="plain-quotes">${given.name.trim()}</q>` }) : t("What should we call you?")}</h1>
    <div class="field">
      <label for="name">${t("Name the group sees")}</label>
      <p class="hint" id="name-hint">${t("A first name is enough. You can change it here.")}</p>
      <input id="name" name="name" maxlength="60" autocomplete="nickname" required .value=${live(given.name)} @input=${typed("name")}
        aria-invalid=${invalid("name")} aria-describedby=${described("name")}>
      ${wrong("name")}
    </div>`;

  const devicesStep = () => html`
    <h1 tabindex="-1">${t("Camera and sound")}</h1>
    <div class="arrival-devices"></div>
    <details class="keys">
      <summary>${t("Two ways out, always there")}</summary>
      <dl>
        <div><dt>${t("Quick exit")}</dt>
          <dd>${rich("The button at the top, or {esc} three times. You are out at once and see an everyday page; going back does not return here.", { esc: html`<kbd>Esc</kbd>` })}</dd></div>
        <div><dt>${t("Someone walked in")}</dt>
          <dd>${rich("In the room, the {key} key or the shield under {more}. You are muted, your camera is off and the group is hidden until you say so. Only your facilitators know.", { key: html`<kbd>S</kbd>`, more: html`<em>${t("More")}</em>` })}</dd></div>
      </dl>
    </details>`;

  /** @param {Answers} given */
  const todayStep = (given) => html`
    <h1 tabindex="-1">${t("Where are you today?")}</h1>
    <p>${t("Only your facilitator sees this. It is there so that help can find you, and so that we can call if the line drops.")}</p>
    <div class="field">
      <label for="location">${t("Address, or where you are")}</label>
      <p class="hint" id="location-hint">${t("Street, town and state.")}</p>
      <input id="location" name="location" maxlength="200" autocomplete="off" required .value=${live(given.location)} @input=${typed("location")}
        aria-invalid=${invalid("location")} aria-describedby=${described("location")}>
      ${wrong("location")}
    </div>
    <div class="field">
      <label for="callback">${t("A number we can call")}</label>
      <p class="hint" id="callback-hint">${t("We call only if you drop off or we worry.")}</p>
      <input id="callback" name="callback" type="tel" inputmode="tel" maxlength="40" autocomplete="tel" required .value=${live(given.callback)}
        @input=${typed("callback")} aria-invalid=${invalid("callback")} aria-describedby=${described("callback")}>
      ${wrong("callback")}
    </div>`;

  /** @param {Answers} given */
  const agreementStep = (given) => html`
    <h1 tabindex="-1">${t("Your space, and our agreement")}</h1>
    <fieldset class="field" aria-describedby=${described("space", false)}>
      <legend>${t("Could anyone hear or see the group from where you are?")}</legend>
      <div class="choices tall">
        ${SPACES.map(([value, label]) => html`<label class="choice"><input type="radio" name="space" value=${value}
          .checked=${live(given.space === value)} aria-invalid=${invalid("space")} @change=${() => answer({ space: value })}><span>${label}</span></label>`)}
      </div>
      ${wrong("space")}
    </fieldset>
    ${given.space === "open"
      ? html`<p class="notice"><span>${t("That can happen. Headphones help a lot, and so does a parked car or a closed door. You can come in; your facilitator will look with you at what is possible.")}</span></p>`
      : nothing}
    ${given.space === "near" || given.space === "open"
      ? html`<div class="field">
          <label for="others_present">${t("Who is near?")}</label>
          <p class="hint" id="others_present-hint">${t("For example: “My sister, in the next room”.")}</p>
          <input id="others_present" name="others_present" maxlength="200" autocomplete="off" .value=${live(given.others_present)}
            @input=${typed("others_present")} aria-invalid=${invalid("others_present")} aria-describedby=${described("others_present")}>
          ${wrong("others_present")}
        </div>`
      : nothing}
    <div class="promise">
      <h2>${t("We agree")}</h2>
      <ul>
        <li>${t("What is said here stays here.")}</li>
        <li>${t("No recording, no screenshots.")}</li>
        <li>${t("We sit where nobody else hears or sees the group.")}</li>
        <li>${t("We are kind, and we let each other finish.")}</li>
        <li>${t("If we need to step out, we say so.")}</li>
      </ul>
    </div>
    <div class="stack tight">
      <label class="choice tick"><input type="checkbox" name="agreement" .checked=${live(given.agreement)} @change=${ticked("agreement")}
        aria-invalid=${invalid("agreement")} aria-describedby=${described("agreement", false)}>
        <span>${t("I agree")}</span></label>
      ${wrong("agreement")}
    </div>`;

  /** @param {Answers} given */
  function form(given) {
    const at = STEPS.indexOf(step);
    const last = at === STEPS.length - 1;
    return html`<form class="arrival" novalidate @submit=${next}>
      <div class="arrival-progress">
        <p class="soft small">${t("Step {n} of {all}", { n: at + 1, all: STEPS.length })}</p>
        <ol class="plain steps" aria-hidden="true">
          ${STEPS.map((_, index) => html`<li data-state=${index < at ? "done" : index === at ? "now" : "next"}></li>`)}
        </ol>
      </div>
      <div class="stack arrival-question">
        ${step === "name" ? nameStep(given) : step === "devices" ? devicesStep() : step === "today" ? todayStep(given) : agreementStep(given)}
      </div>
      ${errors.form ? html`<p class="notice" role="alert">${errors.form}</p>` : nothing}
      <div class="arrival-moves">
        ${at > 0
          ? html`<button class="button quiet" type="button" @click=${() => go(STEPS[at - 1])}>${t("Back")}</button>`
          : editing
            ? html`<button class="button quiet" type="button" @click=${stopEditing}>${t("Keep as it was")}</button>`
            : nothing}
        <button class="button primary large" type="submit" aria-disabled=${String(sending)}>
          ${sending ? t("One moment…") : last ? (editing ? t("Save my answers") : t("Go to the waiting room")) : t("Continue")}</button>
      </div>
    </form>`;
  }

  function draw() {
    if (!view || !answers) return;
    const waiting = view.you.place === "waiting" && !editing;
    const now = waiting ? "waiting" : step;
    if (devices && now !== "devices") {
      devices.unmount();
      devices = null;
    }
    render(
      waiting ? waitingRoom({ view, capture, now: connection.now(), onEdit: edit, onLeave: leave }) : form(answers),
      root,
    );
    if (now === "devices" && !devices) {
      const place = /** @type {HTMLElement} */ (root.querySelector(".arrival-devices"));
      devices = { root: place, ...mountDevices(place, { capture, name: answers.name }) };
    }
    if (shown && shown !== now) {
      // A new question is a new page: start at its top, and let screen readers say what it asks.
      root.scrollIntoView({ block: "start" });
      root.querySelector("h1")?.focus({ preventScroll: true });
    }
    shown = now;
  }

  return {
    update(newView) {
      view = newView;
      answers ??= filled(view);
      draw();
    },
    unmount() {
      clearInterval(clock);
      stopListening();
      devices?.unmount();
      render(nothing, root);
    },
  };
}

/** Answers to begin with: those given earlier in this session, or just the name. @param {any} view @returns {Answers} */
function filled(view) {
  const known = view.you.arrival;
  return {
    name: known?.name || view.you.name || "",
    location: known?.location ?? "",
    callback: known?.callback ?? "",
    space: !known ? "" : known.private_space === false ? "open" : known.others_present ? "near" : "alone",
    others_present: known?.others_present ?? "",
    agreement: false,
  };
}

/** What is still missing in one step, by field, in words. @param {Step} step @param {Answers} given */
function mistakes(step, given) {
  /** @type {Partial<Record<keyof Answers | "form", string>>} */
  const found = {};
  if (step === "name" && !given.name.trim()) found.name = t("Please type the name we may call you.");
  if (step === "today") {
    if (given.location.trim().length < 3) found.location = t("Please say where you are, so that help could find you.");
    if ((given.callback.match(/\d/g) ?? []).length < 5) found.callback = t("Please type a phone number with its area code.");
  }
  if (step === "agreement") {
    if (!given.space) found.space = t("Please choose what is true where you are now.");
    if (given.space && given.space !== "alone" && !given.others_present.trim()) {
      found.others_present = t("Please say who is near, in a few words.");
    }
    if (!given.agreement) found.agreement = t("Please tick this when you agree. If you do not, talk to your facilitator first.");
  }
  return found;
}

/** @param {string} seat @returns {{step: Step, answers: Answers} | null} */
function restore(seat) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    return kept?.seat === seat && STEPS.includes(kept.step) && typeof kept.answers?.name === "string" ? kept : null;
  } catch {
    return null;
  }
}

/** @param {string} seat @param {{step: Step, answers: Answers}} typed */
function keep(seat, typed) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify({ seat, ...typed }));
  } catch {
    // storage forbidden: a reload asks again
  }
}
