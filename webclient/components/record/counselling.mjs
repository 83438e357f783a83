/**
 * A facilitator's own counselling notes: another layer than the record, in a drawer that looks like one. They go to the
 * server by a way of their own, never over the room's line, and nobody else can ask for them.
 */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";
import { whyNot } from "/static/core/refusals.mjs";
import { t } from "/static/core/words.mjs";

import { createDialog } from "./dialog.mjs";
import { createFields } from "./fields.mjs";
import { GROUP } from "./group.mjs";
import { createNotes } from "./notes.mjs";

const WAIT_MS = 400;
const RETRY_MS = 3_000;
const PASSING = new Set(["no_line", "too_many"]); // what time mends; so does a server that is away (5xx)

/** @param {import("./record.mjs").Desk} desk */
export function createCounselling(desk) {
  const line = createLine({
    put: desk.notebook.putCounselling,
    storageKey: `milieu-own-${desk.boot.session}`,
    onDraft(key, draft) {
      notes.drafted(key, draft);
    },
    onStale(subject, server) {
      notes.seen(subject, null, server);
    },
  });
  const notes = createNotes({ connection: /** @type {any} */ (line), onChange: draw });
  const fields = createFields({ ...desk, notes });
  const dialog = createDialog({ className: "drawer" });
  /** @type {any} the person whose record is open */
  let about = null;
  let loaded = false;
  let trouble = "";

  async function load() {
    trouble = "";
    try {
      desk.known(await desk.notebook.load());
    } catch (refusal) {
      trouble = whyNot(refusal);
    }
    draw();
  }

  const contents = () => ({
    title: t("Only you can read this"),
    body: html`<p class="drawer-about">${icon("lock")}<span>${t("Your counselling notes are kept apart from the record. They are in nobody’s note, in no export, and nobody else at the clinic can open them.")}</span></p>
      ${loaded
        ? html`${about ? fields.field({
            note: notes.of(about.person),
            id: "own-person",
            label: t("About {name}", { name: about.name }),
            hint: t("Your own thoughts on what was said."),
            required: true,
          }) : nothing}
          ${fields.field({
            note: notes.of(GROUP),
            id: "own-group",
            label: t("About the group"),
            hint: t("Your own thoughts on the session."),
            required: true,
          })}
          <p class="soft small">${t("Start and stop times, progress and plan belong in the record, not here.")}</p>`
        : trouble
          ? html`<p class="notice" role="alert">${trouble}</p><p><button class="button" type="button" @click=${load}>${t("Try again")}</button></p>`
          : html`<p class="soft">${t("Opening…")}</p>`}`,
  });

  function draw() {
    dialog.draw(contents());
    desk.draw();
  }

  function takeUpThePen() {
    /** @type {HTMLElement | null} */ (dialog.element.querySelector("textarea"))?.focus();
  }

  return {
    /** @param {any} person */
    open(person) {
      about = person;
      dialog.show(contents(), desk.draw);
      takeUpThePen();
      if (!loaded) void load();
    },

    /** @param {import("./notebook.mjs").CounsellingNote[]} kept */
    known(kept) {
      for (const { subject, text, revision } of kept) notes.seen(subject, null, { text, revision });
      const awaited = !loaded && dialog.open;
      loaded = true;
      line.flush();
      dialog.draw(contents());
      if (awaited) takeUpThePen(); // whoever opened the drawer before there was a field in it means to write
    },

    /** Is anything kept about this person? @param {string} person */
    any: (person) => loaded && notes.of(person).text.trim() !== "",
    unsaved: notes.unsaved,
    flush: line.flush,
  };
}

/**
 * Drafts over HTTP, as `createNotes` wants them of the room's line: at most one on its way per key, the latest wins, and
 * what the server has not yet taken is kept over a reload.
 * @param {object} given
 * @param {(subject: string, text: string, revision: number) => Promise<unknown>} given.put
 * @param {string} given.storageKey
 * @param {(key: string, draft: any) => void} given.onDraft
 * @param {(subject: string, server: {text: string, revision: number}) => void} given.onStale
 */
function createLine({ put, storageKey, onDraft, onStale }) {
  /** @typedef {{subject: string, text: string, revision: number}} Fields */
  /** @type {Map<string, {next: (() => Fields) | null, sending: boolean, timer: any}>} */
  const slots = new Map();
  /** @type {Record<string, Fields>} */
  const kept = read();
  let taken = 0;

  function read() {
    try {
      return JSON.parse(sessionStorage.getItem(storageKey) ?? "{}");
    } catch {
      return {};
    }
  }

  function write() {
    try {
      if (Object.keys(kept).length) sessionStorage.setItem(storageKey, JSON.stringify(kept));
      else sessionStorage.removeItem(storageKey);
    } catch {
      // Storage is full or forbidden: memory still holds the text.
    }
  }

  /** @param {string} key */
  function slotOf(key) {
    let slot = slots.get(key);
    if (!slot) {
      slot = { next: null, sending: false, timer: undefined };
      slots.set(key, slot);
    }
    return slot;
  }

  /** @param {string} key */
  async function push(key) {
    const slot = slotOf(key);
    clearTimeout(slot.timer);
    if (slot.sending || !slot.next) return;
    const { next } = slot;
    const fields = next();
    kept[key] = fields;
    write();
    slot.next = null;
    slot.sending = true;
    let wait = WAIT_MS;
    try {
      await put(fields.subject, fields.text, fields.revision);
      if (!slot.next) delete kept[key];
      onDraft(key, { state: slot.next ? "waiting" : "saved", seq: (taken += 1), refusal: null });
    } catch (refusal) {
      const { code, status = 0, answer } = /** @type {import("./notebook.mjs").Trouble} */ (refusal);
      if (PASSING.has(code) || status >= 500) {
        slot.next ??= next;
        wait = RETRY_MS;
      } else {
        delete kept[key];
        if (code === "stale_note") onStale(fields.subject, { text: answer.text, revision: answer.revision });
        onDraft(key, { state: "refused", seq: null, refusal });
      }
    }
    write();
    slot.sending = false;
    if (slot.next) slot.timer = setTimeout(() => push(key), wait);
  }

  return {
    /** @param {string} key @returns {Fields | null} */
    unsaved: (key) => kept[key] ?? null,
    /** @param {string} key @param {string} _type @param {() => Fields} fields */
    draft(key, _type, fields) {
      const slot = slotOf(key);
      const first = !slot.next;
      slot.next = fields;
      kept[key] = fields();
      write();
      if (first && !slot.sending) slot.timer = setTimeout(() => push(key), WAIT_MS);
    },
    /** @param {string} key */
    dropDraft(key) {
      const slot = slotOf(key);
      clearTimeout(slot.timer);
      slot.next = null;
      delete kept[key];
      write();
    },
    flush() {
      for (const [key, fields] of Object.entries(kept)) {
        const slot = slotOf(key);
        if (!slot.next && !slot.sending) slot.next = () => fields; // from before a reload
      }
      for (const key of slots.keys()) void push(key);
    },
  };
}
