/**
 * Arriving: four small questions, one at a time, then the waiting room; whoever was here before is asked once whether all
 * is as last time. What the door asks for (consents) is read and signed on the way. Shown while `you.place` is 'arriving'
 * or 'waiting'.
 *
 * What is typed is kept in this tab's session storage until the server has it, so that a reload or a lost connection
 * asks nothing twice; it is wiped as soon as the server said yes, and by `forget()` (leaving, quick exit). It never
 * goes to local storage: the next person at this computer must not find an address or a number.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { whyNot } from "/static/core/refusals.mjs";
import { rich, t } from "/static/core/words.mjs";

import { agreementAtTheDoor } from "/components/agreement/agreement.mjs";
import { createDoor } from "/static/room/door.mjs";
import { mount as mountDevices } from "./devices.mjs";
import { again, explained, held, signing } from "./door.mjs";
import { waitingRoom } from "./waiting.mjs";

const KEPT = "milieu-arrival";
const QUESTIONS = ["name", "devices", "today", "agreement"];
const AGAIN = ["again"];
const SIGN = "sign ";
const HELD = ["guardian_needed", "place_not_covered"];
const SPACES = /** @type {const} */ ([
  ["alone", t("No, I am alone")],
  ["near", t("No, but someone is near")],
  ["open", t("Yes, someone could")],
]);

/**
 * @typedef {string} Step  one of QUESTIONS or AGAIN, or "sign KIND"
 * @typedef {import("/static/room/door.mjs").Asked} Asked
 * @typedef {object} Answers
 * @property {string} name
 * @property {string} location
 * @property {string} state
 * @property {string} callback
 * @property {string} contact_name
 * @property {string} contact_phone
 * @property {boolean} nobody  nobody is near who could be called
 * @property {"" | "alone" | "near" | "open"} space  "near": others are near but hear nothing; "open": they could
 * @property {string} others_present
 * @property {boolean} agreement
 * @property {string} signature  the name under what is signed
 * @property {string[]} read  kinds of consents that are ticked as read
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
 * @param {{boot: {session: string, person: string, door?: string | null}, connection: any, capture: import("/static/media/capture.mjs").Capture}} context
 * @returns {{update: (view: any) => void, unmount: () => void}}
 */
export function mount(root, { boot, connection, capture }) {
  root.querySelector(":scope > .opening")?.remove();
  const seat = `${boot.session} ${boot.person}`; // another person's link in this tab starts empty
  const kept = restore(seat);
  const door = createDoor(boot);
  /** @type {Answers | null} known once the first view has come, and the door has answered */
  let answers = kept?.answers ?? null;
  /** @type {Step} */
  let step = kept?.step ?? "";
  /** @type {Asked | null} */
  let asked = null;
  let silent = ""; // why the door does not answer
  /** @type {import("/static/room/door.mjs").Consent[]} what this person signs on the way; signed ones stay, to be counted */
  let toSign = [];
  let isAgain = false;
  let editing = false;
  let sending = false;
  let refused = ""; // the code of the last refusal at the door
  /** @type {Partial<Record<keyof Answers | "form", string>>} */
  let errors = {};
  /** @type {any} */
  let view = null;
  /** @type {{step: Step, update: (name?: string) => void, unmount: () => void} | null} */
  let devices = null;
  let shown = "";

  const stopListening = capture.onChange(draw);
  void look();
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
    refused = "";
    step = to;
    errors = {};
    if (answers) keep(seat, { step, answers });
    draw();
  }

  /** Ask the door what there is to sign, and what was said the last time. */
  async function look() {
    silent = "";
    try {
      asked = await door.load();
      toSign = asked.consents.filter((each) => each.mine);
    } catch (problem) {
      silent = /** @type {{text: string}} */ (problem).text;
    }
    begin();
    draw();
  }

  /** Where to begin: as last time if there was one, unless somebody is in the middle of their answers. */
  function begin() {
    if (!view || !asked) return;
    answers ??= filled(view, asked);
    isAgain = asked.remembered !== null && !QUESTIONS.includes(step);
    if (!steps().includes(step)) step = steps()[0];
  }

  function steps() {
    const questions = isAgain && !editing ? AGAIN : QUESTIONS;
    return [...questions, ...(editing ? [] : toSign.map((each) => SIGN + each.kind))];
  }

  /** They cannot come in yet, and it is not for them to settle. */
  const isHeld = () => HELD.includes(refused) && Boolean(errors.form);

  const consent = () => toSign.find((each) => SIGN + each.kind === step) ?? null;

  /** Something is not as last time: every question, with the answers of then. */
  function different() {
    isAgain = false;
    go("name");
  }

  /** @param {SubmitEvent} event */
  async function next(event) {
    event.preventDefault();
    if (!answers || !asked || sending) return;
    errors = mistakes(step, answers, asked);
    if (Object.keys(errors).length) {
      draw();
      /** @type {HTMLElement | null} */ (root.querySelector("[aria-invalid=true]"))?.focus();
      return;
    }
    const reading = consent();
    if (reading && !(await signed(reading, answers))) return;
    const following = steps()[steps().indexOf(step) + 1];
    if (following) go(following);
    else await send(answers);
  }

  /** @param {import("/static/room/door.mjs").Consent} reading @param {Answers} given */
  async function signed(reading, given) {
    if (!asked?.consents.some((each) => each.kind === reading.kind && each.mine)) return true; // gone back and on again
    sending = true;
    draw();
    try {
      asked = await door.sign({ kind: reading.kind, fingerprint: reading.fingerprint, name: given.signature.trim() });
      return true;
    } catch (problem) {
      const { code, text } = /** @type {{code: string, text: string}} */ (problem);
      if (code === "stale_consent") {
        await look();
        given.read = given.read.filter((kind) => kind !== reading.kind);
      }
      errors = { form: text };
      return false;
    } finally {
      sending = false;
      draw();
    }
  }

  /** @param {Answers} given */
  async function send(given) {
    sending = true;
    refused = "";
    draw();
    try {
      await connection.send("arrive", {
        name: given.name.trim(),
        location: given.location.trim(),
        state: given.state,
        callback: given.callback.trim(),
        contact_name: given.nobody ? "" : given.contact_name.trim(),
        contact_phone: given.nobody ? "" : given.contact_phone.trim(),
        private_space: given.space !== "open",
        agreement: given.agreement || (asked?.agreed ?? false),
        others_present: given.space === "alone" ? "" : given.others_present.trim(),
      });
      forget();
      editing = false;
      isAgain = false;
      step = QUESTIONS[0];
    } catch (refusal) {
      refused = /** @type {{code?: string}} */ (refusal).code ?? "";
      errors = { form: whyNot(refusal) };
      if (refused === "consent_needed") await look(); // something came into force meanwhile, or was taken back
    }
    sending = false;
    draw();
  }

  function edit() {
    if (!asked) return;
    editing = true;
    answers = { ...filled(view, asked), agreement: true }; // they agreed, or would not wait here
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
    ${cameras()}
    <div class="arrival-devices"></div>
    <details class="keys">
      <summary>${t("Two ways out, always there")}</summary>
      <dl>
        <div><dt>${t("Quick exit")}</dt>
          <dd>${rich("The button at the top, or {esc} three times. You are out at once and see an everyday page; going back does not return here.", { esc: html`<kbd>Esc</kbd>` })}</dd></div>
        <div><dt>${t("Someone walked in")}</dt>
          <dd>${rich("In the room, the {key} key or {hide} at the bottom. You are muted, your camera is off and the group is hidden until you say so. Only your facilitators know.", { key: html`<kbd>S</kbd>`, hide: html`<em>${t("Hide")}</em>` })}</dd></div>
      </dl>
    </details>`;

  const cameras = () =>
    asked?.camera === "off"
      ? html`<p class="soft">${t("In this group everybody comes in with the camera off. You can turn yours on.")}</p>`
      : asked?.camera === "required"
        ? html`<p class="soft">${t("This group asks for cameras on. If that is hard today, come as you are and tell your facilitator.")}</p>`
        : nothing;

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
    ${asked?.states.length
      ? html`<div class="field">
          <label for="state">${t("State")}</label>
          <select id="state" name="state" required aria-invalid=${invalid("state")} aria-describedby=${described("state", false)} @change=${typed("state")}>
            <option value="" .selected=${live(!given.state)}>${t("Choose")}</option>
            ${asked.states.map(([code, name]) => html`<option value=${code} .selected=${live(given.state === code)}>${t(name)}</option>`)}
            <option value="XX" .selected=${live(given.state === "XX")}>${t("Outside the United States")}</option>
          </select>
          ${wrong("state")}
        </div>`
      : nothing}
    <div class="field">
      <label for="callback">${t("A number we can call")}</label>
      <p class="hint" id="callback-hint">${t("We call only if you drop off or we worry.")}</p>
      <input id="callback" name="callback" type="tel" inputmode="tel" maxlength="40" autocomplete="tel" required .value=${live(given.callback)}
        @input=${typed("callback")} aria-invalid=${invalid("callback")} aria-describedby=${described("callback")}>
      ${wrong("callback")}
    </div>
    <fieldset class="field" aria-describedby="contact-hint">
      <legend>${t("Someone near you")}</legend>
      <p class="hint" id="contact-hint">${asked?.minor
        ? t("Your parent or guardian, or another grown-up who is near.")
        : t("Who could look after you if we worry: somebody at home, a neighbor, a friend in town.")}</p>
      <div class="arrival-pair">
        <div class="field"><label for="contact_name">${t("Their name")}</label>
          <input id="contact_name" name="contact_name" maxlength="60" autocomplete="off" ?disabled=${given.nobody} .value=${live(given.contact_name)}
            @input=${typed("contact_name")} aria-invalid=${invalid("contact_name")} aria-describedby=${described("contact_name", false)}>
          ${wrong("contact_name")}</div>
        <div class="field"><label for="contact_phone">${t("Their number")}</label>
          <input id="contact_phone" name="contact_phone" type="tel" inputmode="tel" maxlength="40" autocomplete="off" ?disabled=${given.nobody}
            .value=${live(given.contact_phone)} @input=${typed("contact_phone")} aria-invalid=${invalid("contact_phone")}
            aria-describedby=${described("contact_phone", false)}>
          ${wrong("contact_phone")}</div>
      </div>
      <label class="choice"><input type="checkbox" name="nobody" .checked=${live(given.nobody)} @change=${ticked("nobody")}><span>${t("Nobody is near")}</span></label>
    </fieldset>`;

  /** @param {Answers} given */
  const agreementStep = (given) => html`
    <h1 tabindex="-1">${asked?.agreed ? t("Your space") : t("Your space, and our agreement")}</h1>
    ${space(given)}
    ${view ? agreementAtTheDoor(view.room) : nothing}
    ${asked?.agreed ? nothing : promise(given)}`;

  /** @param {Answers} given */
  const againStep = (given) => html`
    ${again({ given, states: asked?.states ?? [], onDifferent: different })}
    ${space(given)}
    ${asked?.agreed ? nothing : promise(given)}
    ${cameras()}
    <div class="arrival-devices"></div>`;

  /** @param {Answers} given */
  const signStep = (given) => {
    const reading = consent();
    if (!reading) return nothing;
    const read = given.read.includes(reading.kind);
    return signing({
      reading,
      read,
      signature: given.signature,
      onRead: () => answer({ read: read ? given.read.filter((kind) => kind !== reading.kind) : [...given.read, reading.kind] }),
      onName: typed("signature"),
      field: { invalid, described, wrong },
    });
  };

  /** @param {Answers} given */
  const space = (given) => html`
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
      : nothing}`;

  /** @param {Answers} given */
  const promise = (given) => html`
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
    const all = steps();
    const at = all.indexOf(step);
    const last = at === all.length - 1;
    const question = step === "name" ? nameStep : step === "devices" ? devicesStep : step === "today" ? todayStep
      : step === "agreement" ? agreementStep : step === "again" ? againStep : signStep;
    const further = consent() ? t("Sign and go on") : t("Continue");
    const done = refused ? t("Try again") : editing ? t("Save my answers") : t("Go to the waiting room");
    return html`<form class="arrival" novalidate @submit=${next}>
      <div class="arrival-progress">
        <p class="soft small">${t("Step {n} of {all}", { n: at + 1, all: all.length })}</p>
        <ol class="plain steps" aria-hidden="true">
          ${all.map((_, index) => html`<li data-state=${index < at ? "done" : index === at ? "now" : "next"}></li>`)}
        </ol>
      </div>
      <div class="stack arrival-question">
        ${isHeld() ? held({ text: errors.form ?? "" }) : question(given)}
      </div>
      ${errors.form && !isHeld() ? html`<p class="notice" role="alert">${errors.form}</p>` : nothing}
      <div class="arrival-moves">
        ${at > 0
          ? html`<button class="button quiet" type="button" @click=${() => go(all[at - 1])}>${t("Back")}</button>`
          : editing
            ? html`<button class="button quiet" type="button" @click=${stopEditing}>${t("Keep as it was")}</button>`
            : nothing}
        <button class="button primary large" type="submit" aria-disabled=${String(sending)}>
          ${sending ? t("One moment…") : last && (refused || !consent()) ? done : further}</button>
      </div>
    </form>`;
  }

  function draw() {
    if (!view) return;
    const waiting = view.you.place === "waiting" && !editing;
    if (!waiting && (silent || !asked || !answers)) {
      render(silent ? explained({ text: silent, onAgain: look }) : html`<p class="opening soft" role="status">${t("One moment…")}</p>`, root);
      return;
    }
    const now = waiting ? "waiting" : isHeld() ? "held" : step;
    if (devices && now !== devices.step) {
      devices.unmount();
      devices = null;
    }
    render(
      waiting ? waitingRoom({ view, capture, now: connection.now(), onEdit: edit, onLeave: leave }) : form(/** @type {Answers} */ (answers)),
      root,
    );
    const place = /** @type {HTMLElement | null} */ (root.querySelector(".arrival-devices"));
    if (place && !devices && answers && asked) {
      devices = { step: now, ...mountDevices(place, { capture, name: answers.name, cameraFirst: asked.camera !== "off" }) };
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
      const first = view === null;
      view = newView;
      if (first) begin();
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

/**
 * Answers to begin with: those given earlier in this session, or the last time, or just the name.
 * @param {any} view @param {Asked} asked @returns {Answers}
 */
function filled(view, asked) {
  const known = view.you.arrival;
  const before = known ?? asked.remembered;
  return {
    name: before?.name || (asked.minor ? shortened(view.you.name) : view.you.name) || "",
    location: before?.location ?? "",
    state: before?.state ?? "",
    callback: before?.callback ?? "",
    contact_name: before?.contact_name ?? asked.contact?.name ?? "",
    contact_phone: before?.contact_phone ?? asked.contact?.phone ?? "",
    nobody: Boolean(before) && !before.contact_name,
    space: !known ? "" : known.private_space === false ? "open" : known.others_present ? "near" : "alone",
    others_present: known?.others_present ?? "",
    agreement: false,
    signature: view.you.name || "",
    read: [],
  };
}

/** First name and initial: what a teen begins with. "Ash Example" → "Ash E." @param {string} name */
function shortened(name) {
  const [first, ...others] = name.trim().split(/\s+/);
  const last = others[others.length - 1];
  return last ? `${first} ${[...last][0].toLocaleUpperCase()}.` : first;
}

/** What is still missing in one step, by field, in words. @param {Step} step @param {Answers} given @param {Asked} asked */
function mistakes(step, given, asked) {
  /** @type {Partial<Record<keyof Answers | "form", string>>} */
  const found = {};
  if (step === "name" && !given.name.trim()) found.name = t("Please type the name we may call you.");
  if (step === "today") {
    if (given.location.trim().length < 3) found.location = t("Please say where you are, so that help could find you.");
    if ((given.callback.match(/\d/g) ?? []).length < 5) found.callback = t("Please type a phone number with its area code.");
    if (asked.states.length && !given.state) found.state = t("Please choose the state you are in today.");
    if (!given.nobody && !given.contact_name.trim()) found.contact_name = t("Please type a name, or tick that nobody is near.");
    if (!given.nobody && !/\d{3}/.test(given.contact_phone)) found.contact_phone = t("Please type their phone number.");
  }
  if (step.startsWith(SIGN)) {
    if (!given.read.includes(step.slice(SIGN.length))) {
      found.read = t("Please tick this when you have read it and agree. If you do not, talk to your facilitator first.");
    }
    if (!given.signature.trim()) found.signature = t("Please type your name.");
  }
  if (step === "agreement" || step === "again") {
    if (!given.space) found.space = t("Please choose what is true where you are now.");
    if (given.space && given.space !== "alone" && !given.others_present.trim()) {
      found.others_present = t("Please say who is near, in a few words.");
    }
    if (!asked.agreed && !given.agreement) found.agreement = t("Please tick this when you agree. If you do not, talk to your facilitator first.");
  }
  return found;
}

/** @param {string} seat @returns {{step: Step, answers: Answers} | null} */
function restore(seat) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    return kept?.seat === seat && typeof kept.step === "string" && Array.isArray(kept.answers?.read) ? kept : null;
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
