/**
 * The record of a session, for whoever writes it up in the evening: left the people, right the note of the one chosen,
 * above it how the figures came about; signing is the last step downward, and leads to the next person.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { keyed } from "/vendor/lit-html/directives/keyed.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { icon } from "/static/core/icons.mjs";

import { gapsOf, timeline } from "../timeline/timeline.mjs";
import { figures, gapButtons, proof } from "./evidence.mjs";
import { flagCards } from "./flags.mjs";
import { createNotes } from "./notes.mjs";
import { dayOf, inMinutes, lasting, momentOf, statusOf, statusWords, timeOf, twinOf } from "./words.mjs";

const GROUP = "group";
const MAC = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");
const STATUS_ICONS = { signed: "check", blocked: "shield-alert", away: "minus", ready: "pen-line", to_write: "circle-dashed" };
const STATUS_TONES = { signed: "moss", blocked: "danger", away: "", ready: "accent", to_write: "" };

/**
 * @param {HTMLElement} root
 * @param {{boot: any, connection: import("/static/core/connection.mjs").Connection}} context
 * @returns {{update: (view: any) => void, drafted: (key: string, draft: any) => void, unsaved: () => boolean,
 *   unmount: () => void}}
 */
export function mount(root, { boot, connection }) {
  /** @type {any} */
  let view = null;
  /** @type {string | null} a person's id; null: nobody chosen yet, phones show the list */
  let chosen = idInAddress();
  /** What a figure or a gap opened into, for the person chosen. @type {import("./evidence.mjs").Question | null} */
  let question = null;
  let signing = false;
  /** @type {Map<string, string>} by person: why signing or adding was refused */
  const refusals = new Map();
  /** @type {Map<string, string>} by person: an addendum being typed */
  const addenda = new Map();
  let editingGroup = false;
  const notes = createNotes({ connection, onChange: draw });
  const mayWrite = boot.role !== "observer";

  // ------------------------------------------------------------------------ who is chosen

  /** @returns {any[]} */
  const people = () => view.record.people;
  const unsigned = () => people().filter((person) => !person.signed);
  /** @param {string | null} id */
  const personOf = (id) => people().find((person) => person.person === id) ?? null;
  /** @param {any} person */
  const status = (person) => statusOf(person, notes.of(person.person).text);
  /** @param {import("./words.mjs").Status} now */
  const wordsFor = (now) => statusWords(now, view.record.status === "open");
  const present = () => personOf(chosen) ?? unsigned().find((one) => status(one) !== "away") ?? unsigned()[0] ?? people()[0] ?? null;

  function idInAddress() {
    try {
      return decodeURIComponent(location.hash.slice(1)) || null;
    } catch {
      return null; // somebody's own hash
    }
  }

  /** @param {string | null} id @param {"note" | "title" | "list"} focus */
  function choose(id, focus) {
    if (id !== idInAddress()) history.pushState(null, "", id ? `#${encodeURIComponent(id)}` : location.pathname + location.search);
    chosen = id;
    question = null;
    editingGroup = false;
    draw();
    if (focus === "list") return;
    const note = focus === "note" ? root.querySelector(".record-own textarea") : null;
    const title = root.querySelector("#person-title");
    const target = /** @type {HTMLElement | null} */ (note ?? title);
    target?.focus({ preventScroll: true });
    (note ? root.querySelector("#person-writing") : root.querySelector("#person"))?.scrollIntoView({ block: note ? "nearest" : "start" });
  }

  /** @param {1 | -1} by */
  function step(by) {
    const all = people();
    const index = all.indexOf(present());
    const next = all[(index + by + all.length) % all.length];
    if (next) choose(next.person, "note");
  }

  // ------------------------------------------------------------------------ what the person does

  /** @param {any} person */
  async function sign(person) {
    if (signing || !canSign(person)) return;
    if (person.present_ms > 0 && !notes.of(person.person).text.trim()) {
      refusals.set(person.person, `Please write a few words about ${person.name} before you sign.`);
      draw();
      /** @type {HTMLElement | null} */ (root.querySelector(".record-own textarea"))?.focus();
      return;
    }
    signing = true;
    refusals.delete(person.person);
    draw();
    try {
      await Promise.all([notes.settled(GROUP), notes.settled(person.person)]);
      const [group, own] = [notes.of(GROUP), notes.of(person.person)];
      if (group.conflict || own.conflict) throw { text: "Two versions of a note are open. Choose one above, then sign." };
      if (group.trouble || own.trouble) throw { text: group.trouble || own.trouble };
      await connection.send("sign_note", { person: person.person, group_revision: group.base, person_revision: own.base });
      const left = unsigned().filter((one) => one.person !== person.person);
      signing = false;
      if (left.length) {
        const index = people().indexOf(personOf(person.person));
        choose((left.find((one) => people().indexOf(one) > index) ?? left[0]).person, wide() ? "note" : "title");
      } else choose(person.person, "title");
    } catch (refusal) {
      refusals.set(person.person, /** @type {{text?: string}} */ (refusal).text ?? "That did not work. Please try again.");
    }
    signing = false;
    draw();
  }

  /** @param {any} person */
  const canSign = (person) => mayWrite && !person.signed && !person.blocked && view.record.status !== "open";

  /** @param {SubmitEvent} event @param {any} person */
  async function addAddendum(event, person) {
    event.preventDefault();
    const text = (addenda.get(person.person) ?? "").trim();
    if (!text) return;
    refusals.delete(person.person);
    try {
      await connection.send("add_addendum", { person: person.person, text });
      addenda.delete(person.person);
    } catch (refusal) {
      refusals.set(person.person, /** @type {{text?: string}} */ (refusal).text ?? "That did not work. Please try again.");
    }
    draw();
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (!view || event.isComposing) return;
    if (event.altKey && !event.ctrlKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
      const person = present();
      if (!person || !canSign(person)) return;
      event.preventDefault();
      void sign(person);
    } else if (event.key === "Escape" && question) {
      question = null;
      draw();
    }
  }

  const onHash = () => {
    chosen = idInAddress();
    question = null;
    draw();
  };
  globalThis.addEventListener("keydown", onKey);
  globalThis.addEventListener("popstate", onHash);
  globalThis.addEventListener("resize", draw);

  // ------------------------------------------------------------------------ what is shown

  const header = () => {
    const { room, record } = view;
    const signed = people().length - unsigned().length;
    return html`<header class="record-header">
      <div>
        <p class="record-back"><a href=${boot.home ?? "/home"}>${icon("arrow-left")} Home</a></p>
        <h1>${room.title}</h1>
        <p class="soft figures">${dayOf(record.started_at ?? room.starts_at, room.zone)}${record.started_at
          ? `, ${timeOf(record.started_at, room.zone)} – ${record.ended_at ? timeOf(record.ended_at, room.zone) : "now"}`
          : ""} · ${record.head_count} ${record.head_count === 1 ? "person" : "people"} · ${record.plan.title}</p>
      </div>
      <div class="record-progress">
        <p><strong class="figures">${signed} of ${people().length}</strong> signed</p>
        <ol class="plain record-dots" aria-hidden="true">
          ${people().map((person) => html`<li data-status=${status(person)}></li>`)}
        </ol>
      </div>
    </header>`;
  };

  const banner = () => {
    const { record } = view;
    if (record.status === "open") {
      return html`<p class="notice plain">${icon("clock")}<span>The session is not over yet. You can write now; signing
        opens when it has ended. <a href=${`/s/${boot.session}${location.search}`}>Back to the room</a></span></p>`;
    }
    if (people().length && !unsigned().length) {
      return html`<p class="notice ok">${icon("check")}<span>All notes are signed and all hours are posted. Nothing is
        owed for this session.</span></p>`;
    }
    return nothing;
  };

  const list = () => html`<nav class="record-people" aria-label="People of this session">
    <ul class="plain">
      ${people().map((person) => {
        const now = status(person);
        return html`<li><a href=${`#${encodeURIComponent(person.person)}`} class="record-person"
          aria-current=${person === present() && (chosen || wide()) ? "true" : nothing}
          @click=${(/** @type {MouseEvent} */ event) => {
            if (event.ctrlKey || event.metaKey || event.shiftKey) return;
            event.preventDefault();
            choose(person.person, wide() ? "note" : "title");
          }}>
          <span class="record-person-name">${person.name}</span>
          <span class="record-person-minutes figures">${person.countable_min} min</span>
          <span class="record-person-status" data-status=${now}>${icon(STATUS_ICONS[now])} ${wordsFor(now)}</span>
        </a></li>`;
      })}
    </ul>
    ${people().length === 0
      ? html`<p class="soft">Nobody was expected in this session, so there is nothing to write.</p>`
      : nothing}
    <p class="record-keys soft small">
      <kbd>${MAC ? "⌥" : "Alt"}</kbd> <kbd>↓</kbd> next person<br>
      <kbd>${MAC ? "⌘" : "Ctrl"}</kbd> <kbd>Enter</kbd> sign and next</p>
    <details class="record-about">
      <summary>About this session</summary>
      ${about()}
    </details>
  </nav>`;

  const about = () => {
    const { record, room } = view;
    return html`<dl class="facts">
      ${record.facilitators.map((/** @type {any} */ one) => html`<div><dt>${one.role === "facilitator" ? "Facilitator" : "Co-facilitator"}</dt><dd>${one.name}</dd></div>`)}
      <div><dt>Plan</dt><dd>${record.plan.title}, version ${record.plan.version}</dd></div>
      <div><dt>Rule for hours</dt><dd>${record.rules.title} (${record.rules.id}, version ${record.rules.version})</dd></div>
      ${record.gaps.length
        ? html`<div><dt>Server away</dt><dd>${record.gaps.map((/** @type {[number, number]} */ [from, to]) =>
            html`<span class="figures">${timeOf(from, room.zone)}, ${lasting(to - from)}</span> `)}</dd></div>`
        : nothing}
    </dl>`;
  };

  /** @param {any} person */
  const detail = (person) => html`<article class="record-detail" id="person" aria-labelledby="person-title">
    <header class="record-detail-header">
      <a class="record-to-list" href="#" @click=${(/** @type {Event} */ event) => {
        event.preventDefault();
        choose(null, "list");
      }}>${icon("arrow-left")} All people</a>
      <div class="row apart">
        <div class="row">
          <h2 id="person-title" tabindex="-1">${person.name}</h2>
          <span class=${`chip ${STATUS_TONES[status(person)]}`}>${icon(STATUS_ICONS[status(person)])} ${wordsFor(status(person))}</span>
        </div>
        <div class="row record-steps">
          <button class="button quiet icon-only" type="button" aria-label="Person before" title="Person before (Alt ↑)" @click=${() => step(-1)}>${icon("chevron-up")}</button>
          <button class="button quiet icon-only" type="button" aria-label="Next person" title="Next person (Alt ↓)" @click=${() => step(1)}>${icon("chevron-down")}</button>
        </div>
      </div>
    </header>

    ${attendance(person)}
    ${flagCards({ view, person: person.person, connection, mayWrite })}
    ${person.signed ? signedNote(person) : writing(person)}
  </article>`;

  const barWidth = () => /** @type {HTMLElement | null} */ (root.querySelector(".record-detail"))?.clientWidth || (wide() ? 800 : 300);

  /** @param {any} person */
  const attendance = (person) => {
    const { record, room } = view;
    if (person.present_ms === 0) {
      return html`<p class="notice plain">${record.status === "open"
        ? `${person.name} is not in the group so far.`
        : `${person.name} was not in the group. No minutes are counted.`}</p>`;
    }
    const gaps = gapsOf(record, person);
    const from = Math.min(record.started_at ?? person.first, person.first ?? Infinity);
    const to = Math.max(record.ended_at ?? view.now, person.last ?? 0);
    /** @param {import("./evidence.mjs").Question} next */
    const ask = (next) => {
      question = question?.key === next.key ? null : next;
      draw();
    };
    return html`<section class="stack record-attendance" aria-label="Attendance">
      ${figures({ person, record, question, ask })}
      ${timeline({
        segments: record.segments,
        intervals: person.intervals,
        gaps,
        outages: record.gaps,
        range: [from, to],
        width: barWidth(),
        timeOf: (instant) => timeOf(instant, room.zone),
        label: `${person.name} was present ${lasting(person.present_ms)} between ${timeOf(from, room.zone)} and ${timeOf(to, room.zone)}, with ${gaps.length === 0 ? "no gap" : gaps.length === 1 ? "one gap" : `${gaps.length} gaps`}.`,
        onGap: (gap) => ask({ key: `gap-${gap.from}`, gap }),
      })}
      ${gapButtons({ gaps, zone: room.zone, question, ask })}
      ${question ? proof({ person, record, zone: room.zone, question, close: () => { question = null; draw(); } }) : nothing}
    </section>`;
  };

  /** What is the same for everyone who was there folds away, so that the eye meets this person. @param {any} person */
  const facts = (person) => {
    const others = people().filter((other) => other !== person && other.present_ms > 0);
    /** @param {any} fact */
    const common = (fact) =>
      others.length > 0 && others.every((other) => other.facts.some((/** @type {any} */ one) => one.label === fact.label && one.value === fact.value));
    const shared = person.facts.filter(common);
    const own = person.facts.filter((/** @type {any} */ fact) => !common(fact));
    return html`<section class="stack tight" aria-labelledby="facts-title">
      <h3 id="facts-title">Facts</h3>
      ${factList(own)}
      ${shared.length ? html`<details class="record-shared"><summary>${shared.length} more, the same for everyone</summary>${factList(shared)}</details>` : nothing}
    </section>`;
  };

  /** @param {{label: string, value: string}[]} list */
  const factList = (list) => html`<dl class="facts">${list.map((fact) => html`<div><dt>${fact.label}</dt><dd class="figures">${linesOf(fact.value)}</dd></div>`)}</dl>`;

  /** @param {any} person */
  const writing = (person) => html`<div class="record-desk">
    ${facts(person)}
    <div class="record-writing" id="person-writing">
      ${groupField()}
      <div class="record-own">${noteField({
        subject: person.person,
        id: `note-${person.person}`,
        label: `About ${person.name}`,
        hint: "What they did and said, how they responded, what comes next.",
        twin: twinOf(notes.of(person.person).text, people()
          .filter((other) => other.person !== person.person)
          .map((other) => ({ name: other.name, text: notes.of(other.person).text }))),
      })}</div>
      ${signBox(person)}
    </div>
  </div>`;

  const groupField = () => {
    const note = notes.of(GROUP);
    const open = editingGroup || !note.text.trim() || note.conflict || note.state === "saving" || note.state === "failed";
    if (open) editingGroup = true; // stays a field while it is being typed in
    if (open && mayWrite) {
      return noteField({ subject: GROUP, id: "note-group", label: "The group", hint: "Written once; part of everyone’s note.", twin: null });
    }
    return html`<section class="stack tight" aria-labelledby="group-title">
      <div class="row apart">
        <h3 id="group-title">The group <span class="soft record-light">part of everyone’s note</span></h3>
        ${mayWrite ? html`<button class="link" type="button" @click=${() => {
          editingGroup = true;
          draw();
          /** @type {HTMLElement | null} */ (root.querySelector("#note-group"))?.focus();
        }}>Edit</button>` : nothing}
      </div>
      <p class="record-text">${note.text || "Nothing was written about the group."}</p>
    </section>`;
  };

  /** @param {{subject: string, id: string, label: string, hint: string, twin: string | null}} field */
  const noteField = ({ subject, id, label, hint, twin }) => {
    const note = notes.of(subject);
    const words = { idle: "", saving: "Saving…", saved: "Saved", failed: "Not saved" }[note.state];
    return html`<div class="field">
      <div class="row apart">
        <label for=${id}><strong>${label}</strong></label>
        <span class="record-saved soft small" role="status">${note.conflict ? "Not saved: two versions" : words}</span>
      </div>
      <p class="hint" id=${`${id}-hint`}>${hint}</p>
      <textarea id=${id} class="record-textarea" maxlength="20000" ?readonly=${!mayWrite} aria-describedby=${`${id}-hint`}
        .value=${live(note.text)}
        @input=${(/** @type {InputEvent} */ event) => notes.type(subject, /** @type {HTMLTextAreaElement} */ (event.target).value)}></textarea>
      <p class="record-print record-text">${note.text}</p>
      ${note.trouble ? html`<p class="error" role="alert">${note.trouble} Your text is safe here; it is tried again when you type on.</p>` : nothing}
      ${note.conflict ? conflict(subject, note) : nothing}
      ${twin ? html`<p class="small soft">This reads almost the same as the note about ${twin}. Payers often refuse identical notes.</p>` : nothing}
    </div>`;
  };

  /** @param {string} subject @param {Readonly<import("./notes.mjs").Note>} note */
  const conflict = (subject, note) => html`<div class="notice" role="alert"><div class="stack tight grow">
    <p><strong>Someone else changed this note while you were typing.</strong> Both texts are safe: yours above, theirs here.</p>
    <p class="record-text record-theirs">${note.conflict?.text || "(They left it empty.)"}</p>
    <div class="row">
      <button class="button" type="button" @click=${() => notes.resolve(subject, "both")}>Keep both</button>
      <button class="button quiet" type="button" @click=${() => notes.resolve(subject, "mine")}>Keep mine</button>
      <button class="button quiet" type="button" @click=${() => notes.resolve(subject, "theirs")}>Take theirs</button>
    </div>
  </div></div>`;

  /** @param {any} person */
  const signBox = (person) => {
    const { record } = view;
    if (!mayWrite) return html`<p class="notice plain">You can read this note. A facilitator signs it.</p>`;
    const why = record.status === "open"
      ? "You can sign when the session has ended."
      : person.blocked
        ? `A safety answer of ${person.name} is still open. Say above what was done; then you can sign.`
        : null;
    return html`<section class="record-sign" aria-labelledby="sign-title">
      <h3 id="sign-title">Sign</h3>
      <p id="sign-means">Signing freezes this note: facts, group and personal text. ${person.present_ms > 0
        ? html`It posts <strong class="figures">${inMinutes(person.countable_min)}</strong> to ${person.name}’s hours, counted by
            rule ${record.rules.id}, version ${record.rules.version}.`
        : html`It says that ${person.name} did not attend; no minutes are counted.`}
        Afterwards you can add to the note, but not change it.</p>
      ${why ? html`<p class="soft">${why}</p>` : nothing}
      ${refusals.has(person.person) ? html`<p class="notice" role="alert">${refusals.get(person.person)}</p>` : nothing}
      <div class="row">
        <button class="button primary large" type="button" aria-describedby="sign-means" ?disabled=${why !== null || signing}
          @click=${() => sign(person)}>${icon("pen-line")} ${signing ? "Signing…" : "Sign and go on"}</button>
      </div>
    </section>`;
  };

  /** @param {any} person */
  const signedNote = (person) => {
    const { room } = view;
    const { signed, hours } = person;
    const content = signed.content ?? {};
    return html`<section class="record-sealed" aria-label="Signed note">
      <p class="record-seal">${icon("check")}<span><strong>Signed</strong> by ${signed.name}, <time>${momentOf(signed.at, room.zone)}</time><br>
        <span class="soft small">${hours
          ? html`<span class="figures">${inMinutes(hours.countable_min)}</span> posted to ${person.name}’s hours.`
          : html`<span class="figures">${inMinutes(content.figures?.countable_min ?? person.countable_min)}</span> go to ${person.name}’s hours.`}
          <a href=${`/statement/${encodeURIComponent(person.person)}${location.search}`}>See all hours</a>.
          Fingerprint <code title=${signed.hash}>${signed.hash.slice(0, 12)}</code></span></span></p>
      <section class="stack tight"><h3>Facts</h3>${factList(content.facts ?? person.facts)}</section>
      ${sealedText("The group", content.group_text)}
      ${sealedText(`About ${person.name}`, content.text)}
    </section>
    ${person.addenda.map((/** @type {any} */ one) => html`<section class="record-addendum">
      <h3>Addendum <span class="soft record-light">${one.name}, <time>${momentOf(one.at, room.zone)}</time></span></h3>
      <p class="record-text">${one.text}</p>
    </section>`)}
    ${mayWrite ? html`<details class="record-add">
      <summary>Add to this note</summary>
      <form class="stack" @submit=${(/** @type {SubmitEvent} */ event) => addAddendum(event, person)}>
        <div class="field">
          <label for="addendum">Addendum</label>
          <p class="hint" id="addendum-hint">Dated, with your name. The signed note stays as it is.</p>
          <textarea id="addendum" maxlength="20000" aria-describedby="addendum-hint" .value=${live(addenda.get(person.person) ?? "")}
            @input=${(/** @type {InputEvent} */ event) => addenda.set(person.person, /** @type {HTMLTextAreaElement} */ (event.target).value)}></textarea>
        </div>
        ${refusals.has(person.person) ? html`<p class="notice" role="alert">${refusals.get(person.person)}</p>` : nothing}
        <div class="row"><button class="button" type="submit">Add</button></div>
      </form>
    </details>` : nothing}`;
  };

  /** @param {string} title @param {string | undefined} text */
  const sealedText = (title, text) => html`<section class="stack tight">
    <h3>${title}</h3>
    <p class="record-text">${text?.trim() ? text : html`<span class="soft">Nothing was written.</span>`}</p>
  </section>`;

  function draw() {
    if (!view) return;
    const width = barWidth();
    drawNow();
    if (barWidth() !== width) drawNow(); // the first time nobody knows how wide the bar will be
  }

  function drawNow() {
    const person = present();
    render(
      html`<div class="record" data-chosen=${String(chosen !== null)}>
        ${header()} ${banner()}
        <div class="record-columns">
          ${list()}
          ${person ? keyed(person.person, detail(person)) : nothing}
        </div>
      </div>`,
      root,
    );
  }

  return {
    update(newView) {
      view = newView;
      notes.seen(GROUP, view.record.group_note);
      for (const person of view.record.people) notes.seen(person.person, person.note);
      draw();
    },
    drafted: notes.drafted,
    unsaved: notes.unsaved,
    unmount() {
      globalThis.removeEventListener("keydown", onKey);
      globalThis.removeEventListener("popstate", onHash);
      globalThis.removeEventListener("resize", draw);
      render(nothing, root);
    },
  };
}

/** Answers of a form come as "question answer; question answer": one a line reads better. @param {string} value */
function linesOf(value) {
  return value.split("; ").map((line, index) => (index ? html`<br>${line}` : line));
}

/** List and note stand side by side from here on (record.css says the same). */
function wide() {
  return globalThis.matchMedia("(min-width: 56rem)").matches;
}

