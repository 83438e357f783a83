/**
 * The record of a session, for whoever writes it up in the evening: left the people, right the note of the one chosen,
 * above it how the figures came about; signing is the last step downward, and leads to the next person.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { keyed } from "/vendor/lit-html/directives/keyed.js";
import { icon } from "/static/core/icons.mjs";
import { t } from "/static/core/words.mjs";
import { createWeeks } from "/components/week/week.mjs";

import { createAttendance } from "./attendance.mjs";
import { createCounselling } from "./counselling.mjs";
import { createDialog } from "./dialog.mjs";
import { facts } from "./facts.mjs";
import { createFields, warnings } from "./fields.mjs";
import { flagCards } from "./flags.mjs";
import { createGoals } from "./goals.mjs";
import { createGroup, GROUP } from "./group.mjs";
import { listenToKeys, sheet } from "./keys.mjs";
import { createNotebook } from "./notebook.mjs";
import { createNotes } from "./notes.mjs";
import { createPeople } from "./people.mjs";
import { createPhrases } from "./phrases.mjs";
import { createPin } from "./pin.mjs";
import { createSealed } from "./sealed.mjs";
import { createSigning } from "./signing.mjs";
import { attended, lookOf, statusOf } from "./words.mjs";

/**
 * What the parts of this page share.
 * @typedef {object} Desk
 * @property {any} boot
 * @property {import("/static/core/connection.mjs").Connection} connection
 * @property {ReturnType<typeof createNotebook>} notebook
 * @property {ReturnType<typeof createNotes>} notes
 * @property {ReturnType<typeof createPhrases>} phrases
 * @property {ReturnType<typeof createPin>} pin
 * @property {ReturnType<typeof createFields>} fields
 * @property {boolean} mayWrite  facilitators write and sign
 * @property {boolean} mayCosign  supervisors co-sign or send back
 * @property {() => any} view  the last one
 * @property {() => void} draw
 * @property {() => any[]} people
 * @property {(id: string | null) => any} personOf
 * @property {(person: any) => import("./words.mjs").Status} statusOf
 * @property {() => string[]} library  titles of the skills library
 * @property {(kept: import("./notebook.mjs").Kept) => void} known  the notebook was read
 * @property {(id: string | null) => void} choose
 * @property {(person: any) => void} chooseAfter  their note is done: whoever is next
 * @property {(person: any, section: string) => void} focusField
 */

/**
 * @param {HTMLElement} root
 * @param {{boot: any, connection: import("/static/core/connection.mjs").Connection}} context
 * @returns {{update: (view: any) => void, drafted: (key: string, draft: any) => void, unsaved: () => boolean,
 *   flush: () => void, unmount: () => void}}
 */
export function mount(root, { boot, connection }) {
  /** @type {any} */
  let view = null;
  /** @type {string | null} a person's id; null: nobody chosen yet, phones show the list */
  let chosen = idInAddress();
  /** @type {string[]} */
  let library = [];
  /** @type {HTMLTextAreaElement | null} where somebody typed last */
  let lastField = null;

  const notebook = createNotebook({ session: boot.session, search: location.search });
  const notes = createNotes({ connection, onChange: draw });
  const phrases = createPhrases({ notebook, draw });
  const pin = createPin({ notebook, connection });
  const keysSheet = createDialog();
  const weeks = createWeeks({ boot, redraw: () => draw() });
  /** Whose week was opened to be read: it is asked for then, and each time that stands in the audit log. @type {Set<string>} */
  const weeksRead = new Set();

  /** @type {Desk} */
  const desk = {
    boot,
    connection,
    notebook,
    notes,
    phrases,
    pin,
    fields: /** @type {any} */ (null), // made of the rest
    mayWrite: ["facilitator", "cofacilitator"].includes(boot.role),
    mayCosign: boot.role === "supervisor",
    view: () => view,
    draw,
    people: () => view.record.people,
    personOf: (id) => desk.people().find((person) => person.person === id) ?? null,
    statusOf: (person) => statusOf(person, view.record.status === "open"),
    library: () => library,
    known(kept) {
      phrases.known(kept.snippets);
      pin.known(kept.proof);
      counselling.known(kept.counselling);
      goals.known(kept.agreed);
      library = kept.skills;
    },
    choose: (id) => choose(id, wide() ? "note" : "title"),
    chooseAfter,
    focusField,
  };
  desk.fields = createFields(desk);
  const attendance = createAttendance(desk);
  const counselling = createCounselling(desk);
  const goals = createGoals(desk);
  const group = createGroup(desk);
  const sealed = createSealed(desk);
  const signing = createSigning(desk);
  const people = createPeople(desk, { keys: showKeys });

  // ------------------------------------------------------------------------ who is chosen

  /** Is there still something for this reader to do? @param {any} person */
  function unfinished(person) {
    if (desk.mayCosign) return person.signed !== null && person.work === "to_cosign";
    return !person.signed || person.work === "returned";
  }
  const present = () => desk.personOf(chosen)
    ?? desk.people().find((one) => unfinished(one) && attended(one))
    ?? desk.people().find(unfinished)
    ?? desk.people()[0]
    ?? null;

  function idInAddress() {
    try {
      return decodeURIComponent(location.hash.slice(1)) || null;
    } catch {
      return null; // somebody's own hash
    }
  }

  /** @param {string | null} id @param {"note" | "title" | "list"} focus */
  function choose(id, focus) {
    if (id !== idInAddress()) history.pushState(null, "", id ? `#${encodeURIComponent(id)}` : location.pathname + location.search);
    chosen = id;
    forget();
    draw();
    if (focus === "list") return;
    const note = focus === "note" ? firstField() : null;
    const target = /** @type {HTMLElement | null} */ (note ?? root.querySelector("#person-title"));
    target?.focus({ preventScroll: true });
    if (note) scrollTo(root.querySelector("#person-writing"));
    else root.querySelector("#person")?.scrollIntoView({ block: "start" });
  }

  function forget() {
    attendance.forget();
    group.forget();
    lastField = null;
  }

  /** The first text of the person that has not a word, else the first. @returns {HTMLElement | null} */
  function firstField() {
    const fields = /** @type {HTMLTextAreaElement[]} */ ([...root.querySelectorAll(".record-own textarea")]);
    return fields.find((field) => !field.value.trim()) ?? fields[0] ?? null;
  }

  /** @param {any} person @param {string} section  or "text" */
  function focusField(person, section) {
    const note = section === "text" ? notes.of(person.person) : notes.of(person.person, section);
    document.getElementById(fieldId(note))?.focus();
  }

  /** As little as is needed to see the whole of it, or at least its beginning. @param {Element | null} element */
  function scrollTo(element) {
    if (!element) return;
    const { top, bottom } = element.getBoundingClientRect();
    if (top < 0 || bottom > innerHeight) element.scrollIntoView({ block: bottom - top > innerHeight ? "start" : "nearest" });
  }

  /** @param {1 | -1} by */
  function step(by) {
    const all = desk.people();
    const next = all[(all.indexOf(present()) + by + all.length) % all.length];
    if (next) choose(next.person, "note");
  }

  /** @param {any} person */
  function chooseAfter(person) {
    const all = desk.people();
    const left = all.filter((one) => one.person !== person.person && unfinished(one));
    const index = all.findIndex((one) => one.person === person.person);
    const next = left.find((one) => all.indexOf(one) > index) ?? left[0];
    if (next) desk.choose(next.person);
    else choose(person.person, "title");
  }

  // ------------------------------------------------------------------------ keys

  function showKeys() {
    keysSheet.show(sheet());
  }

  const stopKeys = listenToKeys({
    next: () => step(1),
    previous: () => step(-1),
    unfinished() {
      const first = desk.people().find((one) => unfinished(one));
      if (first) choose(first.person, "note");
    },
    sign() {
      const person = present();
      if (!person) return;
      if (desk.mayCosign && person.work === "to_cosign") void sealed.cosign(person);
      else void signing.sign(person);
    },
    group: () => desk.mayWrite && present() && !present().signed && group.edit(),
    goals: () => /** @type {HTMLElement | null} */ (root.querySelector(".goals input"))?.focus(),
    snippets: () => desk.mayWrite && phrases.open(lastField?.isConnected ? lastField : null),
    private: () => desk.mayWrite && counselling.open(present()),
    keys: showKeys,
    escape: () => attendance.escape(),
  });
  /** @param {Event} event */
  function onFocus(event) {
    if (event.target instanceof HTMLTextAreaElement && !event.target.readOnly) lastField = event.target;
  }
  function onHash() {
    chosen = idInAddress();
    forget();
    draw();
  }
  root.addEventListener("focusin", onFocus);
  globalThis.addEventListener("popstate", onHash);
  globalThis.addEventListener("resize", draw);

  // ------------------------------------------------------------------------ what is shown

  const banner = () => {
    const { record } = view;
    if (record.status === "open") {
      return html`<p class="notice plain">${icon("clock")}<span>${t("The session is not over yet. You can write now; signing opens when it has ended.")} <a href=${`/s/${boot.session}${location.search}`}>${t("Back to the room")}</a></span></p>`;
    }
    if (!desk.people().length || desk.people().some((person) => !person.signed)) return nothing;
    const waits = desk.people().some((person) => person.work !== "done");
    return html`<p class="notice ok">${icon("check")}<span>${t("All notes are signed and all hours are posted.")}
      ${waits ? t("A supervisor signs next.") : t("Nothing is owed for this session.")}</span></p>`;
  };

  /** @param {any} person */
  const detail = (person) => {
    const look = lookOf(desk.statusOf(person), person.overdue);
    return html`<article class="record-detail" id="person" aria-labelledby="person-title">
      <header class="record-detail-header">
        <a class="record-to-list" href="#" @click=${(/** @type {Event} */ event) => {
          event.preventDefault();
          choose(null, "list");
        }}>${icon("arrow-left")} ${t("All people")}</a>
        <div class="row apart">
          <div class="row">
            <h2 id="person-title" tabindex="-1">${person.name}</h2>
            <span class=${`chip ${look.tone}`}>${icon(look.icon)} ${look.words}</span>
          </div>
          <div class="row record-tools">
            ${desk.mayWrite ? html`
              <button class="button quiet" type="button" @click=${() => phrases.open(lastField?.isConnected ? lastField : null)}>${icon("text-quote")} ${t("Phrases")}</button>
              <button class="button quiet" type="button" @click=${() => counselling.open(person)}>${icon("lock")} ${t("Only for you")}${counselling.any(person.person)
                ? html`<span class="visually-hidden">${t(": there is a counselling note")}</span><span class="record-kept" aria-hidden="true"></span>` : nothing}</button>` : nothing}
            <span class="row record-steps">
              <button class="button quiet icon-only" type="button" aria-label=${t("Person before")} title=${t("Person before (Alt ↑)")} @click=${() => step(-1)}>${icon("chevron-up")}</button>
              <button class="button quiet icon-only" type="button" aria-label=${t("Next person")} title=${t("Next person (Alt ↓)")} @click=${() => step(1)}>${icon("chevron-down")}</button>
            </span>
          </div>
        </div>
      </header>
      ${attendance.card(person, barWidth())}
      ${flagCards({ view, person: person.person, connection, mayWrite: desk.mayWrite })}
      ${shownWeek(person)}
      ${person.signed ? sealed.note(person) : writing(person)}
    </article>`;
  };

  /** What they showed of their week in this session, as it was then. @param {any} person */
  const shownWeek = (person) => boot.week && person.week_shown_at
    ? html`<details class="record-week stack tight" ?open=${weeksRead.has(person.person)} @toggle=${(/** @type {any} */ event) => readWeek(person.person, event.target.open)}>
        <summary>${t("What they showed of their week")}</summary>
        ${weeksRead.has(person.person) ? weeks.part(person.person, person.week_shown_at, person.name) : nothing}</details>`
    : nothing;

  /** @param {string} person @param {boolean} on */
  function readWeek(person, on) {
    if (on === weeksRead.has(person)) return;
    if (on) weeksRead.add(person);
    else weeksRead.delete(person);
    draw();
  }

  /** @param {any} person */
  const writing = (person) => html`<div class="record-desk">
    <div class="record-beside stack">
      ${group.aside()}
      ${facts(person, desk.people(), desk.mayWrite || desk.mayCosign ? `/measures/${encodeURIComponent(person.person)}${new URL(boot.home, location.href).search}` : null)}
    </div>
    <div class="record-writing" id="person-writing">
      ${group.field()}
      ${view.record.format.id === "text" && !person.goals.known.length && !person.goals.addressed.length ? nothing : goals.chips(person)}
      <div class="record-own stack">${ownTexts(person)}</div>
      ${signing.box(person)}
    </div>
  </div>`;

  /** @param {any} person */
  function ownTexts(person) {
    const { sections } = view.record.format;
    const own = notes.of(person.person);
    /** @param {string} field */
    const about = (field) => person.warnings.filter((/** @type {any} */ one) => one.field === field);
    if (!sections.length) {
      return desk.fields.field({
        note: own,
        id: fieldId(own),
        label: t("About {name}", { name: person.name }),
        hint: t("What they did and said, how they responded, what comes next."),
        required: true,
        lacking: signing.said(person, "text"),
        warnings: about("text"),
      });
    }
    return html`
      ${own.text.trim() ? jotted(own) : nothing}
      ${sections.map((/** @type {any} */ section) => {
        const note = notes.of(person.person, section.id);
        return desk.fields.field({
          note,
          id: fieldId(note),
          label: section.title,
          hint: section.hint,
          required: section.required && attended(person),
          lacking: signing.said(person, section.id),
          warnings: about(section.id),
        });
      })}
      ${warnings(about("text"), desk)}`;
  }

  /** What was typed beside the room, to be put where it belongs. @param {Readonly<import("./notes.mjs").Note>} own */
  const jotted = (own) => {
    const [first] = view.record.format.sections;
    return html`<section class="jotted" aria-label=${t("Jotted in the room")}>
      <p class="soft small">${t("Jotted in the room")}</p>
      <p class="record-text">${own.text}</p>
      ${desk.mayWrite ? html`<button class="link" type="button" @click=${() => {
        const note = notes.of(own.subject, first.id);
        notes.type(note, [note.text.trimEnd(), own.text].filter(Boolean).join("\n"));
        notes.type(own, "");
        document.getElementById(fieldId(note))?.focus();
      }}>${t("Put it into {section}", { section: first.title })}</button>` : nothing}
    </section>`;
  };

  const barWidth = () => /** @type {HTMLElement | null} */ (root.querySelector(".record-detail"))?.clientWidth || (wide() ? 800 : 300);

  function draw() {
    if (!view) return;
    const width = barWidth();
    drawNow();
    if (barWidth() !== width) drawNow(); // the first time nobody knows how wide the bar will be
  }

  function drawNow() {
    const person = present();
    render(
      html`<div class="record" data-chosen=${String(chosen !== null)}>
        ${people.header()} ${banner()}
        <div class="record-columns">
          ${people.list(chosen || wide() ? person : null)}
          ${person ? keyed(person.person, detail(person)) : nothing}
        </div>
      </div>`,
      root,
    );
  }

  if (desk.mayWrite || desk.mayCosign) notebook.load().then(desk.known, () => {}); // asked again where it is needed

  return {
    update(newView) {
      view = newView;
      notes.seen(GROUP, null, view.record.group_note);
      for (const { person, note } of view.record.people) {
        notes.seen(person, null, note);
        for (const [section, held] of Object.entries(note.sections)) notes.seen(person, section, held);
      }
      goals.seen();
      draw();
    },
    drafted: notes.drafted,
    unsaved: () => notes.unsaved() || counselling.unsaved() || sealed.unsaved() || goals.unsaved(),
    flush: counselling.flush,
    unmount() {
      stopKeys();
      root.removeEventListener("focusin", onFocus);
      globalThis.removeEventListener("popstate", onHash);
      globalThis.removeEventListener("resize", draw);
      render(nothing, root);
    },
  };
}

/** @param {Readonly<import("./notes.mjs").Note>} note */
const fieldId = (note) => ["note", note.subject, note.section].filter((part) => part !== null).join("-");

/** List and note stand side by side from here on (record.css says the same). */
function wide() {
  return globalThis.matchMedia("(min-width: 56rem)").matches;
}
