/**
 * The record page on a made-up evening, without a server: `/gallery/record?role=supervisor&format=dap#p-2`.
 *
 * `role`: facilitator (else), supervisor, observer. `format`: dap (else), text. What is typed, pressed and signed happens
 * in this tab alone.
 */

import { mount } from "/components/record/record.mjs";

const asked = new URLSearchParams(location.search);
const role = asked.get("role") ?? "facilitator";
const ZONE = "America/New_York";
const MINUTE = 60_000;
const START = Date.UTC(2026, 10, 17, 23, 0, 10);
const END = START + 200 * MINUTE;

/** What can have been done about a flag, as the domain words it. */
const DISPOSITIONS = [
  { disposition: "spoke_safe", text: "We spoke, and the person is safe for now" },
  { disposition: "safety_plan", text: "We made or went through the safety plan" },
  { disposition: "not_reached", text: "The person could not be reached" },
];

const SECTIONS = {
  text: [],
  dap: [
    { id: "data", title: "Data", hint: "What was seen and heard: words, behaviour, what the person took part in.", required: true },
    { id: "assessment", title: "Assessment", hint: "What it means for the goals: progress, what stands in the way.", required: true },
    { id: "plan", title: "Plan", hint: "What comes next: until the next group, and in treatment.", required: true },
  ],
};
const format = /** @type {keyof typeof SECTIONS} */ (asked.get("format") === "text" ? "text" : "dap");

const PARTS = /** @type {const} */ ([
  ["check-in", "Check-in", 35, true], ["process", "Process group", 51, true], ["break-1", "Break", 11, false], ["skills", "Skills", 51, true],
  ["break-2", "Break", 10, false], ["practice", "Practice", 28, true], ["wrap-up", "Wrap-up", 14, true],
]);
let at = START;
const segments = PARTS.map(([id, title, minutes, counts]) => {
  const span = [at, (at += minutes * MINUTE)];
  return { id, title, kind: id, counts, planned_ms: minutes * MINUTE, spent_ms: minutes * MINUTE, spans: [span] };
});

/** Stretches of time of somebody who was there in `intervals`. @param {number[][]} intervals */
function piecesOf(intervals) {
  const edges = [...new Set([START, END, ...segments.flatMap((one) => one.spans.flat()), ...intervals.flat()])].sort((one, other) => one - other);
  return edges.slice(1).map((end, index) => {
    const start = edges[index];
    const there = intervals.some(([from, to]) => from <= start && end <= to);
    const segment = segments.find((one) => one.spans.some(([from, to]) => from <= start && end <= to));
    return {
      start, end, segment: segment?.id, counts: segment?.counts ?? false, seen: there ? "connected" : "no", stands: there,
      began: { seq: 40 + index, text: there ? "Connected" : "Connection ended, last heard" }, ended: null,
    };
  });
}

/** @param {number} n @param {string} name @param {number[][]} intervals @param {any} more */
function person(n, name, intervals, more = {}) {
  const pieces = piecesOf(intervals);
  const sum = (/** @type {(one: any) => boolean} */ of) => pieces.filter(of).reduce((total, one) => total + one.end - one.start, 0);
  const counted = sum((one) => one.stands && one.counts);
  return {
    person: `p-${n}`, name, pieces, intervals,
    clock_ms: intervals.length ? intervals[intervals.length - 1][1] - intervals[0][0] : 0,
    present_ms: sum((one) => one.stands), counted_ms: counted, countable_min: Math.floor(counted / MINUTE),
    first: intervals[0]?.[0] ?? null, last: intervals[intervals.length - 1]?.[1] ?? null,
    late_ms: intervals.length ? intervals[0][0] - START : 0,
    left_early_ms: intervals.length ? END - intervals[intervals.length - 1][1] : 0,
    gap_credit_ms: 0, corrected_ms: 0, by_segment: {}, marks: [], prompts: [], disputes: [], corrections: [], posted: { counted_ms: counted, countable_min: Math.floor(counted / MINUTE), corrected_ms: 0, makes_up: null }, amendable: null, amendments: [],
    evidence: [{ seq: 41, at: intervals[0]?.[0] ?? START, text: "Connected" }],
    facts: [
      { label: "Date", value: "Tuesday 17 November 2026" },
      { label: "Led by", value: "Dr. Fay Facilitator (facilitator)" },
      ...(intervals.length ? [
        { label: "Attended", value: "18:00:10 – 21:20:10" },
        { label: "Check-in", value: `How is your mood right now? ${n}; How anxious or tense do you feel? ${10 - n}` },
      ] : [{ label: "Attended", value: "Did not attend" }]),
    ],
    note: { text: "", revision: 0, sections: Object.fromEntries(SECTIONS[format].map(({ id }) => [id, { text: "", revision: 0 }])) },
    goals: { known: [{ goal: "g-1", text: "Sleep seven hours on five nights a week" }, { goal: "g-2", text: "Say no once a day" }], addressed: [], revision: 0 },
    missing: SECTIONS[format].map(({ id }) => id), warnings: [], work: "not_started", overdue: false, due_at: END + 72 * 60 * MINUTE,
    signed: null, addenda: [], absence: null, makes_up: null, blocked: null,
    ...more,
  };
}

const WHOLE = [[START, END]];
const TEXTS = {
  data: "Named anger at a missed bus as the example and checked the facts with help.",
  assessment: "Sees the link between tiredness and anger; asks for help more easily than two weeks ago.",
  plan: "One walk before noon tomorrow. Text the sister instead of staying silent.",
};
const written = (/** @type {string[]} */ ...ids) => ({
  text: "", revision: 0,
  sections: Object.fromEntries(SECTIONS[format].map(({ id }) => [id, ids.includes(id) ? { text: TEXTS[/** @type {keyof TEXTS} */ (id)], revision: 1 } : { text: "", revision: 0 }])),
});
/** @param {any} more */
const signed = (more = {}) => ({
  by: "p-fay", name: "Dr. Fay Facilitator", at: END + 30 * MINUTE, hash: "5d35f7515e1a0c3b7d35f7515e1a0c3b",
  cosigned: null, returned: [],
  content: {
    format: 2, group_text: "The group practised opposite action with everyday examples.", skills: ["Opposite action"],
    goals: [{ goal: "g-1", text: "Sleep seven hours on five nights a week" }],
    note: { sections: SECTIONS.dap.map(({ id, title }) => ({ id, title, text: TEXTS[/** @type {keyof TEXTS} */ (id)] })) },
    facts: [{ label: "Attended", value: "18:00:10 – 21:20:10" }], figures: { countable_min: 179 },
  },
  ...more,
});

const cosign = asked.has("cosign") || role === "supervisor";
const record = {
  status: "ended", started_at: START, ended_at: END, plan: { title: "Adult evening group", version: "2026-01" },
  rules: { id: "exact-floor", version: "2026-01", title: "Exact minutes, breaks excluded" }, segments, gaps: [],
  facilitators: [{ person: "p-fay", name: "Dr. Fay Facilitator", role: "facilitator", location: "" }], head_count: 7,
  people: [
    person(1, "Robin", WHOLE, { signed: signed(), work: cosign ? "to_cosign" : "done", posted: { counted_ms: 0, countable_min: 172, corrected_ms: 0, makes_up: null }, amendable: "minutes" }),
    person(2, "Sam", [[START + 14 * MINUTE, END]], { note: written("data", "assessment", "plan"), missing: [], work: "to_sign",
      warnings: [{ code: "attendance", field: "data", text: "It says that Sam came on time, but Sam came 14 minutes late.", quote: "on time", person: null },
        { code: "no_goals", field: "goals", text: "No goal is chosen. Payers often ask which goal of the plan a session worked on.", quote: "", person: null }] }),
    person(3, "Alex", [[START, START + 51 * MINUTE], [START + 57 * MINUTE, END]], {
      disputes: [{ dispute: "d-1", person: "p-3", name: "Alex", at: END + 9 * MINUTE, text: "I was there the whole time, my screen had frozen but I could hear you all.", answer: null, taken_back: null }] }),
    person(4, "Jo", [[START, END - 21 * MINUTE]], { note: written("data"), missing: ["assessment", "plan"], work: "in_progress",
      corrected_ms: 6 * MINUTE, corrections: [
        { correction: "x-1", start: END - 21 * MINUTE, end: END - 15 * MINUTE, present: true, reason: "Was still on the phone with us.", dispute: null, by: "p-fay", name: "Dr. Fay Facilitator", at: END + 20 * MINUTE, after_signing: false, taken_back: null },
        { correction: "x-2", start: START, end: START + MINUTE, present: false, reason: "Somebody else sat there.", dispute: null, by: "p-fay", name: "Dr. Fay Facilitator", at: END + 20 * MINUTE, after_signing: false,
          taken_back: { by: "p-fay", name: "Dr. Fay Facilitator", at: END + 22 * MINUTE, reason: "It was Jo." } }] }),
    person(5, "Kim", WHOLE, { overdue: true, due_at: END - 60 * MINUTE, prompts: [{ asked_at: START + 90 * MINUTE, until: START + 92 * MINUTE, answered_at: null, missed: true }] }),
    person(6, "Lee", WHOLE, { blocked: "open_flag" }),
    person(7, "Max", WHOLE, { signed: signed({ returned: [{ by: "p-sue", name: "Sue Supervisor", at: END + 90 * MINUTE, text: "Please say what the plan is for the weekend.", answered: false }] }), work: "returned" }),
    person(8, "Maria-Guadalupe Fictional-Placeholder de la Invención", [], { missing: [], work: "to_sign" }),
  ],
  group_note: { text: "The group practised opposite action with everyday examples. Members named one urge each, checked the facts and tried out a small opposite step in pairs.", revision: 1 },
  group_warnings: [{ code: "no_location", field: "group", text: "The note does not say yet where you led the group from.", quote: "", person: null }],
  programme: { id: "adult-iop", version: "2026-01", title: "Adult intensive outpatient program", part2: false, cosign },
  policy: ["Late is from 10 minutes after the start."],
  format: { id: format, title: format === "text" ? "Note" : "DAP", sections: SECTIONS[format] },
  skills: ["Opposite action"],
};

const view = {
  now: END + 100 * MINUTE,
  room: { title: "Tuesday evening group", zone: ZONE, starts_at: START, phase: "ended" },
  staff: { dispositions: DISPOSITIONS, flags: [{ flag: "f-1", person: "p-6", name: "Lee", at: START + 20 * MINUTE, disposition: null, location: "12 Sample Street", callback: "555 0100",
    questions: [{ label: "Are you safe right now?", answer: false }] }] },
  record,
};

/** What a server would make of it. @param {string} type @param {any} fields */
function happen(type, fields) {
  const one = /** @type {any} */ (record.people.find((each) => each.person === (fields.person ?? fields.subject)));
  switch (type) {
    case "edit_note": {
      const held = one?.note ?? record.group_note;
      Object.assign(held, { text: fields.text, revision: held.revision + 1 });
      break;
    }
    case "edit_section": {
      const held = one.note.sections[fields.section];
      Object.assign(held, { text: fields.text, revision: held.revision + 1 });
      one.missing = SECTIONS[format].map(({ id }) => id).filter((id) => !one.note.sections[id].text.trim());
      one.work = one.missing.length ? "in_progress" : "to_sign";
      break;
    }
    case "address_goals":
      Object.assign(one.goals, { addressed: fields.goals, revision: one.goals.revision + 1 });
      one.warnings = one.warnings.filter((/** @type {any} */ warning) => warning.code !== "no_goals");
      break;
    case "name_skills":
      record.skills = fields.skills;
      break;
    case "say_location":
      record.facilitators[0].location = fields.location;
      record.group_warnings = [];
      break;
    case "sign_note":
      if (!proven) throw { code: "prove_yourself", text: "Please show your PIN." };
      Object.assign(one, { signed: signed({ at: view.now }), work: cosign ? "to_cosign" : "done" });
      break;
    case "cosign_note":
      Object.assign(one.signed, { cosigned: { by: "p-sue", name: "Sue Supervisor", at: view.now, addenda: 0 } });
      one.work = "done";
      break;
    case "add_addendum":
      one.addenda = [...one.addenda, { by: "p-fay", name: "Dr. Fay Facilitator", at: view.now, text: fields.text }];
      break;
    case "explain_absence":
      one.absence = fields.kind === "none" ? null : { ...fields, by: "p-fay", name: "Dr. Fay Facilitator", at: view.now };
      break;
    default:
      throw { code: "not_here", text: "This page has no server behind it." };
  }
}

let proven = false;
let seq = 1;
const connection = /** @type {any} */ ({
  unsaved: () => null,
  dropDraft() {},
  flush() {},
  async send(/** @type {string} */ type, /** @type {any} */ fields) {
    happen(type, fields);
    page.update(view);
    return { seq: (seq += 1) };
  },
  draft(/** @type {string} */ key, /** @type {string} */ type, /** @type {() => any} */ fields) {
    fields();
    setTimeout(() => {
      happen(type, fields());
      page.drafted(key, { state: "saved", seq: (seq += 1), refusal: null });
      page.update(view);
    }, 300);
  },
});

/** The notebook's answers. @param {string} path @param {any} body */
function answer(path, body) {
  if (path.endsWith("/proof")) {
    proven = true;
    return { fresh_until: view.now + 5 * MINUTE };
  }
  if (path.includes("/goals/")) {
    record.people.forEach((one) => path.includes(one.person) && one.goals.known.push({ goal: `g-${(seq += 1)}`, text: body.text }));
    setTimeout(() => page.update(view), 50);
    return { goal: `g-${seq}` };
  }
  if (path.includes("/counselling/")) return { note: "n-1", revision: body.revision + 1, at: view.now };
  return {
    snippets: [{ name: "breathing", text: "We practised slow breathing together, four counts in and six counts out." }, { name: "walk", text: "One walk before noon." }],
    skills: ["Opposite action", "Check the facts", "Urge surfing"], counselling: [], proof: { chosen: asked.has("pin"), fresh_until: null, pin_chars_min: 6 },
  };
}
globalThis.fetch = ((real) => async (/** @type {any} */ url, /** @type {any} */ options) =>
  /^\/s\//.test(String(url)) ? Response.json(answer(String(url), options.body && JSON.parse(options.body))) : real(url, options))(globalThis.fetch);

const app = /** @type {HTMLElement} */ (document.getElementById("app"));
app.replaceChildren();
const page = mount(app, { boot: { session: "s-gallery", person: "p-fay", role, home: "/home" }, connection });
page.update(view);
