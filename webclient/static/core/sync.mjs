/**
 * The server's clock as well as it can be known from here, kept by a local clock that never jumps. Pure: times go in.
 *
 * Every message with the server's time bounds the offset between both clocks: the server looked at its clock before
 * the message was here, and, where it answers a question, after that was asked. Each pair of bounds is kept for a
 * while, the tightest of all wins, and the middle between them is taken. What remains is half the difference between
 * the fastest way there and the fastest way back. Nothing that travels on these ways can tell that difference.
 */

const KEPT_MS = 60_000;
const SLICE_MS = 5_000;
const DRIFT = 1e-4; // two clocks of quartz drift apart by less: a tenth of a second in a quarter of an hour
const TICK_MS = 1; // the server tells whole milliseconds, rounded down

/** @param {() => number} local milliseconds, from anywhere on, never back */
export function createSync(local) {
  /** The tightest bounds of each slice of time. @type {{at: number, low: number, high: number}[]} */
  let slices = [];

  /** @param {number} at @param {number} low @param {number} high */
  function add(at, low, high) {
    slices = slices.filter((slice) => at - slice.at < KEPT_MS);
    const last = slices[slices.length - 1];
    if (last && at - last.at < SLICE_MS) {
      last.low = Math.max(last.low, low);
      last.high = Math.min(last.high, high);
    } else {
      slices.push({ at, low, high });
    }
    const { low: under, high: over } = bounds(at);
    if (under > over) slices = [{ at, low, high }]; // a clock jumped: what was known before is worth nothing
  }

  /** @param {number} at */
  function bounds(at) {
    let low = -Infinity;
    let high = Infinity;
    for (const slice of slices) {
      const drifted = (at - slice.at) * DRIFT;
      low = Math.max(low, slice.low - drifted);
      high = Math.min(high, slice.high + drifted);
    }
    return { low, high };
  }

  return {
    /** A message with the server's time has come. @param {number} serverNow */
    heard(serverNow) {
      const at = local();
      add(at, serverNow - at, Infinity);
    },
    /** The answer to a question that left at `asked`, by the local clock. @param {number} asked @param {number} serverNow */
    answered(asked, serverNow) {
      const at = local();
      add(at, serverNow - at, serverNow + TICK_MS - asked);
    },
    /** The server's time; before anything was heard, this computer's. */
    now() {
      const at = local();
      const { low, high } = bounds(at);
      if (low === -Infinity) return Date.now();
      return at + (high === Infinity ? low : (low + high) / 2);
    },
    /** How wrong `now` can be at most. */
    unsure() {
      const { low, high } = bounds(local());
      return (high - low) / 2;
    },
    forget() {
      slices = [];
    },
  };
}
