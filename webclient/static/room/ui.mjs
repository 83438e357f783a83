/**
 * What is open and how it is liked on this screen: nothing that the server needs to know. Likings are kept in this
 * browser; what is open is not.
 */

const LIKINGS = /** @type {const} */ (["hideSelf", "mode", "sounds", "shortcuts"]);
const KEPT = "milieu-room";

/** @param {() => void} changed called after every change */
export function createUi(changed) {
  const state = {
    /** @type {string | null} */ panel: null,
    /** @type {string | null} */ dialog: null,
    /** @type {{person: string, name: string} | null} whom the dialog is about */ about: null,
    /** @type {string | null} whom the chat is to be opened for */ chatTo: null,
    more: false,
    unread: false,
    shield: false,
    /** @type {string | null} the advice that was put aside */ weakSeen: null,
    /** @type {"camera_off" | "low_data" | "audio_only" | null} what eased a weak connection, and was not offered back yet */ eased: null,
    /** Whether the way back was offered: once is help, more would be pressing. */ wayBackSeen: false,
    /** Of how many times that encryption was off somebody took note. */ openingsSeen: 0,
    /** @type {string | null} */ deviceTrouble: null,
    /** @type {string | null} */ noticeSeen: null,
    hideSelf: false,
    /** @type {"normal" | "low_data" | "audio_only"} */ mode: "normal",
    /** Whether somebody knows of that: they chose it on this page, or took note. */ modeSeen: false,
    sounds: false,
    shortcuts: true,
    ...read(),
  };

  return {
    state,
    /** @param {Partial<typeof state>} changes */
    set(changes) {
      Object.assign(state, changes);
      if ("mode" in changes) state.modeSeen = true;
      if (state.panel === "chat") state.unread = false;
      if (LIKINGS.some((name) => name in changes)) write(state);
      changed();
    },
    /** Open a panel, or fold it away when it is open. @param {string} panel */
    toggle(panel) {
      this.set({ panel: state.panel === panel ? null : panel, more: false });
    },
  };
}

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? "{}");
    return Object.fromEntries(LIKINGS.filter((name) => name in kept).map((name) => [name, kept[name]]));
  } catch {
    return {};
  }
}

/** @param {any} state */
function write(state) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(Object.fromEntries(LIKINGS.map((name) => [name, state[name]]))));
  } catch {
    // Storage is forbidden: the likings last as long as the page.
  }
}

/**
 * Small things of this tab that a reload must not lose (a half-written chat message). Gone with the tab, and at once
 * by `clear` (quick exit).
 * @param {string} prefix
 */
export function createMemory(prefix) {
  return {
    /** @param {string} key @returns {any} */
    get(key) {
      try {
        return JSON.parse(sessionStorage.getItem(prefix + key) ?? "null");
      } catch {
        return null;
      }
    },
    /** @param {string} key @param {unknown} value null or "" forgets it */
    set(key, value) {
      try {
        if (value === null || value === "") sessionStorage.removeItem(prefix + key);
        else sessionStorage.setItem(prefix + key, JSON.stringify(value));
      } catch {
        // Storage is forbidden or full.
      }
    },
    clear() {
      try {
        sessionStorage.clear();
      } catch {
        // Nothing was kept, then.
      }
    },
  };
}
