/**
 * Phrases of one's own. Type `/name` and press Tab, and the phrase stands there instead; or take it from the list.
 *
 * What is put in is the phrase and nothing else: no names, no figures are filled in for anybody.
 */

/**
 * @typedef {{name: string, text: string}} Snippet
 */

/** A slash and a name right before the caret, at the beginning or after a space. */
const ASKED = /(?:^|\s)\/([\p{L}\p{N}_-]{1,40})$/u;

/**
 * The name that is being typed before the caret, or null.
 * @param {string} text @param {number} caret @returns {string | null}
 */
export function askedFor(text, caret) {
  return ASKED.exec(text.slice(0, caret))?.[1] ?? null;
}

/**
 * The phrases whose names begin so.
 * @param {readonly Snippet[]} snippets @param {string} name
 */
export function fitting(snippets, name) {
  const wanted = name.toLowerCase();
  return snippets.filter((one) => one.name.toLowerCase().startsWith(wanted));
}

/**
 * The one phrase that a name means: its own, or the only one that begins so.
 * @param {readonly Snippet[]} snippets @param {string} name @returns {Snippet | null}
 */
export function meant(snippets, name) {
  const found = fitting(snippets, name);
  return found.find((one) => one.name.toLowerCase() === name.toLowerCase()) ?? (found.length === 1 ? found[0] : null);
}

/**
 * Put `phrase` into a field as typing would, so that the browser's undo takes it out again: in the place of a `/name`
 * before the caret, else at the caret.
 * @param {HTMLTextAreaElement} field @param {string} phrase
 */
export function putIn(field, phrase) {
  const caret = field.selectionEnd;
  const name = askedFor(field.value, caret);
  const from = name === null ? field.selectionStart : caret - name.length - 1;
  const apart = name === null && from > 0 && !/\s/.test(field.value[from - 1]) ? " " : "";
  field.focus();
  field.setSelectionRange(from, caret);
  // Old, but the only way that leaves the field's own undo whole; where it is gone, only that is lost.
  if (document.execCommand("insertText", false, apart + phrase)) return;
  field.setRangeText(apart + phrase, from, caret, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "insertText" }));
}
