/**
 * What waited while a worker stood still, and is of no use to anybody any more. A browser freezes pages that nobody looks
 * at, as phones do, and their workers with them; microphone and camera may go on, and their last frames wait. Sent after
 * all, old sound would be heard, and pictures that all seem too early later: browsers then show nothing for seconds.
 *
 * No clock of its own, and no timers: `look` is to be called several times a second.
 */

const STOOD_MS = 1_000; // not looked for so long: it stood still
const CATCH_UP_MS = 2_000; // what waited comes within this time of going on
const LATE_MS = 300;
const GOES_ON_MS = 1_000; // a stream of which nothing came for so long before was silent, and may begin anew
const TICKS_PER_MS = { audio: 48, video: 90 };
const WRAP = 2 ** 32;

/**
 * @param {object} parts
 * @param {() => number} parts.now in ms
 * @param {() => void} parts.stood told once for each time it stood still: pictures that build on lost ones are of no use
 */
export function createWatch({ now, stood }) {
  let lookedAt = now();
  /** From when to when it stood still last. @type {{since: number, until: number} | null} */
  let stop = null;

  function look() {
    const at = now();
    const since = lookedAt;
    lookedAt = at;
    if (at - since <= STOOD_MS) return;
    stop = { since, until: at };
    stood();
  }

  return {
    look,

    /** Whether a frame of this stream waited too long. @param {"audio" | "video"} kind */
    stream(kind) {
      /** Of each size of the picture, the last frame that did not. @type {Map<number, {at: number, timestamp: number}>} */
      const lasts = new Map();
      return (/** @type {any} */ frame) => {
        look();
        const at = now();
        const { synchronizationSource = 0, rtpTimestamp: timestamp = frame.timestamp } = frame.getMetadata();
        const last = lasts.get(synchronizationSource);
        if (last !== undefined && stop !== null && at - stop.until < CATCH_UP_MS && stop.since - last.at < GOES_ON_MS) {
          const moved = ((timestamp - last.timestamp + WRAP) % WRAP) / TICKS_PER_MS[kind];
          if (at - last.at - moved > LATE_MS) return true;
        }
        lasts.set(synchronizationSource, { at, timestamp });
        return false;
      };
    },
  };
}
