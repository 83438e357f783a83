/**
 * The room's keys. Single letters never fire while somebody types, nor just after: a focus lost in mid-sentence must
 * not move the group. Quick exit is Escape three times, fast, from anywhere, also while typing.
 */

const EXIT_PRESSES = 3;
const EXIT_WITHIN_MS = 1_200;
const AFTER_TYPING_MS = 1_500;

/**
 * @param {{keys: Record<string, () => void>, enabled: () => boolean, exit: () => void}} shape
 * @returns {() => void} ends listening
 */
export function listenToKeys({ keys, enabled, exit }) {
  /** @type {number[]} */
  let escapes = [];
  let typedAt = -Infinity;

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    const now = event.timeStamp;
    if (event.key === "Escape") {
      if (event.repeat) return;
      escapes = [...escapes.filter((at) => now - at < EXIT_WITHIN_MS), now];
      if (escapes.length >= EXIT_PRESSES) exit();
      return;
    }
    escapes = [];
    if (isTyping(event.target)) {
      typedAt = now;
      return;
    }
    if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing) return;
    if (!enabled() || now - typedAt < AFTER_TYPING_MS || document.querySelector("dialog[open]")) return;
    const action = keys[event.key.toLowerCase()];
    if (!action) return;
    event.preventDefault();
    action();
  }

  window.addEventListener("keydown", pressed, { capture: true });
  return () => window.removeEventListener("keydown", pressed, { capture: true });
}

/** @param {EventTarget | null} target */
function isTyping(target) {
  return target instanceof Element && target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]") !== null;
}
