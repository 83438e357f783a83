/**
 * Note texts being typed: what stands in this browser, what the server has, and what happens when the two part.
 *
 * A text is saved within half a second, one save at a time for each text, each upon the revision of the one before.
 * Somebody else's newer text replaces one that was not touched here; one that was touched stays, and both are shown.
 */

/**
 * @typedef {{text: string, revision: number}} Held  a text as the server has it; revision 0 is the empty page
 *
 * @typedef {object} Note  one text: of the group, of a person, or of one section of a person's note
 * @property {string} subject  "group" or a person's id
 * @property {string | null} section
 * @property {string} key  of its draft
 * @property {string} text  as it stands here
 * @property {number} base  the revision it was typed upon
 * @property {string | null} held  the text of that revision, as the server holds it; null: not known
 * @property {string | null} sent  what is on its way
 * @property {boolean} restored  typed before a reload, which may have hidden an answer from us
 * @property {"idle" | "saving" | "saved" | "failed"} state
 * @property {string} trouble  why it could not be saved, in words
 * @property {Held | null} conflict  what somebody else saved meanwhile
 */

const EMPTY = { text: "", revision: 0 };

/** @param {string} subject @param {string | null} section */
const keyOf = (subject, section) => (section === null ? `note:${subject}` : `note:${subject}:${section}`);

/**
 * @param {{connection: import("/static/core/connection.mjs").Connection, onChange: () => void}} context
 */
export function createNotes({ connection, onChange }) {
  /** @type {Map<string, Note>} */
  const notes = new Map();
  /** @type {Map<string, Held>} what the server showed last */
  const known = new Map();
  /** @type {Map<string, number>} the log's number of the draft that was accepted last */
  const seqs = new Map();
  /** @type {Map<string, (() => void)[]>} who waits for a note to be settled */
  const waiting = new Map();

  /** @param {string} subject @param {string | null} [section] */
  function of(subject, section = null) {
    const key = keyOf(subject, section);
    let note = notes.get(key);
    if (!note) {
      const server = known.get(key) ?? EMPTY;
      const unsaved = connection.unsaved(key);
      note = {
        subject,
        section,
        key,
        text: unsaved ? String(unsaved.text) : server.text,
        base: unsaved ? Number(unsaved.revision) : server.revision,
        held: unsaved ? null : server.text, // before a reload it may have been anything
        sent: unsaved ? String(unsaved.text) : null,
        restored: unsaved !== null,
        state: unsaved ? "saving" : "idle",
        trouble: "",
        conflict: null,
      };
      notes.set(key, note);
    }
    return note;
  }

  /** @param {Note} note */
  const touched = (note) => note.state === "saving" || note.state === "failed" || note.conflict !== null;

  /** @param {string} key */
  function settle(key) {
    for (const done of waiting.get(key) ?? []) done();
    waiting.delete(key);
  }

  /** @param {Note} note */
  function save(note) {
    note.trouble = "";
    if (note.sent === null && note.text === note.held) {
      connection.dropDraft(note.key); // typed, and taken back
      note.state = "saved";
      return;
    }
    note.state = "saving";
    let keeping = true; // the connection asks at once, to keep the text, and again when it really sends it
    connection.draft(note.key, note.section === null ? "edit_note" : "edit_section", () => {
      if (!keeping) note.sent = note.text;
      const typed = { text: note.text, revision: note.base };
      return note.section === null ? { ...typed, subject: note.subject } : { ...typed, person: note.subject, section: note.section };
    });
    keeping = false;
  }

  /**
   * The server has another revision than the one typed upon. Is it really somebody else's text?
   * @param {Note} note @param {Held} server
   */
  function part(note, server) {
    const ours = server.text === note.held || (note.restored && note.text.startsWith(server.text));
    note.conflict = null;
    if (server.text === note.text || ours) {
      note.base = server.revision; // the answer got lost, not the text
      note.held = server.text;
      save(note);
    } else note.conflict = { ...server };
  }

  return {
    /** The text as it stands here. @type {(subject: string, section?: string | null) => Readonly<Note>} */
    of,

    /** @param {Readonly<Note>} typed @param {string} text */
    type(typed, text) {
      const note = of(typed.subject, typed.section);
      note.text = text;
      if (!note.conflict) save(note);
      onChange();
    },

    /** What the server has, from a view. @param {string} subject @param {string | null} section @param {Held} server */
    seen(subject, section, server) {
      const key = keyOf(subject, section);
      known.set(key, server);
      const note = notes.get(key);
      if (!note) return;
      if (note.conflict) {
        if (server.revision > note.conflict.revision) part(note, server);
      } else if (!touched(note) && server.revision >= note.base) {
        note.text = note.held = server.text;
        note.base = server.revision;
      }
    },

    /** What became of a draft: pass `onDraft` of the connection here. @param {string} key @param {any} draft */
    drafted(key, draft) {
      const note = notes.get(key);
      if (!note) return;
      if (draft.state === "refused") {
        note.sent = null;
        if (draft.refusal.code === "stale_note") {
          part(note, known.get(key) ?? { text: "", revision: note.base });
        } else {
          note.state = "failed";
          note.trouble = draft.refusal.text;
        }
      } else if (draft.seq !== null && draft.seq !== seqs.get(key)) {
        seqs.set(key, draft.seq);
        const taken = note.sent ?? note.text;
        if (taken !== note.held) note.base += 1; // each accepted change is one revision
        note.held = taken;
        note.sent = null;
        if (note.text === taken) {
          connection.dropDraft(key);
          note.state = "saved";
        }
      }
      if (note.state !== "saving" || note.conflict) settle(key);
      onChange();
    },

    /** Resolves when nothing of this text is on its way any more (saved, or in trouble). @param {Readonly<Note>} note */
    settled(note) {
      if (note.state !== "saving" || note.conflict) return Promise.resolve();
      connection.flush();
      return new Promise((done) => waiting.set(note.key, [...(waiting.get(note.key) ?? []), () => done(undefined)]));
    },

    /** Two texts, one choice. @param {Readonly<Note>} parted @param {"mine" | "theirs" | "both"} choice */
    resolve(parted, choice) {
      const note = of(parted.subject, parted.section);
      if (!note.conflict) return;
      const { text, revision } = note.conflict;
      note.conflict = null;
      note.base = revision;
      note.held = text;
      if (choice === "theirs") note.text = text;
      if (choice === "both") note.text = `${text.trimEnd()}\n\n${note.text}`;
      save(note);
      onChange();
    },

    /** Is anything typed here that the server does not have? */
    unsaved: () => [...notes.values()].some(touched),
  };
}
