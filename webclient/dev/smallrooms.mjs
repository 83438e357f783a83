/** Small rooms put into a recorded view: proposed, open, or oneself in one of them. */

/**
 * @param {any} view changed in place
 * @param {{state: string, now: number}} how `state`: of a participant "in", "side", "alone", "called", "soon", "late",
 *   "come", "asked", "away"; of who leads "plan", "open", "calls", "visit"
 */
export function withSmallRooms(view, { state, now }) {
  const { room, you } = view;
  const me = you.person;
  const people = room.people.filter((/** @type {any} */ one) => one.role === "participant").map((/** @type {any} */ one) => one.person);
  /** @type {string[][]} */
  const groups = [];
  for (let at = 0; at < people.length; at += 2) groups.push(people.slice(at, at + 2));
  const last = groups[groups.length - 1];
  if (groups.length > 1 && last.length === 1) groups[groups.length - 2].push(.../** @type {string[]} */ (groups.pop()));
  const left = { soon: 41_000, called: 58_000 }[state] ?? 6 * 60_000;
  if (!["plan", "side", "asked", "away"].includes(state)) {
    room.breakouts = { opened_at: now - 120_000, ends_at: now + left, called: state === "called" || state === "soon",
      task: "One of you rehearses the hard moment, the other listens. Then change over." };
  }
  const mine = state === "side" ? [me, "p-1"] : state === "alone" ? [me] : (groups.find((group) => group.includes(me)) ?? []);
  if (["in", "side", "alone", "called", "soon", "visit"].includes(state)) {
    const there = state === "visit" ? ["p-1", ...groups[1]] : mine;
    room.small_room = { room: "small-1", number: state === "visit" ? 2 : 1, side: state === "side", alone: state === "alone" };
    room.elsewhere = room.people.filter((/** @type {any} */ one) => !there.includes(one.person)).map((/** @type {any} */ one) => ({ person: one.person, name: one.name }));
    room.people = room.people.filter((/** @type {any} */ one) => there.includes(one.person));
    room.chat = [];
  }
  if (["open", "calls", "late", "come"].includes(state)) room.people = room.people.filter((/** @type {any} */ one) => one.role !== "participant" || one.person === me || one.person === people[0]);
  if (state === "late") you.moved = "gone";
  if (state === "come") you.moved = "late";
  if (state === "asked") you.called = { at: now, alone: true };
  if (state === "called") you.called = { at: now, alone: false };
  if (state === "away") room.led = false;
  const part = view.staff?.breakouts;
  if (!part) return view;
  if (state === "plan") {
    part.plan = { again: false, rooms: groups.map((group, index) => ({ people: group, problems: index === 1 ? ["apart"] : index === 2 ? ["again"] : [] })) };
    return view;
  }
  part.rooms = groups.map((group, index) => ({ room: `small-${index + 1}`, number: index + 1, side: null, people: group, visitors: state === "visit" && index === 1 ? ["p-1"] : [],
    alone_since: index === 2 ? now - 5_000 : null }));
  part.main = people.length > 6 ? [{ person: people[0], fits: ["small-2"], waits: state === "calls" }] : [];
  if (state === "calls") {
    part.calls = [{ person: people[1], at: now, alone: false, room: "small-1" }, { person: people[4], at: now, alone: true, room: null }];
    part.rooms.push({ room: "small-9", number: 1, side: people[3], people: [people[3]], visitors: ["p-2"], alone_since: null });
  }
  return view;
}
