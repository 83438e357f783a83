/**
 * Attendance as a thin bar over the agenda's segments: what was seen, what was put right by hand, when somebody was asked
 * whether they are still here. The picture repeats what the words beside it say; the gaps can be tapped in it, and are
 * buttons with words below it.
 */

import { html, nothing, svg } from "/vendor/lit-html/lit-html.js";
import { t } from "/static/core/words.mjs";

/**
 * @typedef {[number, number]} Interval  [start, end) in ms since 1970
 * @typedef {{kind: "late" | "away" | "early" | "server", from: number, to: number}} Gap
 * @typedef {{start: number, end: number, seen: "connected" | "server_gap" | "no", stands: boolean}} Piece  as in the record view
 * @typedef {{asked_at: number, answered_at: number | null, missed: boolean}} Prompt
 */

const LETTER_PX = 7; // of a segment's name, about
const SHORTEST_MS = 1000; // below this nobody calls it a gap
const KINDS = { connected: t("seen"), server_gap: t("server gap, counted"), added: t("added by hand"), taken: t("taken out by hand") };

/** What a piece is drawn as. @param {Piece} piece @returns {keyof typeof KINDS} */
function kindOf(piece) {
  if (!piece.stands) return "taken";
  return piece.seen === "no" ? "added" : piece.seen;
}

/** When somebody was there, by what was seen and what was put right by hand. @param {Piece[]} pieces @returns {Interval[]} */
export function there(pieces) {
  /** @type {Interval[]} */
  const found = [];
  for (const piece of pieces) {
    if (!piece.stands || piece.seen === "server_gap") continue;
    const last = found[found.length - 1];
    if (last && last[1] === piece.start) last[1] = piece.end;
    else found.push([piece.start, piece.end]);
  }
  return found;
}

/**
 * When a person was not there though the session ran: before they came, in between, after they left.
 * A gap that lies in a time without a server is the server's, not theirs.
 * @param {{started_at: number | null, ended_at: number | null, gaps: Interval[]}} record
 * @param {{pieces: Piece[], late_ms: number, left_early_ms: number}} person
 * @returns {Gap[]} in the order of time
 */
export function gapsOf(record, person) {
  const intervals = there(person.pieces);
  if (!intervals.length) return [];
  /** @type {Gap[]} */
  const found = [];
  const first = intervals[0][0];
  const last = intervals[intervals.length - 1][1];
  if (record.started_at !== null && person.late_ms > 0) found.push({ kind: "late", from: record.started_at, to: first });
  for (let index = 1; index < intervals.length; index += 1) {
    const [from, to] = [intervals[index - 1][1], intervals[index][0]];
    const server = record.gaps.some((gap) => gap[0] < to && from < gap[1]);
    found.push({ kind: server ? "server" : "away", from, to });
  }
  if (record.ended_at !== null && person.left_early_ms > 0) found.push({ kind: "early", from: last, to: record.ended_at });
  return found.filter((gap) => gap.to - gap.from >= SHORTEST_MS);
}

/**
 * @param {object} given
 * @param {{title: string, kind: string, counts: boolean, spans: Interval[]}[]} given.segments
 * @param {Piece[]} given.pieces
 * @param {Prompt[]} [given.prompts]
 * @param {Gap[]} given.gaps
 * @param {Interval[]} given.outages  times without a server
 * @param {Interval} given.range  what the bar covers
 * @param {number} given.width  about how wide it is shown, px: names that do not fit are left to the table
 * @param {string} given.label  the bar in words
 * @param {(instant: number) => string} given.timeOf
 * @param {(gap: Gap) => void} [given.onGap]
 */
export function timeline({ segments, pieces, prompts = [], gaps, outages, range, width: room, label, timeOf, onGap }) {
  const drawn = pieces.filter((piece) => piece.stands || piece.seen !== "no");
  const [from, to] = range;
  const length = Math.max(1, to - from);
  /** @param {number} instant share of the bar, in percent */
  const at = (instant) => ((Math.min(Math.max(instant, from), to) - from) / length) * 100;
  /** @param {Interval} interval */
  const place = ([start, end]) => ({ x: `${at(start).toFixed(3)}%`, width: `${Math.max(0, at(end) - at(start)).toFixed(3)}%` });

  return html`<figure class="timeline">
    <svg class="timeline-bar" role="img" aria-label=${label} width="100%" height="52">
      <defs>
        <pattern id="timeline-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <line x1="0" y1="0" x2="0" y2="6" class="timeline-hatch"></line>
        </pattern>
      </defs>
      ${segments.flatMap((segment) =>
        segment.spans.map((span) => {
          const { x, width } = place(span);
          return svg`<svg x=${x} y="0" width=${width} height="22">
            <title>${segment.title}</title>
            <rect class="timeline-segment" data-counts=${String(segment.counts)} width="100%" height="22"></rect>
            <line class="timeline-edge" x1="0" x2="0" y1="0" y2="22"></line>
            ${(parseFloat(width) / 100) * room > LETTER_PX * segment.title.length + 12 ? svg`<text class="timeline-name" x="6" y="16">${segment.title}</text>` : nothing}
          </svg>`;
        }),
      )}
      <rect class="timeline-track" y="28" width="100%" height="18" rx="4"></rect>
      ${outages.map((outage) => {
        const { x, width } = place(outage);
        return svg`<rect class="timeline-outage" x=${x} y="26" width=${width} height="22" fill="url(#timeline-hatch)"><title>${t("The server was away")}</title></rect>`;
      })}
      ${drawn.map((piece) => {
        const { x, width } = place([piece.start, piece.end]);
        return svg`<rect class="timeline-present" data-kind=${kindOf(piece)} x=${x} y="28" width=${width} height="18"></rect>`;
      })}
      ${gaps.map((gap) => {
        const { x, width } = place([gap.from, gap.to]);
        return svg`<rect class="timeline-gap" data-kind=${gap.kind} x=${x} y="28" width=${width} height="18" rx="2"
          @click=${() => onGap?.(gap)}></rect>`;
      })}
      ${prompts.map((prompt) => svg`<svg x=${`${at(prompt.asked_at).toFixed(3)}%`} y="24" width="1" height="26" overflow="visible">
        <title>${promptWords(prompt, timeOf)}</title>
        <path class="timeline-prompt" data-missed=${String(prompt.missed)} d="M0 4 l-5 -6 h10 z M0 4 v22"></path>
      </svg>`)}
    </svg>
    <figcaption class="timeline-ends figures"><span>${timeOf(from)}</span><span>${timeOf(to)}</span></figcaption>
    ${legend(drawn, prompts)}
  </figure>`;
}

/** @param {Prompt} prompt @param {(instant: number) => string} timeOf */
function promptWords({ asked_at, answered_at, missed }, timeOf) {
  const time = timeOf(asked_at);
  if (answered_at === null) return t("Asked at {time} whether they were still there: no answer", { time });
  const times = { time, answered: timeOf(answered_at) };
  return missed
    ? t("Asked at {time} whether they were still there: answered at {answered}, late", times)
    : t("Asked at {time} whether they were still there: answered at {answered}", times);
}

/** Only what explains itself less than a plain bar does. @param {Piece[]} pieces @param {Prompt[]} prompts */
function legend(pieces, prompts) {
  const kinds = [...new Set(pieces.map(kindOf))].filter((kind) => kind !== "connected");
  if (!kinds.length && !prompts.length) return nothing;
  return html`<ul class="plain timeline-legend">
    ${kinds.map((kind) => html`<li><svg width="12" height="12" aria-hidden="true"><rect class="timeline-present" data-kind=${kind} width="12" height="12" rx="2"></rect></svg> ${KINDS[kind]}</li>`)}
    ${prompts.length ? html`<li><svg width="12" height="12" aria-hidden="true"><path class="timeline-prompt" data-missed="false" d="M6 6 l-5 -6 h10 z M6 6 v6"></path></svg> ${t("asked whether still there")}</li>` : nothing}
  </ul>`;
}
