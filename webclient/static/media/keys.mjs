/**
 * The keys of this browser in one room, agreed with the other browsers over a server that can read none of them.
 *
 * Each browser makes a pair of keys when it comes in and shows the public half. What it sends is sealed with a media
 * key of its own, which it locks for every other member in a box of theirs (ECDH P-256, HKDF, AES-GCM). Whoever comes
 * or goes makes everybody take a new media key: newcomers cannot open what was before them, those who left nothing
 * after them. The whole is described in server/sfu/ENCRYPTION.md; server/bots/secrecy.py does the same.
 *
 * No DOM here, and nothing is kept: when the page is gone, so are its keys.
 */

/**
 * @typedef {import("./frames-worker.mjs").Orders} Orders
 * @typedef {{member: string, person: string, key: string | null, turn: number}} Member  as the server tells them
 * @typedef {{id: number, raw: Uint8Array<ArrayBuffer>, key: CryptoKey, given: Set<string>}} MediaKey
 *   `given`: public keys of the members who may have it
 * @typedef {{toThem: CryptoKey, fromThem: CryptoKey, sender: string, turn: number, keys: Map<number, CryptoKey>}} Other
 *
 * @typedef {object} Options
 * @property {string} session
 * @property {string} person  Whose browser this is.
 * @property {boolean} able  Whether this browser can seal frames at all.
 * @property {boolean} [required]  Rather send nothing than in the clear.
 * @property {(message: object) => void} send  To the server, now or never.
 * @property {(orders: Orders) => void} order  To the worker.
 * @property {() => void} changed
 * @property {number} [rotateMs]
 */

const ROTATE_MS = 250; // a new key is on its way so long before it is used
const KEYS_KEPT = 4; // of each sender: what is still on its way may be sealed with the one before
const EARLY_BOXES_MAX = 256;
const MET_MAX = 4_096; // in one stay: far more than anybody meets, and nobody is forgotten for another
const ASK_AGAIN_MS = 2_000;
const KEY_BYTES = 16;
const NONCE_BYTES = 12;
const CODE_ITERATIONS = 600_000;
const CODE_GROUPS = 5;

const text = new TextEncoder();

/** Whether this browser can seal what it sends. */
export function canSeal() {
  return typeof RTCRtpScriptTransform !== "undefined" && globalThis.crypto?.subtle !== undefined;
}

/** @param {Options} options */
export function createKeys({ session, person, able, required = false, send, order, changed, rotateMs = ROTATE_MS }) {
  /** @type {CryptoKeyPair | null} */
  let pair = null;
  /** Our public key as text; it names this browser among the members. */
  let own = "";
  let sender = "";
  /** @type {Member[]} */
  let members = [];
  /** @type {Map<string, Other>} by public key */
  let others = new Map();
  /** The last box of everybody ever met, by public key: who is back does not send the old ones again. @type {Map<string, number>} */
  let serials = new Map();
  /** @type {MediaKey | null} */
  let current = null;
  /** @type {MediaKey | null} */
  let next = null;
  let lastId = -1;
  let serial = 0;
  let ownTurn = 0;
  /** Boxes that came before their sender was known. @type {Map<string, string>} */
  const early = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let rotation;
  let askedAt = -Infinity;
  let inRoom = false;
  /** Everything here waits for cryptography: one thing at a time. @type {Promise<unknown>} */
  let turn = Promise.resolve();

  /** @template T @param {() => T | Promise<T>} step @returns {Promise<T>} */
  function inTurn(step) {
    const result = turn.then(step);
    turn = result.catch((error) => console.error("keys:", error));
    return result;
  }

  // ---------------------------------------------------------------- what the server says

  async function announce() {
    if (!able) return send({ type: "announce_key", key: null });
    if (pair === null) {
      pair = /** @type {CryptoKeyPair} */ (
        await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"])
      );
      const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
      own = toText(raw);
      sender = await senderOf(raw);
    }
    send({ type: "announce_key", key: own });
  }

  /** @param {Member[]} told */
  async function ring(told) {
    members = told;
    if (pair === null || !told.some((member) => member.key === own)) return tell();
    const able = told.filter((member) => member.key !== null && member.key !== own);
    const here = new Set(able.map((member) => /** @type {string} */ (member.key)));
    const left = [...others.keys()].filter((key) => !here.has(key));
    for (const key of left) others.delete(key);
    const came = able.filter((member) => !others.has(/** @type {string} */ (member.key)));
    for (const member of came) await meet(member);
    const back = able.filter((member) => member.turn !== others.get(/** @type {string} */ (member.key))?.turn);
    for (const member of back) /** @type {Other} */ (others.get(/** @type {string} */ (member.key))).turn = member.turn;

    // A key that waits to be used may be shared with who comes meanwhile, but not be left with who goes.
    if (current === null) current = await freshKey();
    else if (left.length || (came.length && next === null)) {
      next = await freshKey();
      clearTimeout(rotation);
      rotation = setTimeout(() => inTurn(useNext), rotateMs);
    }
    const mine = /** @type {Member} */ (told.find((member) => member.key === own));
    // After a loss of the line nobody knows which boxes arrived.
    await give(left.length || came.length || mine.turn !== ownTurn ? able : back);
    ownTurn = mine.turn;
    for (const [from, box] of [...early]) if (told.some((member) => member.member === from)) await take(from, box);
    tell();
  }

  /** A member we have not met: agree on how boxes are locked between us. @param {Member} member */
  async function meet({ person: theirs, key, turn }) {
    const raw = fromText(/** @type {string} */ (key));
    if (!serials.has(/** @type {string} */ (key)) && serials.size >= MET_MAX) return;
    let secret;
    try {
      const theirKey = await crypto.subtle.importKey("raw", raw, { name: "ECDH", namedCurve: "P-256" }, false, []);
      const { privateKey } = /** @type {CryptoKeyPair} */ (pair);
      const bits = await crypto.subtle.deriveBits({ name: "ECDH", public: theirKey }, privateKey, 256);
      secret = await crypto.subtle.importKey("raw", bits, "HKDF", false, ["deriveKey"]);
    } catch {
      return; // not a key: its owner opens nothing and is not heard
    }
    const boxKey = (/** @type {string[]} */ ...parties) => crypto.subtle.deriveKey(
      { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: text.encode(["milieu box 1", session, ...parties].join("\n")) },
      /** @type {CryptoKey} */ (secret), { name: "AES-GCM", length: 128 }, false, ["encrypt", "decrypt"]);
    others.set(/** @type {string} */ (key), {
      toThem: await boxKey(person, own, theirs, /** @type {string} */ (key)),
      fromThem: await boxKey(theirs, /** @type {string} */ (key), person, own),
      sender: await senderOf(raw), turn, keys: new Map(),
    });
    serials.set(/** @type {string} */ (key), serials.get(/** @type {string} */ (key)) ?? 0);
  }

  // ---------------------------------------------------------------- our own media keys

  async function freshKey() {
    const raw = crypto.getRandomValues(new Uint8Array(KEY_BYTES));
    lastId = (lastId + 1) % 256;
    return { id: lastId, raw, key: await mediaKey(raw), given: new Set() };
  }

  function useNext() {
    if (next === null) return;
    current = next;
    next = null;
    tell();
  }

  /** Lock the keys we seal with for these members: the newest for all, the one before for those who had it already. */
  async function give(/** @type {Member[]} */ receivers) {
    /** @type {Record<string, string>} */
    const boxes = {};
    const newest = /** @type {MediaKey} */ (next ?? current);
    for (const member of receivers) {
      const other = others.get(/** @type {string} */ (member.key));
      if (other === undefined) continue;
      const public_ = /** @type {string} */ (member.key);
      newest.given.add(public_);
      const theirs = [current, next].filter((key) => key !== null && key.given.has(public_));
      boxes[member.member] = await lock(other, /** @type {MediaKey[]} */ (theirs));
    }
    if (Object.keys(boxes).length) send({ type: "seal_keys", boxes });
  }

  /** @param {Other} other @param {MediaKey[]} keys */
  async function lock(other, keys) {
    serial += 1;
    const inside = new Uint8Array(4 + keys.length * (1 + KEY_BYTES));
    new DataView(inside.buffer).setUint32(0, serial);
    keys.forEach(({ id, raw }, index) => inside.set([id, ...raw], 4 + index * (1 + KEY_BYTES)));
    const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, other.toThem, inside));
    return toText(new Uint8Array([...iv, ...sealed]));
  }

  // ---------------------------------------------------------------- theirs

  /** @param {string} from the member's connection @param {string} box */
  async function take(from, box) {
    const key = members.find((member) => member.member === from)?.key;
    const other = key ? others.get(key) : undefined;
    if (other === undefined || !key) {
      if (early.size < EARLY_BOXES_MAX) early.set(from, box);
      return;
    }
    early.delete(from);
    const bytes = fromText(box);
    let inside;
    try {
      const algorithm = { name: "AES-GCM", iv: bytes.subarray(0, NONCE_BYTES) };
      inside = new Uint8Array(await crypto.subtle.decrypt(algorithm, other.fromThem, bytes.subarray(NONCE_BYTES)));
    } catch {
      return; // not from them, or not for us
    }
    const number = inside.length < 4 ? 0 : new DataView(inside.buffer).getUint32(0);
    if (number <= (serials.get(key) ?? 0) || (inside.length - 4) % (1 + KEY_BYTES)) return; // an old box, played again
    serials.set(key, number);
    for (let at = 4; at < inside.length; at += 1 + KEY_BYTES) {
      other.keys.delete(inside[at]);
      other.keys.set(inside[at], await mediaKey(inside.slice(at + 1, at + 1 + KEY_BYTES)));
    }
    while (other.keys.size > KEYS_KEPT) other.keys.delete(/** @type {number} */ (other.keys.keys().next().value));
    tell();
  }

  // ---------------------------------------------------------------- what follows

  function mode() {
    if (!able) return required ? "closed" : "clear";
    if (own === "" || !members.some((member) => member.key === own)) return "closed";
    return required || members.every((member) => member.key !== null) ? "sealed" : "clear";
  }

  function tell() {
    if (!inRoom) return;
    const keys = [...others.values()].flatMap(({ sender, keys }) => [...keys].map(([id, key]) => ({ id, sender, key })));
    order({ mode: mode(), own: current && { id: current.id, sender, key: current.key }, keys });
    changed();
  }

  return {
    /** We are in the room, or the line is new: show our key (again). */
    announce() {
      inRoom = true;
      if (!able) tell();
      return inTurn(announce);
    },

    /** @param {Member[]} told */
    ring: (told) => inTurn(() => inRoom ? ring(told) : undefined),

    /** @param {string} from @param {string} box */
    take: (from, box) => inTurn(() => inRoom ? take(from, box) : undefined),

    /** A frame came that no key of ours opens: perhaps a box was lost on its way. Ask for all of them again. */
    missing() {
      const now = performance.now();
      if (!inRoom || now - askedAt < ASK_AGAIN_MS) return;
      askedAt = now;
      void inTurn(announce);
    },

    /** Out of the room: forget everything. Who comes back comes with new keys. */
    leave() {
      inRoom = false;
      clearTimeout(rotation);
      order({ mode: "closed", own: null, keys: [] });
      void inTurn(() => {
        pair = current = next = null;
        own = "";
        members = [];
        others = new Map();
        serials = new Map();
        early.clear();
      });
    },

    get mode() {
      return mode();
    },

    /** Who takes part, and which of them cannot encrypt. */
    get members() {
      return members;
    },

    /**
     * The room's code: the same for everybody, unless somebody between them keeps keys of its own. Slow on purpose:
     * whoever wants to find keys with a wanted code must do this for each try.
     * @returns {Promise<string>} "1234 5678 9012 3456 7890"
     */
    async code() {
      const lines = members.map((member) => `${member.person} ${member.key}`).sort().join("\n");
      const basis = await crypto.subtle.importKey("raw", text.encode(lines), "PBKDF2", false, ["deriveBits"]);
      const salt = text.encode(`milieu code 1\n${session}`);
      const bits = await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", salt, iterations: CODE_ITERATIONS }, basis, 128);
      const number = new Uint8Array(bits).reduce((sum, byte) => sum * 256n + BigInt(byte), 0n) % 10n ** BigInt(4 * CODE_GROUPS);
      return (String(number).padStart(4 * CODE_GROUPS, "0").match(/.{4}/g) ?? []).join(" ");
    },
  };
}

/** @typedef {ReturnType<typeof createKeys>} Keys */

/** How frames name the browser that sealed them. @param {Uint8Array<ArrayBuffer>} publicKey */
async function senderOf(publicKey) {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", publicKey));
  return Array.from(hash.subarray(0, 4), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {Uint8Array<ArrayBuffer>} raw */
function mediaKey(raw) {
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** @param {Uint8Array} bytes */
function toText(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** @param {string} words @returns {Uint8Array<ArrayBuffer>} */
function fromText(words) {
  return Uint8Array.from(atob(words.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
}
