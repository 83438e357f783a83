/**
 * The facilitators' list of people: who waits, who is here (raised hands first, in their order), who is not. Each
 * row opens into arrival answers, the check-in, and what can be done for or about that person.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { waitingOf } from "/static/core/changes.mjs";
import { inMinutes, liveMinutes, roughly, shortly, wallTime } from "/static/core/clock.mjs";
import { icon } from "/static/core/icons.mjs";
import { listed, locale, t, told } from "/static/core/words.mjs";
import { hasPlace } from "/components/dialogs/place.mjs";
import { createWeeks } from "/components/week/week.mjs";
import { createMissing } from "./missing.mjs";
import { measureTalk, talkBars } from "./talk.mjs";

const LATE_WORTH_SAYING_MS = 60_000;
const QUIET_AFTER_MS = 5 * 60_000; // of talk by anybody: before that nobody is quiet
const HARDLY_MS = 10_000;

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, connection, media, ui, act } = context;
  const mayAct = boot.role === "facilitator" || boot.role === "cofacilitator";
  let view = /** @type {any} */ (null);
  /** @type {Set<string>} */
  const opened = new Set();
  /** Whose week is being read. @type {Set<string>} */
  const lookedAt = new Set();
  const missing = createMissing({ boot, act, redraw: draw });
  const weeks = createWeeks({ boot, redraw: draw });

  function draw() {
    if (!view?.staff) return;
    const now = connection.now();
    const inRoom = new Map(view.room.people.map((/** @type {any} */ one) => [one.person, one]));
    const here = view.staff.people
      .filter((/** @type {any} */ one) => one.place === "room")
      .sort((/** @type {any} */ a, /** @type {any} */ b) => (inRoom.get(a.person)?.hand ?? 99) - (inRoom.get(b.person)?.hand ?? 99));
    const waiting = waitingOf(view.staff);
    const elsewhere = view.staff.people.filter((/** @type {any} */ one) => !["room", "waiting"].includes(one.place));
    render(html`
      ${waiting.length ? html`<section class="people-part waiting" aria-labelledby="waiting-title">
        <div class="row apart"><h3 id="waiting-title">${t("Waiting ({n})", { n: waiting.length })}</h3>
          ${mayAct && waiting.length > 1 ? html`<button type="button" class="button primary" @click=${() => act.ask("admit_all")}>${t("Admit all")}</button>` : nothing}</div>
        <ul class="plain">${repeat(waiting, key, (one) => row(one, undefined, now))}</ul>
      </section>` : nothing}
      ${missing.part(view.staff.people, view.room.zone)}
      <section class="people-part" aria-labelledby="here-title">
        <div class="row apart"><h3 id="here-title">${t("In the room ({n})", { n: here.length })}</h3>
          <span class="soft small">${t("{n} of {all} seats", { n: view.staff.seats.taken, all: view.staff.seats.max })}</span></div>
        ${quiet(here)}
        ${mayAct ? talkBars(here, media.talk) : nothing}
        ${here.length ? html`<ul class="plain">${repeat(here, key, (one) => row(one, inRoom.get(one.person), now))}</ul>`
          : html`<p class="soft">${t("Nobody is in the room yet.")}</p>`}
      </section>
      ${elsewhere.length ? html`<section class="people-part" aria-labelledby="elsewhere-title">
        <h3 id="elsewhere-title">${t("Not here ({n})", { n: elsewhere.length })}</h3>
        <ul class="plain">${repeat(elsewhere, key, (one) => row(one, undefined, now))}</ul>
      </section>` : nothing}`, root);
    measureTalk(root);
  }

  /** Who has hardly been heard, once others have: a gentle word, for those who lead. @param {any[]} here */
  function quiet(here) {
    const spoken = here.map((one) => media.talk[one.person] ?? 0);
    if (spoken.reduce((sum, ms) => sum + ms, 0) < QUIET_AFTER_MS) return nothing;
    const unheard = here.filter((one) => one.role === "participant" && (media.talk[one.person] ?? 0) < HARDLY_MS).map((one) => one.name);
    if (!unheard.length || unheard.length > 4) return nothing;
    return html`<p class="soft small">${t("Not heard much yet: {names}", { names: listed(unheard) })}</p>`;
  }

  /** @param {any} one @param {any} seat its part in the room, when it has one @param {number} now */
  function row(one, seat, now) {
    const open = opened.has(one.person);
    const self = one.person === boot.person;
    return html`<li class="person ${open ? "open" : ""}">
      <div class="person-line">
        <button type="button" class="person-name" aria-expanded=${open ? "true" : "false"} aria-controls="person-${one.person}" @click=${() => toggle(one.person)}>
          ${icon(open ? "chevron-down" : "chevron-right")}
          <span class="grow"><span class="person-words">${one.name}${self ? t(" (you)") : ""}</span>${signs(one, seat, now)}</span>
        </button>
        ${one.place === "room" ? html`<span class="person-minutes figures" title=${t("Minutes counted so far")}>${shortly(liveMinutes(one.minutes, now).counted)}</span>` : nothing}
        ${quickAct(one, seat)}
      </div>
      ${open ? html`<div class="person-more stack tight" id="person-${one.person}">${details(one, seat, now)}</div>` : nothing}
    </li>`;
  }

  /** The one thing that is most often done. @param {any} one @param {any} seat */
  function quickAct(one, seat) {
    return html`${hasPlace(one) ? html`<button type="button" class="button quiet icon-only" aria-label=${t("Where {name} is", { name: one.name })} title=${t("Where {name} is", { name: one.name })}
      @click=${() => ui.set({ dialog: "place", about: { person: one.person, name: one.name } })}>${icon("map-pin")}</button>` : nothing}${mostOften(one, seat)}`;
  }

  /** @param {any} one @param {any} seat */
  function mostOften(one, seat) {
    if (!mayAct || one.person === boot.person) return nothing;
    if (one.place === "arriving" && one.door?.held.length && one.door.callback) {
      return html`<a class="button primary" href="tel:${one.door.callback.replace(/[^+\d]/g, "")}" aria-label=${t("Call {name}", { name: one.name })}>${icon("phone")} ${t("Call")}</a>`;
    }
    if (one.place === "waiting") {
      const isOnly = waitingOf(view.staff).length === 1; // else the main one is that for all
      return html`<button type="button" class="button ${isOnly ? "primary" : ""}" aria-label=${t("Admit {name}", { name: one.name })} @click=${() => act.ask("admit", { person: one.person })}>${t("Admit")}</button>`;
    }
    if (!seat) return nothing;
    return seat.microphone
      ? html`<button type="button" class="button quiet icon-only" aria-label=${t("Mute {name}", { name: one.name })} title=${t("Mute {name}", { name: one.name })} @click=${() => act.ask("mute_person", { person: one.person })}>${icon("mic")}</button>`
      : html`<button type="button" class="button quiet icon-only" aria-label=${t("Ask {name} to unmute", { name: one.name })} title=${t("Ask {name} to unmute", { name: one.name })} @click=${() => act.askToUnmute(one)}>${icon("mic-off")}</button>`;
  }

  /** @param {any} one @param {any} seat @param {number} now */
  function signs(one, seat, now) {
    const quality = media.qualities[one.person];
    const checkIn = Object.entries(one.forms ?? {}).filter(([, form]) => /** @type {any} */ (form).status !== "none");
    const latest = /** @type {any} */ (checkIn[checkIn.length - 1]?.[1]);
    const signs = [
      one.role !== "participant" ? html`<span class="chip">${ROLES[one.role] ?? one.role}</span>` : null,
      seat?.hand ? html`<span class="chip clay">${icon("hand")} ${t("Hand {n}", { n: seat.hand })}</span>` : null,
      roomWords(one),
      one.guest ? html`<span class="soft small">${t("a guest: no hours, no note")}</span>` : null,
      one.shielded ? html`<span class="chip clay">${icon("eye-off")} ${t("Someone walked in")}</span>` : null,
      one.place === "room" && !one.connected ? html`<span class="chip clay">${t("Dropped, seat kept")}</span>` : null,
      one.unanswered_at ? html`<span class="chip clay">${t("Did not answer at {clock}", { clock: wallTime(one.unanswered_at, view.room.zone) })}</span>` : null,
      one.asked_until ? html`<span class="soft small">${t("asked if still here")}</span>` : null,
      disputesOf(one).length ? html`<span class="chip clay">${t("Minutes not right?")}</span>` : null,
      one.place === "room" && one.connected && quality ? html`<span class="chip clay">${icon("wifi")} ${quality === "poor" ? t("Very weak line") : t("Weak line")}</span>` : null,
      one.place === "waiting" ? html`<span class="soft small">${t("waiting {time}", { time: roughly(now - one.waiting_since) })}${late(one)}${one.connected ? "" : t(", not connected now")}</span>` : null,
      one.place === "arriving" && one.door?.held.length ? html`<span class="chip clay">${HELD[one.door.held[one.door.held.length - 1]]}</span>` : null,
      one.place === "room" && one.door?.words.length ? html`<span class="chip clay">${t("Look at their place")}</span>` : null,
      one.place === "room" && seat && !seat.camera && one.role === "participant" && view.room.camera === "required" ? html`<span class="soft small">${t("camera off")}</span>` : null,
      one.place === "arriving" ? html`<span class="soft small">${one.connected ? t("at the door, answering") : t("was at the door")}</span>` : null,
      ...(one.revoked ?? []).map((/** @type {string} */ kind) => html`<span class="person-revoked soft small">${REVOKED[kind]}</span>`),
      one.told ? html`<span class="soft small">${t("told that they will not come")}</span>` : one.place === "expected" ? html`<span class="soft small">${t("not seen yet")}</span>` : null,
      one.place === "left" ? html`<span class="${["quick_exit", "consent"].includes(one.left_how) ? "chip clay" : "soft small"}">${LEFT[one.left_how] ?? t("Left")}${one.left_at ? ` ${t("at {clock}", { clock: wallTime(one.left_at, view.room.zone) })}` : ""}</span>` : null,
      one.place === "removed" ? html`<span class="soft small">${t("Removed")}</span>` : null,
      one.week_shown_at && one.place === "room" ? html`<span class="soft small">${t("shows their week")}</span>` : null,
      latest && one.place === "room" ? html`<span class="soft small">${latest.status !== "submitted" ? t("writing") : latest === one.forms["wrap-up"] ? t("Wrap-up sent") : t("Check-in sent")}</span>` : null,
    ].filter(Boolean);
    return signs.length ? html`<span class="person-signs">${signs}</span>` : nothing;
  }

  /** @param {any} one */
  function disputesOf(one) {
    return (view.staff.disputes ?? []).filter((/** @type {any} */ dispute) => dispute.person === one.person);
  }

  /** The side room somebody is in. @param {any} one */
  function sideOf(one) {
    return (view.staff.breakouts?.rooms ?? []).find((/** @type {any} */ each) => each.side && each.people.includes(one.person));
  }

  /** Where in the room, while not all are together. @param {any} one */
  function roomWords(one) {
    const room = (view.staff.breakouts?.rooms ?? []).find((/** @type {any} */ each) => each.people.includes(one.person) || each.visitors.includes(one.person));
    return room ? html`<span class="chip">${room.side ? t("Side room") : t("Room {n}", { n: room.number })}</span>` : null;
  }

  /** @param {any} told */
  function toldWords(told) {
    const words = t("told by {name}, {day} {clock}", { name: told.name, day: dayOf(told.at, view.room.zone), clock: wallTime(told.at, view.room.zone) });
    return told.reason ? `${words}: ${told.reason}` : words;
  }

  /** @param {any} one */
  function late(one) {
    return one.late_ms > LATE_WORTH_SAYING_MS ? t(", {time} late", { time: inMinutes(one.late_ms) }) : "";
  }

  /** @param {any} one @param {any} seat @param {number} now */
  function details(one, seat, now) {
    const { arrival } = one;
    const live = one.minutes ? liveMinutes(one.minutes, now) : null;
    return html`
      <dl class="person-facts">
        ${one.door?.words.length ? fact(t("At the door"), one.door.words.map(told).join(" ")) : nothing}
        ${arrival ? html`
          ${fact(t("Where today"), [arrival.location, arrival.state].filter(Boolean).join(", "))}
          ${fact(t("Call back"), arrival.callback ? html`<a href="tel:${arrival.callback.replace(/[^+\d]/g, "")}">${arrival.callback}</a>` : "")}
          ${fact(t("Someone near"), [arrival.contact_name, arrival.contact_phone].filter(Boolean).join(", "))}
          ${fact(t("Private space"), arrival.private_space ? t("Yes") : t("No"))}
          ${arrival.others_present ? fact(t("Others there"), arrival.others_present) : nothing}` : nothing}
        ${one.told ? fact(t("Will not come"), toldWords(one.told)) : nothing}
        ${one.arrived_at ? fact(t("Arrived"), `${wallTime(one.arrived_at, view.room.zone)}${late(one)}`) : nothing}
        ${one.place === "room" && media.talk[one.person] !== undefined ? fact(t("Spoke"), spokeWords(media.talk[one.person])) : nothing}
        ${live && (live.present || one.place === "room") ? fact(t("Minutes"), t("{present} here, {counted} counted", { present: inMinutes(live.present), counted: inMinutes(live.counted) })) : nothing}
      </dl>
      ${disputesOf(one).map((/** @type {any} */ dispute) => html`<section class="stack tight"><h4>${t("Says that the minutes are not right")}</h4>
        <p class="person-words">${dispute.text}</p>
        ${boot.record ? html`<p><a href=${boot.record} target="_blank" rel="noopener">${t("Look at it in the record")}</a></p>` : nothing}</section>`)}
      ${boot.week && one.week_shown_at ? html`<details class="stack tight" ?open=${lookedAt.has(one.person)} @toggle=${(/** @type {any} */ event) => look(one.person, event.target.open)}>
        <summary>${t("Their week, as they show it")}</summary>${lookedAt.has(one.person) ? weeks.part(one.person, one.week_shown_at, one.name) : nothing}</details>` : nothing}
      ${Object.entries(one.forms ?? {}).map(([id, form]) => formFacts(id, /** @type {any} */ (form)))}
      ${measureFacts(one.measures ?? [])}
      ${mayAct && one.person !== boot.person ? actions(one, seat) : nothing}`;
  }

  /** What was handed in of the questionnaires that are due, as figures. @param {any[]} measures */
  function measureFacts(measures) {
    const known = measures.filter((each) => each.result || each.status !== "offered");
    if (!known.length) return nothing;
    return html`<section class="stack tight"><h4>${t("Measures")}</h4>
      <dl class="person-facts">${known.map((each) => fact(each.short, each.result ? [scoreWords(each.result), apart(each.result)].filter(Boolean).join("; ") : (HOW_FAR[each.status] ?? "")))}</dl></section>`;
  }

  /** @param {string} id @param {any} form */
  function formFacts(id, form) {
    if (form.status === "none") return nothing;
    const answers = Object.entries(form.answers).filter(([, value]) => value !== null && value !== "");
    const labels = view.staff.labels?.[id] ?? {};
    return html`<section class="stack tight"><h4>${title(id)}</h4>
      ${form.status === "draft" ? html`<p class="soft">${t("Still writing.")}</p>`
        : html`<dl class="person-facts">${answers.map(([question, value]) => fact(labels[question] ?? title(question), value === true ? t("Yes") : value === false ? t("No") : String(value)))}</dl>`}
    </section>`;
  }

  /** @param {any} one @param {any} seat */
  function actions(one, seat) {
    return html`<div class="row person-actions">
      ${seat ? html`
        ${seat.microphone
          ? html`<button type="button" class="button" @click=${() => act.ask("mute_person", { person: one.person })}>${t("Mute")}</button>`
          : html`<button type="button" class="button" @click=${() => act.askToUnmute(one)}>${t("Ask to unmute")}</button>`}
        ${seat.hand ? html`<button type="button" class="button" @click=${() => act.ask("lower_hand", { person: one.person })}>${t("Lower hand")}</button>` : nothing}` : nothing}
      ${one.role === "participant" && ["room", "waiting"].includes(one.place) ? html`<button type="button" class="button" @click=${() => ui.set({ panel: "chat", chatTo: one.person })}>${t("Write in private")}</button>` : nothing}
      ${one.place === "room" && one.role === "participant" && !sideOf(one) ? html`<button type="button" class="button" ?disabled=${!one.connected} @click=${() => act.ask("open_side_room", { person: one.person })}>${t("Talk apart")}</button>` : nothing}
      ${one.place === "room" && one.role === "participant" ? html`<button type="button" class="button" aria-pressed=${one.may_share ? "true" : "false"}
        @click=${() => act.ask("allow_sharing", { person: one.person, on: !one.may_share })}>${t("May show a screen")}</button>` : nothing}
      ${one.place === "room" && one.role === "participant" ? html`<button type="button" class="button" @click=${() => act.moveToWaiting(one)}>${t("To waiting room")}</button>` : nothing}
      ${["room", "waiting"].includes(one.place) && one.role === "participant" ? html`<button type="button" class="button" @click=${() => ui.set({ dialog: "remove", about: { person: one.person, name: one.name } })}>${t("Remove…")}</button>` : nothing}
    </div>`;
  }

  /** Read only when somebody opens it: each reading stands in the audit log. @param {string} person @param {boolean} on */
  function look(person, on) {
    if (on === lookedAt.has(person)) return;
    if (on) lookedAt.add(person);
    else lookedAt.delete(person);
    draw();
  }

  /** @param {string} person */
  function toggle(person) {
    if (!opened.delete(person)) opened.add(person);
    draw();
  }

  return {
    /** @param {any} next */
    update(next) {
      view = next;
      draw();
    },
    unmount: () => render(nothing, root),
  };
}

const HELD = /** @type {Record<string, string>} */ ({
  consent: t("Has to sign first"),
  guardian: t("A guardian has to sign"),
  place: t("Not licensed there"),
});
/** What it means that somebody took a consent back, and what to do. */
const REVOKED = /** @type {Record<string, string>} */ ({
  telehealth: t("Took back the yes to care by video: meetings by video stop for them. Call them, and look together for another way. Notes and hours go on as they are."),
  group: t("Took back the group agreement: groups stop for them. Call them. Talks of two go on, and so does everything else."),
  part2: t("Took back the yes to share Part 2 records: nothing more goes outside. Here in the room nothing changes, and nothing has to be said."),
});
const LEFT = /** @type {Record<string, string>} */ ({ consent: t("Took a consent back"), leave: t("Left"), quick_exit: t("Quick exit"), dropped: t("Dropped, did not come back") });
const HOW_FAR = /** @type {Record<string, string>} */ ({ begun: t("Still answering"), put_off: t("Not today") });
const ROLES = /** @type {Record<string, string>} */ ({ facilitator: t("Facilitator"), cofacilitator: t("Cofacilitator"), observer: t("Observer"), supervisor: t("Supervisor") });

/** @param {number} ms */
function spokeWords(ms) {
  return ms < HARDLY_MS ? t("hardly yet") : roughly(ms);
}

/** @param {number} instant @param {string} zone */
function dayOf(instant, zone) {
  return new Intl.DateTimeFormat(locale, { timeZone: zone, day: "numeric", month: "short" }).format(instant);
}

/** @param {any} one */
const key = (one) => one.person;

/** @param {string} id an id of data: "check-in" → "Check in" */
function title(id) {
  const words = id.replace(/[-_]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** @param {string} label @param {unknown} value */
function fact(label, value) {
  return value ? html`<div><dt>${label}</dt><dd>${value}</dd></div>` : nothing;
}

/** That a form had its words in another language than its page. @param {any} result */
const apart = (result) => (result.answered_in ? told(result.answered_in) : "");

/** A score as it stands in the record. @param {any} result */
function scoreWords(result) {
  if (result.score === null) return t("No score: some questions were left open");
  const score = t("{n} of {all}", { n: result.score, all: result.score_max });
  const band = result.band ? `${score}, ${result.band}` : score;
  if (!result.before) return band;
  return t("{score} (last time {before})", { score: band, before: result.before.score });
}
