/** Where the group is in an exercise, and in a breath: pure, from the view and the server's clock alone. */

/**
 * Steps with seconds lead on by themselves, as the server counts them too.
 * @param {{step: number, starts: number | null, steps: any[]}} exercise @param {number} now by the server's clock
 * @returns {{index: number, since: number | null, left: number | null}} `index` −1: not begun; `left` ms of a timed step
 */
export function moment({ step, starts, steps }, now) {
  let index = step;
  let since = starts;
  while (since !== null && index >= 0 && index < steps.length - 1) {
    const over = since + steps[index].seconds * 1_000;
    if (!steps[index].seconds || now < over) break;
    index += 1;
    since = over;
  }
  const seconds = steps[index]?.seconds ?? 0;
  const left = since === null || !seconds ? null : Math.max(0, since + seconds * 1_000 - now);
  return { index, since, left };
}

/**
 * @param {{inhale_ms: number, hold_ms: number, exhale_ms: number, rest_ms: number}} beat
 * @param {number} since when the first breath begins @param {number} now
 * @returns {{phase: "ready" | "inhale" | "hold" | "exhale" | "rest", share: number, count: number, breath: number}}
 *   `share` 0…1 of the phase, `count` its seconds from 1, `breath` how many are done
 */
export function breathAt(beat, since, now) {
  if (now < since) return { phase: "ready", share: 0, count: Math.ceil((since - now) / 1_000), breath: 0 };
  const length = beat.inhale_ms + beat.hold_ms + beat.exhale_ms + beat.rest_ms;
  const breath = Math.floor((now - since) / length);
  let within = (now - since) % length;
  for (const phase of /** @type {const} */ (["inhale", "hold", "exhale", "rest"])) {
    const lasting = beat[`${phase}_ms`];
    if (within < lasting) return { phase, share: within / lasting, count: Math.floor(within / 1_000) + 1, breath };
    within -= lasting;
  }
  return { phase: "rest", share: 1, count: 1, breath };
}

/** How large the circle is, 0…1, easing in and out as a breath does. @param {{phase: string, share: number}} at */
export function fullness({ phase, share }) {
  const eased = (1 - Math.cos(Math.PI * share)) / 2;
  if (phase === "inhale") return eased;
  if (phase === "hold") return 1;
  return phase === "exhale" ? 1 - eased : 0;
}
