/**
 * Note texts being typed: what stands in this browser, what the server has, and what happens when the two part.
 *
 * A text is saved within half a second, one save at a time for each note, each upon the revision of the one before.
 * Somebody else's newer text replaces one that was not touched here; one that was touched stays, and both are shown.
 */

/**
 * @typedef {object} Note
 * @property {string} text  as it stands here
 * @property {number} base  the revision it was typed upon
 * @property {string | null} held  the text of that revision, as the server holds it; null: not known
 * @property {string | null} sent  what is on its way
 * @property {boolean} restored  typed before a reload, which may have hidden an answer from us
 * @property {"idle" | "saving" | "saved" | "failed"} state
 * @property {string} trouble  why it could not be saved, in words
 * @property {{text: string, revision: number} | null} conflict  what somebody else saved meanwhile
 */

/** @param {string} subject */
const keyOf = (subject) => `note:${subject}`;

/**
 * @param {{connection: import("/static/core/connection.mjs").Connection, onChange: () => void}} context
 */
export function createNotes({ connection, onChange }) {
  /** @type {Map<string, Note>} */
  const notes = new Map();
  /** @type {Map<string, {text: string, revision: number}>} what the server showed last */
  const known = new Map();
  /** @type {Map<string, number>} the log's number of the draft that was accepted last */
  const seqs = new Map();
  /** @type {Map<string, (() => void)[]>} who waits for a note to be settled */
  const waiting = new Map();

  /** @param {string} subject */
  function of(subject) {
    let note = notes.get(subject);
    if (!note) {
      const server = known.get(subject) ?? { text: "", revision: 0 };
      const unsaved = connection.unsaved(keyOf(subject));
      note = {
        text: unsaved ? String(unsaved.text) : server.text,
        base: unsaved ? Number(unsaved.revision) : server.revision,
        held: unsaved ? null : server.text, // before a reload it may have been anything
        sent: unsaved ? String(unsaved.text) : null,
        restored: unsaved !== null,
        state: unsaved ? "saving" : "idle",
        trouble: "",
        conflict: null,
      };
      notes.set(subject, note);
    }
    return note;
  }

  /** @param {Note} note */
  const touched = (note) => note.state === "saving" || note.state === "failed" || note.conflict !== null;

  /** @param {string} subject */
  function settle(subject) {
    for (const done of waiting.get(subject) ?? []) done();
    waiting.delete(subject);
  }

  /** @param {string} subject @param {Note} note */
  function save(subject, note) {
    note.trouble = "";
    if (note.sent === null && note.text === note.held) {
      connection.dropDraft(keyOf(subject)); // typed, and taken back
      note.state = "saved";
      return;
    }
    note.state = "saving";
    let keeping = true; // the connection asks at once, to keep the text, and again when it really sends it
    connection.draft(keyOf(subject), "edit_note", () => {
      if (!keeping) note.sent = note.text;
      return { subject, text: note.text, revision: note.base };
    });
    keeping = false;
  }

  /**
   * The server has another revision than the one typed upon. Is it really somebody else's text?
   * @param {string} subject @param {Note} note @param {{text: string, revision: number}} server
   */
  function part(subject, note, server) {
    const ours = server.text === note.held || (note.restored && note.text.startsWith(server.text));
    note.conflict = null;
    if (server.text === note.text || ours) {
      note.base = server.revision; // the answer got lost, not the text
      note.held = server.text;
      save(subject, note);
    } else note.conflict = { ...server };
  }

  return {
    /** The note as it stands here. @param {string} subject @returns {Readonly<Note>} */
    of,

    /** @param {string} subject @param {string} text */
    type(subject, text) {
      const note = of(subject);
      note.text = text;
      if (!note.conflict) save(subject, note);
      onChange();
    },

    /** What the server has, from a view. @param {string} subject @param {{text: string, revision: number}} server */
    seen(subject, server) {
      known.set(subject, server);
      const note = notes.get(subject);
      if (!note) return;
      if (note.conflict) {
        if (server.revision > note.conflict.revision) part(subject, note, server);
      } else if (!touched(note) && server.revision >= note.base) {
        note.text = note.held = server.text;
        note.base = server.revision;
      }
    },

    /** What became of a draft: pass `onDraft` of the connection here. @param {string} key @param {any} draft */
    drafted(key, draft) {
      const subject = key.startsWith("note:") ? key.slice("note:".length) : null;
      const note = subject === null ? undefined : notes.get(subject);
      if (subject === null || !note) return;
      if (draft.state === "refused") {
        note.sent = null;
        if (draft.refusal.code === "stale_note") {
          part(subject, note, known.get(subject) ?? { text: "", revision: note.base });
        } else {
          note.state = "failed";
          note.trouble = draft.refusal.text;
        }
      } else if (draft.seq !== null && draft.seq !== seqs.get(subject)) {
        seqs.set(subject, draft.seq);
        const taken = note.sent ?? note.text;
        if (taken !== note.held) note.base += 1; // each accepted change is one revision
        note.held = taken;
        note.sent = null;
        if (note.text === taken) {
          connection.dropDraft(keyOf(subject));
          note.state = "saved";
        }
      }
      if (note.state !== "saving" || note.conflict) settle(subject);
      onChange();
    },

    /** Resolves when nothing of this note is on its way any more (saved, or in trouble). @param {string} subject */
    settled(subject) {
      const note = of(subject);
      if (note.state !== "saving" || note.conflict) return Promise.resolve();
      connection.flush();
      return new Promise((done) => waiting.set(subject, [...(waiting.get(subject) ?? []), () => done(undefined)]));
    },

    /** Two texts, one choice. @param {string} subject @param {"mine" | "theirs" | "both"} choice */
    resolve(subject, choice) {
      const note = of(subject);
      if (!note.conflict) return;
      const { text, revision } = note.conflict;
      note.conflict = null;
      note.base = revision;
      note.held = text;
      if (choice === "theirs") note.text = text;
      if (choice === "both") note.text = `${text.trimEnd()}\n\n${note.text}`;
      save(subject, note);
      onChange();
    },

    /** Is anything typed here that the server does not have? */
    unsaved: () => [...notes.values()].some(touched),
  };
}
