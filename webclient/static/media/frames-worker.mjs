/**
 * The worker through which every frame of this browser passes: sealed on its way out, opened on its way in.
 *
 * It is told all at once, `{mode, own, keys}`, and fails closed: until it was told, and whenever it lacks a key,
 * nothing passes in either direction. In the mode "clear", which the page shows in words, frames pass as they are.
 */

import { clearBytes, labelOf, open, seal } from "./frames.mjs";
import { createWatch } from "./stale.mjs";

/**
 * @typedef {{id: number, sender: string, key: CryptoKey}} Key
 * @typedef {{mode: "closed" | "clear" | "sealed", own: Key | null, keys: Key[]}} Orders
 */

const SENDERS_MAX = 4_096; // ever met in one room: far more than anybody is, and none is forgotten for another
const OLD_FRAMES = 4_096; // of one sender: some half a minute. An older moment cannot be played once more.
const LOOK_MS = 250; // how often it is looked whether this worker stood still
const MISSING_MS = 700; // a key may be a moment later than the first frame sealed with it

/** @type {Orders} */
let orders = { mode: "closed", own: null, keys: [] };
/**
 * The highest counter seen of each sender. One runs through all its keys: what was sealed with an earlier one is as old as
 * its counter says, also when the sender was gone meanwhile. @type {Map<string, number>}
 */
const highest = new Map();
/** One for all streams: a nonce must not come twice. Reload and rejoin bring a fresh key. */
let counter = 0;
/** Since when a sender's frames could not be opened. @type {Map<string, number>} */
const missing = new Map();
/** Senders of pictures, which owe a keyframe once they may send. @type {Set<any>} */
const cameras = new Set();

const scope = /** @type {any} */ (globalThis);
const watch = createWatch({ now: () => performance.now(), stood: () => scope.postMessage({ stood: true }) });
setInterval(watch.look, LOOK_MS);

scope.onmessage = (/** @type {MessageEvent<Orders>} */ event) => {
  const before = orders;
  orders = event.data;
  if (before.mode === orders.mode) return;
  for (const camera of cameras) camera.generateKeyFrame?.().catch(() => undefined);
};

scope.onrtctransform = (/** @type {any} */ event) => {
  const { transformer } = event;
  const { side, kind } = transformer.options;
  if (side === "send" && kind === "video") cameras.add(transformer);
  const transform = side === "send" ? outgoing(kind) : incoming(kind, transformer);
  transformer.readable
    .pipeThrough(new TransformStream({ transform }))
    .pipeTo(transformer.writable)
    .catch(() => undefined) // the connection was closed
    .finally(() => cameras.delete(transformer));
};

/** @param {"audio" | "video"} kind */
function outgoing(kind) {
  const isStale = watch.stream(kind);
  return async (/** @type {any} */ frame, /** @type {TransformStreamDefaultController} */ controller) => {
    if (isStale(frame)) return;
    const { mode, own } = orders;
    if (mode === "sealed" && own !== null) {
      const label = { sender: own.sender, keyId: own.id, counter: counter++, clear: clearBytes(kind, frame.type === "key") };
      frame.data = await seal(new Uint8Array(frame.data), own.key, label);
    } else if (mode !== "clear") return;
    controller.enqueue(frame);
  };
}

/** @param {"audio" | "video"} kind @param {any} transformer */
function incoming(kind, transformer) {
  const isStale = kind === "audio" ? watch.stream(kind) : () => false; // pictures build on one another
  let lost = false;
  return async (/** @type {any} */ frame, /** @type {TransformStreamDefaultController} */ controller) => {
    if (isStale(frame)) return;
    const opened = await openedFrame(new Uint8Array(frame.data));
    if (opened === null) {
      lost = true;
      return;
    }
    if (lost && kind === "video" && frame.type !== "key") transformer.sendKeyFrameRequest?.().catch(() => undefined);
    lost = false;
    frame.data = opened;
    controller.enqueue(frame);
  };
}

/** @param {Uint8Array<ArrayBuffer>} frame @returns {Promise<ArrayBuffer | null>} */
async function openedFrame(frame) {
  const label = labelOf(frame);
  if (label === null) return orders.mode === "clear" || frame.length === 0 ? frame.buffer : null;
  const known = orders.keys.find((key) => key.sender === label.sender && key.id === label.keyId);
  if (known === undefined) {
    tellMissing(label.sender);
    return null;
  }
  const { sender, counter } = label;
  if (isOld(sender, counter)) return null;
  try {
    const opened = await open(frame, known.key, label);
    if (isOld(sender, counter)) return null; // by what another stream brought meanwhile
    highest.set(sender, Math.max(highest.get(sender) ?? -1, counter));
    missing.delete(sender);
    return opened;
  } catch {
    return null;
  }
}

/** @param {string} sender */
function tellMissing(sender) {
  const now = performance.now();
  const since = missing.get(sender) ?? now;
  if (now - since > MISSING_MS) {
    missing.clear();
    scope.postMessage({ missing: sender });
  } else if (missing.size < SENDERS_MAX) missing.set(sender, since);
}

/** @param {string} sender @param {number} counter */
function isOld(sender, counter) {
  const newest = highest.get(sender);
  return newest === undefined ? highest.size >= SENDERS_MAX : counter < newest - OLD_FRAMES;
}
