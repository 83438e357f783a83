/**
 * One frame of sound or picture, sealed and opened end to end. Pure: bytes and keys in, bytes out.
 *
 *     clear bytes | AES-128-GCM ciphertext and tag | counter 6 | sender 4 | key 1 | clear 1 | "MLU1"
 *
 * What is clear is what a server needs to forward a picture it cannot see: whether it is a keyframe, and of what size
 * (RFC 6386 §9.1). It and the trailer are authenticated. The nonce is sender and counter: a counter is never used
 * twice with one key. server/bots/secrecy.py writes the same format.
 */

/**
 * @typedef {{sender: string, keyId: number, counter: number, clear: number}} Label  `sender`: 8 hexadecimal digits
 */

const TRAILER_BYTES = 16;
const TAG_BYTES = 16;
const MARK = [0x4d, 0x4c, 0x55, 0x31]; // "MLU1"
const KEYFRAME_CLEAR_BYTES = 10;
const DELTA_CLEAR_BYTES = 1;

/** How many bytes a VP8 or Opus frame shows to the server. @param {"audio" | "video"} kind @param {boolean} isKeyframe */
export function clearBytes(kind, isKeyframe) {
  return kind === "audio" ? 0 : isKeyframe ? KEYFRAME_CLEAR_BYTES : DELTA_CLEAR_BYTES;
}

/**
 * @param {Uint8Array<ArrayBuffer>} frame @param {CryptoKey} key @param {Label} label
 * @returns {Promise<ArrayBuffer>}
 */
export async function seal(frame, key, label) {
  const clear = Math.min(label.clear, frame.length);
  const trailer = trailerOf({ ...label, clear });
  const head = frame.subarray(0, clear);
  const sealed = new Uint8Array(await crypto.subtle.encrypt(algorithm(trailer, head), key, frame.subarray(clear)));
  return joined(head, sealed, trailer).buffer;
}

/**
 * Who sealed a frame, and with which key; null for one that is not sealed.
 * @param {Uint8Array} frame @returns {Label | null}
 */
export function labelOf(frame) {
  const at = frame.length - TRAILER_BYTES;
  if (at < TAG_BYTES || MARK.some((byte, index) => frame[at + 12 + index] !== byte)) return null;
  const view = new DataView(frame.buffer, frame.byteOffset + at, TRAILER_BYTES);
  const clear = view.getUint8(11);
  if (clear > at - TAG_BYTES) return null;
  return {
    counter: view.getUint16(0) * 2 ** 32 + view.getUint32(2),
    sender: view.getUint32(6).toString(16).padStart(8, "0"),
    keyId: view.getUint8(10),
    clear,
  };
}

/**
 * The frame inside. Rejects when the key is another one or a bit was changed.
 * @param {Uint8Array<ArrayBuffer>} frame @param {CryptoKey} key @param {Label} label
 * @returns {Promise<ArrayBuffer>}
 */
export async function open(frame, key, { clear }) {
  const at = frame.length - TRAILER_BYTES;
  const trailer = frame.subarray(at);
  const head = frame.subarray(0, clear);
  const opened = new Uint8Array(await crypto.subtle.decrypt(algorithm(trailer, head), key, frame.subarray(clear, at)));
  return joined(head, opened).buffer;
}

/** @param {Label} label */
function trailerOf({ counter, sender, keyId, clear }) {
  const trailer = new Uint8Array(TRAILER_BYTES);
  const view = new DataView(trailer.buffer);
  view.setUint16(0, Math.floor(counter / 2 ** 32));
  view.setUint32(2, counter % 2 ** 32);
  view.setUint32(6, Number.parseInt(sender, 16));
  view.setUint8(10, keyId);
  view.setUint8(11, clear);
  trailer.set(MARK, 12);
  return trailer;
}

/** @param {Uint8Array} trailer @param {Uint8Array} head @returns {AesGcmParams} */
function algorithm(trailer, head) {
  const iv = new Uint8Array(12); // sender 4, zeros 2, counter 6
  iv.set(trailer.subarray(6, 10));
  iv.set(trailer.subarray(0, 6), 6);
  return { name: "AES-GCM", iv, additionalData: joined(head, trailer), tagLength: 8 * TAG_BYTES };
}

/** @param {...Uint8Array} parts @returns {Uint8Array<ArrayBuffer>} */
function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
