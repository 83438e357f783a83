/**
 * Views as a server would send them (server/wire/PROTOCOL.md §5), of plainly made-up people: for the gallery and for
 * tests of pages. Everything follows from the arguments and `now`.
 */

const MINUTE = 60_000;

/** What can have been done about a flag, as the domain words it. */
const DISPOSITIONS = [
  { disposition: "spoke_safe", text: "We spoke, and the person is safe for now" },
  { disposition: "safety_plan", text: "We made or went through the safety plan" },
  { disposition: "not_reached", text: "The person could not be reached" },
];

const NAMES = ["Fay Facilitator", "Robin Example", "Sam Sample", "Alexandria Montgomery-Featherstonehaugh de la Example", "Kim Pattern",
  "Jo Placeholder", "Ida Instance", "Max Mustermann", "Ñandú Ejemplo", "Lee Specimen", "Ada Archetype", "Bo", "Cy Template",
  "Dee Draft", "Eli Exhibit", "Noor Nominal"];

const SEGMENTS = [
  ["check-in", "check_in", "Check-in", 35, "How are you arriving today?\nFill in the short form. Then, one by one, say one word for your day."],
  ["process", "process", "Process group", 50, "One person at a time. Listen to the end. Speak from “I”."],
  ["break-1", "break", "Break", 10, ""],
  ["skills", "skills", "Skill: riding the wave", 50, "An urge rises, crests and falls, like a wave. Today we practise watching one without acting on it."],
  ["break-2", "break", "Break", 10, ""],
  ["practice", "practice", "Practice", 30, "In your own words: when could you use this tonight?"],
  ["wrap-up", "wrap_up", "Wrap-up", 15, "One thing you take with you."],
];

const CHECK_IN = {
  id: "check-in", title: "Check-in", intro: "How are you arriving today? There are no wrong answers. Your facilitators read this; the group sees only what you choose to share.",
  questions: [
    q("mood", "scale", "How is your mood right now?", { low_label: "Very low", high_label: "Very good", required: true, shareable: true }),
    q("urge", "scale", "How strong is the urge to hurt yourself?", { hint: "From 1 up, a facilitator will talk with you today, in private.", low_label: "No urge", high_label: "Very strong", required: true }),
    q("safe", "yes_no", "Are you safe right now?", { hint: "If not, a facilitator is told at once and will talk with you.", required: true }),
    q("sleep", "number", "How many hours did you sleep last night?", { low: 0, high: 24 }),
    q("medication", "choice", "Did you take your medication as planned?", { choices: [{ value: "yes", label: "Yes" }, { value: "partly", label: "Partly" }, { value: "none", label: "I don't take any" }] }),
    q("goal", "text", "A goal for today", { hint: "Something small that you can do in this session.", shareable: true }),
  ],
};

const WRAP_UP = {
  id: "wrap-up", title: "Wrap-up", intro: "How are you leaving today? Your facilitators read this; the group sees only what you choose to share.",
  questions: [
    q("mood", "scale", "How is your mood now?", { low_label: "Very low", high_label: "Very good", required: true }),
    q("takeaway", "text", "One thing you take with you", { shareable: true }),
    q("safe", "yes_no", "Can you stay safe until next time?", { required: true }),
  ],
};

const PRACTICE = {
  skills: [{ id: "urge-surfing", title: "Ride the wave of an urge" }, { id: "check-the-facts", title: "Check the facts" }, { id: "breath-anchor", title: "The breath as an anchor" }],
  exercises: [
    { id: "paced-breathing", title: "Paced breathing", about: "We breathe at the same slow pace for three minutes.", minutes: 4, skills: ["breath-anchor"] },
    { id: "urge-wave", title: "The wave of an urge", about: "We watch an urge for four minutes and draw how strong it is.", minutes: 7, skills: ["urge-surfing"] },
    { id: "check-the-facts", title: "Check the facts", about: "You take one feeling and look at what you know for sure.", minutes: 10, skills: ["check-the-facts"] },
  ],
  today: { skill: "urge-surfing", focus: "A mild urge is best. Watch it crest and fall together.", revisit: "check-the-facts" },
  chosen: null, done: ["paced-breathing"], run: null,
};

const AGREED = ["What is said here stays here.", "We listen to the end.", "Passing is always fine."];
/** @type {Record<string, any>} */
const AGREEMENTS = {
  lobby: { version: 2, lines: AGREED, revision: 0, draft: null },
  agreeing: { version: 2, lines: AGREED, revision: 3, draft: { lines: [...AGREED, "We come on time, and say so when we cannot."], yes: 3, of: 7 } },
};

const QUESTIONS = [
  { id: "weather-inside", kind: "question", text: "If your mood were weather, what would it be right now?", teens: "" },
  { id: "small-good-thing", kind: "question", text: "What is one small thing that was good today, even if it was tiny?", teens: "" },
  { id: "todays-aim", kind: "check_in", text: "What is one small aim for you in this group today?", teens: "" },
];

/** @param {string} id @param {string} kind @param {string} label @param {object} [more] */
function q(id, kind, label, more = {}) {
  return { id, kind, label, hint: "", low: 0, high: 10, low_label: "", high_label: "", choices: [], required: false, shareable: false, ...more };
}

/**
 * @param {{people?: number, role?: string, state?: string, place?: string, now: number}} shape
 *   `state`: lobby, agreeing, glad, running, break, paused, over, ended, help, sent, flag, busy
 */
export function recordedView({ people = 8, role = "participant", state = "running", place = "room", now }) {
  const staff = role !== "participant";
  const me = staff ? "p-1" : "p-2";
  const at = { break: 2, lobby: -1, agreeing: 0, ended: 6 }[state] ?? 1;
  const phase = state === "lobby" ? "lobby" : state === "ended" ? "ended" : "running";
  const left = state === "over" ? -6 * MINUTE : state === "break" ? 4 * MINUTE + 32_000 : 12 * MINUTE + 20_000;
  const paused = state === "paused";
  const group = Array.from({ length: people }, (_, index) => person(index, { me, state, now, staff }));
  const view = {
    type: "view", version: 100, now,
    room: {
      session: "s-demo", title: "Tuesday evening group", starts_at: now + 6 * MINUTE, zone: "America/New_York", phase,
      agenda: {
        segments: SEGMENTS.map(([id, kind, title, minutes, card], index) => ({
          id, kind, title, card, planned_ms: Number(minutes) * MINUTE, spent_ms: index < at ? (Number(minutes) + (index ? 0 : 2)) * MINUTE : 0,
          state: phase === "ended" || index < at ? "done" : index === at ? "now" : state === "busy" && index === 4 ? "skipped" : "next",
        })),
        position: phase === "running" ? SEGMENTS[at][0] : null,
        entered_at: phase === "running" ? now - 38 * MINUTE : null,
        ends_at: phase === "running" && !paused ? now + left : null,
        left_ms: paused ? left : null, paused, next: phase === "running" ? (SEGMENTS[at + 1]?.[0] ?? null) : null,
        expected_end: phase === "running" ? now + 125 * MINUTE : null, ahead_ms: state === "over" || state === "busy" ? -6 * MINUTE : -2 * MINUTE,
      },
      people: phase === "ended" ? group.map((one, index) => ({ ...one, connected: index < 1 })) : group, elsewhere: [], small_room: null, breakouts: null, led: true,
      skill: null, exercise: null, round: null, weeks: [], agreement: AGREEMENTS[state] ?? AGREEMENTS.lobby,
      milestones: state === "glad" ? [{ person: "p-3", text: "Thirty days, one at a time.", glad: 4 }] : [], last_time: state === "sent" ? ["Check the facts"] : [],
      shared: state === "busy" ? [
        { person: "p-3", form: "check-in", question: "goal", label: "A goal for today", answer: "Listen before I answer" },
        { person: "p-5", form: "check-in", question: "mood", label: "How is your mood right now?", answer: "6 of 10" }] : [],
      chat: state === "lobby" ? [] : [
        message(11, now - 9 * MINUTE, 0, "everyone", "Welcome. Write here whenever speaking is hard."),
        message(12, now - 5 * MINUTE, 2, "everyone", "Thank you. My line is bad today, I will mostly listen."),
        message(13, now - 2 * MINUTE, 1, "everyone", "Same here, and that’s ok")],
    },
    you: {
      person: me, role, name: NAMES[staff ? 0 : 1], teen: false, place,
      microphone: !staff, camera: true, hand: state === "busy" && !staff ? 2 : null, shielded: false, lead: staff,
      minutes: { present_ms: 47 * MINUTE, counted_ms: 37 * MINUTE, running: phase === "running", since: now, counting: phase === "running" && state !== "break", target_ms: 180 * MINUTE, corrected_ms: 0 },
      still_here: state === "still" ? { asked_at: now - 20_000, until: now + 100_000 } : null,
      disputes: state === "disputed" ? [{ dispute: "dispute-1", person: me, name: NAMES[1], at: now - 8 * MINUTE, text: "I was there on my phone from 6:20 to 6:35.",
        answer: { accepted: true, text: "We saw you on your phone.", name: NAMES[0], at: now - 2 * MINUTE } }] : [],
      arrival: staff ? null : { name: NAMES[1], location: "12 Sample Street, Springfield VA", callback: "555 0100", others_present: "" },
      unmute_asked: state === "asked",
      forms: staff ? {} : {
        "check-in": { form: CHECK_IN, offered: true, status: state === "sent" || state === "help" ? "submitted" : "none",
          answers: state === "sent" || state === "help" ? { mood: 6, urge: 3, safe: state !== "help", goal: "Listen before I answer" } : {}, shared: state === "sent" ? ["goal"] : [] },
        "wrap-up": { form: WRAP_UP, offered: phase === "running" && at === 6, status: "none", answers: {}, shared: [] },
      },
      week: null,
      help: state === "help" ? "coming" : null,
      exercises: [], moved: "", called: null, turn: null, glad: [], measures: [], agreement: { agreed: false, proposals: state === "agreeing" ? [{ text: "No advice, unless asked.", taken: null }] : [] },
      chat: staff ? [] : [message(14, now - MINUTE, 1, "staff", "Could I stay with my camera off today?"), message(15, now - 30_000, 0, "p-2", "Of course.")],
    },
  };
  return staff ? { ...view, staff: staffPart(group, { state, now, phase }) } : view;
}

/** @param {number} index @param {any} shape */
function person(index, { me, state, now }) {
  const busy = state === "busy" || state === "flag";
  return {
    person: `p-${index + 1}`, name: NAMES[index], role: index === 0 ? "facilitator" : "participant",
    microphone: index % 3 !== 2, camera: index % 4 !== 3,
    hand: busy && index === 4 ? 1 : busy && `p-${index + 1}` === me && index ? 2 : null,
    reaction: busy && index === 2 ? { reaction: "with_you", at: now } : null,
    connected: !(busy && index === 6), shielded: busy && index === 7, lead: index === 0,
  };
}

/** @param {number} id @param {number} at @param {number} from @param {string} to @param {string} text */
function message(id, at, from, to, text) {
  return { id: String(id), at, person: `p-${from + 1}`, name: NAMES[from], to, text };
}

/** @param {any[]} group @param {any} shape */
function staffPart(group, { state, now, phase }) {
  const busy = state === "busy" || state === "flag";
  /** @param {any} one @param {string} place @param {object} [more] */
  const row = (one, place, more = {}) => ({
    person: one.person, name: one.name, role: one.role, teen: false, place, connected: one.connected ?? true,
    arrived_at: place === "expected" ? null : now - 50 * MINUTE, waiting_since: null, late_ms: 0,
    arrival: one.role === "participant" && place !== "expected" ? { location: "12 Sample Street, Springfield VA", callback: "+1 555 0100", private_space: true, others_present: "" } : null,
    minutes: { present_ms: 47 * MINUTE, counted_ms: 37 * MINUTE, running: phase === "running" && place === "room", since: now, counting: true, target_ms: 180 * MINUTE },
    left_how: null, left_at: null, shielded: one.shielded ?? false,
    told: null, missing_since: null, attempts: [],
    asked_until: null, unanswered_at: busy && one.person === "p-4" ? now - 3 * MINUTE : null,
    forms: one.role === "participant" ? { "check-in": Number(one.person.slice(2)) % 2 ? { status: "submitted", answers: { mood: 6, urge: 2, safe: true, goal: "Listen" } } : { status: "draft", answers: {} }, "wrap-up": { status: "none", answers: {} } } : {},
    measures: one.role !== "participant" ? [] : [{ id: "phq-9", short: "PHQ-9", status: "handed_in", result: { at: now - 30 * MINUTE, score: 12, score_max: 27, band: "moderate", open: [], before: { score: 18, at: now - 14 * 24 * 60 * MINUTE }, change: "lower", answers: [] } },
      { id: "gad-7", short: "GAD-7", status: "put_off", result: null }],
    ...more,
  });
  const others = busy || state === "lobby" ? [
    row({ person: "p-21", name: "Wren Waiting", role: "participant" }, "waiting", { waiting_since: now - 3 * MINUTE, late_ms: 12 * MINUTE }),
    row({ person: "p-22", name: "Toni Tardy", role: "participant" }, "waiting", { waiting_since: now - MINUTE, late_ms: 14 * MINUTE }),
    row({ person: "p-23", name: "Quinn Quick", role: "participant" }, "left", { left_how: "quick_exit", left_at: now - 4 * MINUTE }),
    row({ person: "p-24", name: "Nobody Yet", role: "participant" }, "expected", state === "lobby" ? {} : { missing_since: now - 12 * MINUTE,
      attempts: [{ whom: "self", outcome: "no_answer", by: "p-1", name: NAMES[0], at: now - 10 * MINUTE }] }),
    row({ person: "p-25", name: "Tam Toldahead", role: "participant" }, "expected", { told: { name: "Gale Guardian", reason: "School", at: now - 26 * 60 * MINUTE } }),
  ] : [];
  return {
    people: [...group.map((one) => row(one, "room")), ...others],
    flags: state === "flag" ? [{ flag: "f-1", person: "p-5", name: NAMES[4], form: "check-in", at: now - MINUTE,
      questions: [{ label: "Are you safe right now?", answer: "No" }], disposition: null, text: "", by: null, disposed_at: null,
      location: "12 Sample Street, Springfield", state: "Virginia", callback: "+1 555 0100", contact_name: "Casey", contact_phone: "+1 555 0111", help: [], taken: null, steps: {}, screen: null, plan: {} }] : [],
    dispositions: DISPOSITIONS,
    safety: null,
    notes: Object.fromEntries([["group", { text: "Good energy. Theme: asking for help.", revision: 3 }],
      ...group.slice(1).map((one, index) => [one.person, { text: index ? "" : "Spoke first; linked urge to Sunday call.", revision: index ? 0 : 1 }])]),
    chat: [message(14, now - MINUTE, 1, "staff", "Could I stay with my camera off today?"), message(15, now - 30_000, 0, "p-2", "Of course.")],
    disputes: busy ? [{ dispute: "dispute-1", person: "p-3", name: NAMES[2], at: now - MINUTE, text: "I was there on my phone from 6:20 to 6:35.", answer: null, taken_back: null }] : [],
    undo: busy ? { move: "advance", to: "check-in", until: now + 5 * MINUTE } : null,
    advice: state === "over" || state === "busy" ? { over_ms: 6 * MINUTE, planned_ms: { skills: 46 * MINUTE, practice: 28 * MINUTE, "wrap-up": 15 * MINUTE } } : null,
    breakouts: { plan: null, rooms: [], main: group.filter((one) => one.role === "participant").map((one) => ({ person: one.person, fits: [], waits: false })), calls: [], apart: [["p-4", "p-5"]], group_max: 6 },
    practice: PRACTICE, proposals: state === "agreeing" ? [{ proposal: "proposal-2", person: "p-3", text: "No advice, unless somebody asks for it." }] : [], rounds: { line: [], outside: [], back_to: null, done: [], questions: QUESTIONS },
    seats: { taken: group.length, max: 16 },
  };
}
