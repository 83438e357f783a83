/**
 * Notes while the group runs: one text for the group, one per person, kept as they are typed. Where somebody else
 * wrote in the same note meanwhile, both texts are shown and nothing is thrown away.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { t } from "/static/core/words.mjs";

const TEXT_MAX = 20_000;

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, connection, memory } = context;
  const mayWrite = boot.role === "facilitator" || boot.role === "cofacilitator";
  let view = /** @type {any} */ (null);
  /**
   * What is typed here: `text` is null while nothing was; `known` is the newest state of the note that we know the
   * server to have, upon which the text is typed.
   * @type {Map<string, {text: string | null, known: {text: string, revision: number}, seq: number, conflict: boolean}>}
   */
  const local = new Map();

  /** @param {string} subject */
  function localOf(subject) {
    let mine = local.get(subject);
    if (!mine) {
      mine = { text: null, known: stored(subject), seq: -1, conflict: false };
      const unsaved = connection.unsaved(slot(subject)); // typed before a reload
      const undecided = memory.get(conflictKey(subject));
      if (unsaved) Object.assign(mine, { text: unsaved.text, known: { text: "", revision: unsaved.revision } });
      else if (undecided !== null) Object.assign(mine, { text: undecided, conflict: true });
      local.set(subject, mine);
    }
    return mine;
  }

  /** @param {string} subject */
  function stored(subject) {
    return view.staff.notes[subject] ?? { text: "", revision: 0 };
  }

  function draw() {
    if (!view?.staff) return;
    const people = view.staff.people.filter((/** @type {any} */ one) =>
      one.role === "participant" && (one.place !== "expected" || stored(one.person).text));
    render(html`
      <p class="hint">${t("Saved as you type. Only facilitators read this; you sign after the session.")}</p>
      ${note("group", t("The group"), 5)}
      ${repeat(people, (/** @type {any} */ one) => one.person, (/** @type {any} */ one) => note(one.person, one.name, 2))}`, root);
  }

  /** @param {string} subject @param {string} label @param {number} rows */
  function note(subject, label, rows) {
    const mine = localOf(subject);
    const text = mine.text ?? stored(subject).text;
    return html`<section class="note ${subject === "group" ? "note-group" : ""}">
      <div class="row apart"><label for="note-${subject}"><strong>${label}</strong></label>
        <span class="hint">${saved(subject, mine)}</span></div>
      <p class="visually-hidden" role="status">${connection.draftState(slot(subject)).state === "refused" ? t("Not saved") : ""}</p>
      <textarea id="note-${subject}" rows=${rows} maxlength=${TEXT_MAX} ?readonly=${!mayWrite} .value=${live(text)}
        @input=${(/** @type {any} */ event) => type(subject, event.target.value)}></textarea>
      ${mine.conflict ? conflict(subject, label, mine) : nothing}
    </section>`;
  }

  /** @param {string} subject @param {any} mine */
  function saved(subject, mine) {
    if (mine.text === null) return mine.seq < 0 ? "" : t("Saved");
    if (mine.conflict) return t("Not saved yet");
    const draft = connection.draftState(slot(subject));
    if (draft.state === "refused") return draft.refusal?.text ?? t("Not saved");
    if (draft.state === "saved") return t("Saved");
    return connection.state.status === "open" && !context.room.degraded ? t("Saving…") : t("Kept here, saved once we are back");
  }

  /** @param {string} subject @param {string} label @param {any} mine */
  function conflict(subject, label, mine) {
    const theirs = stored(subject).text;
    return html`<div class="notice note-conflict" role="alert"><div class="stack tight grow">
      <p><strong>${t("Someone else wrote here too.")}</strong> ${t("Yours is above. Theirs:")}</p>
      <blockquote>${theirs || t("(empty)")}</blockquote>
      <div class="row">
        <button type="button" class="button" @click=${() => settle(subject, `${theirs}\n${mine.text}`.trim())}>${t("Keep both")}</button>
        <button type="button" class="button" @click=${() => settle(subject, mine.text)} aria-label=${t("Keep mine for {name}", { name: label })}>${t("Keep mine")}</button>
        <button type="button" class="button" @click=${() => settle(subject, null)} aria-label=${t("Keep theirs for {name}", { name: label })}>${t("Keep theirs")}</button>
      </div></div></div>`;
  }

  /** @param {string} subject @param {string | null} text null: what is stored stays */
  function settle(subject, text) {
    const mine = localOf(subject);
    Object.assign(mine, { text, known: stored(subject), conflict: false });
    memory.set(conflictKey(subject), null);
    if (text === null) connection.dropDraft(slot(subject));
    else save(subject);
    draw();
  }

  /** @param {string} subject @param {string} text */
  function type(subject, text) {
    const mine = localOf(subject);
    if (mine.text === null) mine.known = stored(subject);
    mine.text = text;
    if (mine.conflict) memory.set(conflictKey(subject), text);
    else save(subject);
    draw();
  }

  /** @param {string} subject */
  function save(subject) {
    const mine = localOf(subject);
    connection.draft(slot(subject), "edit_note", () => ({ subject, text: mine.text ?? "", revision: mine.known.revision }));
  }

  return {
    /** @param {any} next */
    update(next) {
      view = next;
      if (!next.staff) return;
      for (const [subject, mine] of local) {
        const idle = mine.text !== null && !mine.conflict && connection.draftState(slot(subject)).state === "saved";
        // Saved and seen: from here on the stored text is the truth again, whoever edits it.
        if (idle && connection.unsaved(slot(subject)) === null && next.version >= mine.seq) mine.text = null;
      }
      draw();
    },
    /** @param {string} key @param {any} state */
    draftChanged(key, state) {
      if (!key.startsWith("note:") || !view) return;
      const mine = localOf(key.slice(5));
      if (state.saved && state.seq !== null && state.seq > mine.seq) {
        // Our own words are the newest now; the view that says so may still be on its way.
        const grown = state.saved.text === mine.known.text ? 0 : 1;
        mine.known = { text: state.saved.text, revision: state.saved.revision + grown };
        mine.seq = state.seq;
      }
      if (state.state === "refused" && state.refusal?.code === "stale_note") {
        mine.conflict = true;
        memory.set(conflictKey(key.slice(5)), mine.text);
      }
      draw();
    },
    unmount: () => render(nothing, root),
  };
}

/** @param {string} subject */
const slot = (subject) => `note:${subject}`;

/** @param {string} subject */
const conflictKey = (subject) => `note-conflict:${subject}`;
