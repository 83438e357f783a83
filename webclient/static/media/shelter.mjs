/**
 * End-to-end encryption of one browser's media, put together: the keys, the worker that every frame passes, and the
 * peer connection's ends. What cannot be sealed is not sent, unless the room as a whole is open and says so.
 */

import { canSeal, createKeys } from "./keys.mjs";

/**
 * @typedef {"starting" | "sealed" | "open" | "shut"} State
 *   "sealed": only the browsers of this room can see and hear; "open": the server could as well; "shut": encryption is
 *   required here and this browser cannot, so it takes no part
 */

/**
 * @param {object} parts
 * @param {{session: string, person: string}} parts.boot
 * @param {(message: object) => void} parts.send
 * @param {() => void} parts.changed
 * @param {() => void} parts.stood frames were lost on their way out, as this page stood still
 */
export function createShelter({ boot, send, changed, stood }) {
  const able = canSeal();
  const worker = able ? new Worker("/static/media/frames-worker.mjs", { type: "module", name: "frames" }) : null;
  let required = false;
  /** How often frames began to pass unsealed. */
  let openings = 0;
  let mode = "closed";
  /** @type {import("./keys.mjs").Keys | null} */
  let keys = null;

  worker?.addEventListener("message", ({ data }) => {
    if (data.missing) keys?.missing();
    if (data.stood) stood();
  });

  /** @param {import("./keys.mjs").Orders} orders */
  function order(orders) {
    if (orders.mode === "clear" && mode !== "clear") openings += 1;
    ({ mode } = orders);
    worker?.postMessage(orders);
  }

  return {
    /** In the room, or on a new line. @param {boolean} isRequired by this clinic */
    enter(isRequired) {
      if (keys === null || required !== isRequired) {
        keys?.leave();
        required = isRequired;
        keys = createKeys({ ...boot, able, required, send, changed, order });
      }
      void keys.announce();
    },

    leave() {
      keys?.leave();
      keys = null;
    },

    /** @param {any} message `key_ring` or `sealed_keys` */
    receive(message) {
      if (message.type === "key_ring") void keys?.ring(message.members).then(changed);
      else void keys?.take(message.member, message.box);
    },

    /** For `createPeer`; null where this browser cannot seal. */
    protect: worker === null ? null
      : (/** @type {"send" | "receive"} */ side, /** @type {"audio" | "video"} */ kind, /** @type {any} */ end) => {
        end.transform = new RTCRtpScriptTransform(worker, { side, kind });
      },

    /** @returns {State} */
    get state() {
      const mode = keys?.mode;
      if (mode === "sealed") return "sealed";
      if (mode === "clear") return "open";
      return required && !able ? "shut" : "starting";
    },

    /** How often encryption was off so far, or is: a moment of it is one as well. */
    get openings() {
      return openings;
    },

    /** The same object as long as nobody came or went. */
    get members() {
      return keys?.members ?? null;
    },

    /** Who shares the keys, by person: how many devices, and whether one of them cannot seal. */
    get people() {
      /** @type {Map<string, {devices: number, able: boolean}>} */
      const people = new Map();
      for (const { person, key } of keys?.members ?? []) {
        const { devices, able } = people.get(person) ?? { devices: 0, able: true };
        people.set(person, { devices: devices + 1, able: able && key !== null });
      }
      return people;
    },

    /** The code to compare; null while there is none. @returns {Promise<string | null>} */
    code: async () => (keys?.mode === "sealed" ? keys.code() : null),

    close() {
      keys?.leave();
      worker?.terminate();
    },
  };
}
