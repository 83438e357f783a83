/**
 * The exercise that is open, as everybody's card shows it: an invitation, the steps as they come, what each writes, what
 * was shared, and, for those who lead, the way through it. What it looks like inside is its shape's (`shape.mjs`).
 *
 * What is typed belongs to the person: a step, a reload, an outage or the end of the exercise neither takes it away
 * nor moves the focus.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { icon } from "/static/core/icons.mjs";
import { listed, many, rich, t } from "/static/core/words.mjs";
import { bringToTop } from "/static/room/scroll.mjs";
import { draftLine } from "/components/card/card.mjs";
import { entryWords, isEmpty, tidied } from "./fields.mjs";
import { moment } from "./moment.mjs";
import { SHAPES } from "./shape.mjs";
import { results } from "./shapes/poll.mjs";

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, connection, act, memory } = context;
  const leads = ["facilitator", "cofacilitator"].includes(boot.role);
  const takesPart = leads || boot.role === "participant";
  let view = /** @type {any} */ (null);
  /** What was typed on this page, by run; and words the facilitator leaves out of a cloud. @type {Map<string, any>} */
  const typed = new Map();
  /** @type {{run: string, shape: import("./shape.mjs").Shape} | null} */
  let shown = null;
  let said = "";
  let brought = "";
  let frame = 0;
  /** Told of every private paper that is over, so that its words can be read and changed until the session ends. */
  const openPapers = new Set();

  /** @param {string} run */
  function mineOf(run) {
    let mine = typed.get(run);
    if (!mine) {
      mine = { touched: { ...connection.unsaved(slot(run))?.answers }, without: new Set(), problem: "" };
      typed.set(run, mine);
    }
    return mine;
  }

  function draw() {
    if (!view) return;
    const { room, you } = view;
    const exercise = room.exercise ?? null;
    follow(exercise);
    const past = (you.exercises ?? []).filter((/** @type {any} */ one) => one.exercise);
    root.hidden = !exercise && !past.length;
    render(html`${exercise ? present(exercise) : nothing}
      ${past.length ? html`<section class="stack tight" aria-label=${t("What you wrote today")}>
        ${repeat(past, (/** @type {any} */ one) => one.run, paperOf)}</section>` : nothing}`, root);
    for (const bar of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(".bar"))) bar.style.setProperty("--share", bar.dataset.share ?? "0");
    bringTheStep(exercise);
  }

  /** What is opened, and each step that all take at once, comes to where they look, on a phone above all; whoever writes is left
   * where they are. @param {any} exercise */
  function bringTheStep(exercise) {
    const index = exercise && !exercise.own_pace ? moment(exercise, connection.now()).index : -1;
    const key = exercise ? `${exercise.run} ${index}` : "";
    if (key === brought) return;
    brought = key;
    if (!key || document.activeElement?.matches("textarea, input")) return;
    bringToTop(root.querySelector(index < 0 ? ".exercise" : shown?.shape.leading ? ".breath" : ".exercise h3"));
  }

  /** The shape of what is open, from its first view to its last. @param {any} exercise */
  function follow(exercise) {
    const run = exercise?.run ?? null;
    if ((shown?.run ?? null) === run) return;
    shown?.shape.end?.();
    cancelAnimationFrame(frame);
    shown = run === null ? null : { run, shape: SHAPES[exercise.shape]({ memory, redraw: draw }) };
    if (shown?.shape.frame) tick();
  }

  function tick() {
    frame = requestAnimationFrame(tick);
    const exercise = view?.room.exercise;
    if (!exercise || !shown?.shape.frame || root.offsetParent === null) return;
    shown.shape.frame(root, momentOf(exercise), connection.now());
  }

  /** @param {any} exercise @returns {import("./shape.mjs").Moment} */
  function momentOf(exercise) {
    const { index, since, left } = moment(exercise, connection.now());
    return {
      exercise, index, since, step: exercise.steps[Math.max(0, index)], over: left === 0, staff: leads, person: boot.person,
      names: new Map([...view.room.people, ...view.room.elsewhere ?? []].map((/** @type {any} */ one) => [one.person, one.name])),
      own: view.you.exercises?.find((/** @type {any} */ one) => one.run === exercise.run) ?? { partners: [], card: "", shared: {}, answers: {} },
      paper: paperFor(exercise.run),
    };
  }

  /** @param {string} run @returns {import("./fields.mjs").Paper} */
  function paperFor(run) {
    const mine = mineOf(run);
    const own = view.you.exercises?.find((/** @type {any} */ one) => one.run === run);
    return {
      run, staff: leads, watches: !takesPart,
      value: (id) => (id in mine.touched ? mine.touched[id] : own?.answers[id] ?? null),
      shared: (id) => own?.shared[id] ?? null,
      change(id, value) {
        mine.touched[id] = value;
        mine.problem = "";
        connection.draft(slot(run), "answer_exercise", () => ({ run, answers: answersOf(run) }));
        draw();
      },
      async share(id, on) {
        const entry = on ? answersOf(run)[id] : null;
        await act.ask("share_exercise_answer", { run, field: id, entry });
      },
    };
  }

  /** Everything this person has in a run, as it goes to the server. @param {string} run */
  function answersOf(run) {
    const own = view.you.exercises?.find((/** @type {any} */ one) => one.run === run);
    const shape = own?.exercise ?? view.room.exercise;
    const fields = shape?.steps.flatMap((/** @type {any} */ step) => step.fields) ?? [];
    return tidied(fields, { ...own?.answers, ...mineOf(run).touched });
  }

  // ---------------------------------------------------------------- what is open

  /** @param {any} exercise */
  function present(exercise) {
    const now = momentOf(exercise);
    const { index, step, own } = now;
    sayStep(exercise, index, step);
    const out = own.joined === false;
    const { left } = moment(exercise, connection.now());
    return html`<section class="exercise stack" aria-labelledby="exercise-title" data-shape=${exercise.shape}>
      <div class="stack tight">
        <p class="soft small">${t("Together now")}</p>
        <h2 id="exercise-title">${exercise.title}</h2>
        ${leads ? lead(exercise, index) : nothing}
        ${index < 0 || exercise.own_pace ? html`<p>${exercise.about}</p>` : nothing}
        ${index < 0 || exercise.own_pace ? html`<p class="notice plain exercise-care">${icon("leaf")} <span>${exercise.care}</span></p>` : nothing}
      </div>
      ${withWhom(exercise, now)}
      ${out ? html`<p>${t("You are sitting this one out. That is all right. Come in whenever you like.")}</p>`
        : index < 0 ? html`<p class="soft">${leads ? t("Everybody sees this invitation. Begin when they have had a look.") : t("Your facilitator begins in a moment.")}</p>`
        : exercise.own_pace ? sheet(exercise, now)
        : html`${shown?.shape.leading ? inside(exercise, now) : nothing}
          <div class="stack tight"><h3>${step.title}</h3><p>${step.text}</p>
            <p class="soft small">${t("Step {n} of {all}", { n: index + 1, all: exercise.steps.length })}${left ? html`, ${softly(left)}` : nothing}</p></div>
          ${shown?.shape.leading ? nothing : inside(exercise, now)}`}
      ${own.joined === undefined || leads || !takesPart ? nothing : part(exercise, own, index)}
      ${index < 0 || exercise.own_pace ? nothing : html`<details><summary>${t("Take it gently")}</summary><p>${exercise.care}</p></details>`}
      ${sharedList(exercise)}
    </section>`;
  }

  /** @param {any} exercise @param {import("./shape.mjs").Moment} now */
  function inside(exercise, now) {
    return html`${shown?.shape.draw(now) ?? nothing}${saved(exercise)}`;
  }

  /** Those who lead have the way through it at hand; a sheet of their own is one press away. @param {any} exercise @param {import("./shape.mjs").Moment} now */
  function sheet(exercise, now) {
    if (!leads || exercise.shape === "poll") return inside(exercise, now);
    return html`<details class="exercise-own"><summary>${t("What the group sees. Fill in and share yours first, if you like")}</summary>
      <div class="stack">${inside(exercise, now)}</div></details>`;
  }

  /** Steps are said aloud, beats never. @param {any} exercise @param {number} index @param {any} step */
  function sayStep(exercise, index, step) {
    const key = `${exercise.run} ${index}`;
    if (said === key) return;
    const first = !said.startsWith(`${exercise.run} `);
    said = key;
    if (index >= 0 && !(first && exercise.own_pace)) context.say(`${step.title}. ${step.text}`);
  }

  /** @param {any} exercise @param {import("./shape.mjs").Moment} now */
  function withWhom(exercise, { own, names }) {
    if (exercise.grouping !== "pairs") return nothing;
    const partners = own.partners.map((/** @type {string} */ each) => names.get(each) ?? t("someone who left"));
    return html`
      ${partners.length ? html`<p class="exercise-pair">${icon("users")} <span>${rich("You are with {names}.", { names: html`<strong>${listed(partners)}</strong>` })}</span></p>` : nothing}
      ${own.card ? html`<p class="exercise-dealt"><span class="soft small">${t("Your card")}</span><br>${own.card}</p>` : nothing}
      ${leads && exercise.groups.length ? html`<details><summary>${t("Who is with whom")}</summary><p class="small soft">${t("In one room, pairs speak one after the other; or give each pair a room of its own, below.")}</p><ul class="exercise-list">
        ${exercise.groups.map((/** @type {string[]} */ group) => html`<li>${listed(group.map((each) => names.get(each) ?? t("someone who left")))}</li>`)}</ul></details>` : nothing}`;
  }

  /** Whether it is kept, and that I am done. @param {any} exercise */
  function saved(exercise) {
    const fields = exercise.steps.flatMap((/** @type {any} */ step) => step.fields);
    if (!fields.length || !takesPart) return nothing;
    const mine = mineOf(exercise.run);
    const anonymous = fields.some((/** @type {any} */ one) => one.privacy === "anonymous");
    if (anonymous && (leads || exercise.results)) return nothing;
    const sent = view.you.exercises?.find((/** @type {any} */ one) => one.run === exercise.run)?.sent;
    return html`<p class="hint">${icon("lock")} ${anonymous ? t("Nobody sees whose answer is whose, not even your facilitators.") : t("Only you see what you write. You choose what the group sees.")}</p>
      ${mine.problem ? html`<p class="notice" role="alert">${mine.problem}</p>` : nothing}
      <div class="row apart">
        ${exercise.own_pace && !leads ? html`<button type="button" class="button ${sent ? "" : "primary"}" @click=${() => send(exercise)}>
          ${sent ? html`${icon("check")} ${anonymous ? t("Sent. Send again") : t("Done")}` : anonymous ? t("Send without my name") : t("I am done")}</button>` : html`<span></span>`}
        ${draftLine(connection.draftState(slot(exercise.run)), Object.keys(mine.touched).length > 0)}
      </div>`;
  }

  /** @param {any} exercise */
  async function send({ run }) {
    const mine = mineOf(run);
    connection.dropDraft(slot(run));
    try {
      await connection.send("answer_exercise", { run, answers: answersOf(run), sent: true });
      mine.problem = "";
    } catch (refusal) {
      mine.problem = /** @type {any} */ (refusal).text;
      connection.draft(slot(run), "answer_exercise", () => ({ run, answers: answersOf(run) }));
    }
    draw();
  }

  /** To take part or not is one press, either way, at any time. @param {any} exercise @param {any} own @param {number} index */
  function part({ run }, own, index) {
    const say = (/** @type {boolean} */ on) => () => act.ask("join_exercise", { run, on });
    if (own.joined === false) return html`<div class="row"><button type="button" class="button" @click=${say(true)}>${t("Come in")}</button></div>`;
    return html`<div class="row">
      ${own.joined ? html`<p class="row tight-row">${icon("check")} ${t("You take part")}</p>` : html`<button type="button" class="button ${index < 0 ? "primary" : ""}" @click=${say(true)}>${t("I take part")}</button>`}
      <button type="button" class="button" @click=${say(false)}>${index < 0 ? t("Not this time") : t("Sit it out")}</button></div>`;
  }

  /** @param {any} exercise */
  function sharedList(exercise) {
    if (!exercise.shared.length) return nothing;
    const names = new Map(view.room.people.map((/** @type {any} */ one) => [one.person, one.name]));
    const fields = new Map(exercise.steps.flatMap((/** @type {any} */ step) => step.fields).map((/** @type {any} */ one) => [one.id, one]));
    return html`<div class="stack tight"><h3>${t("Shared with the group")}</h3>
      <ul class="plain stack tight">${repeat(exercise.shared, (/** @type {any} */ one) => `${one.person} ${one.field}`, (/** @type {any} */ one) => {
        const asked = fields.get(one.field);
        return html`<li class="shared-answer"><span class="soft small">${names.get(one.person) ?? t("Someone who left")}, ${asked?.label ?? ""}</span>
          <div>${asked ? entryWords(asked, one.entry) : nothing}</div></li>`;
      })}</ul></div>`;
  }

  // ---------------------------------------------------------------- for those who lead

  /** @param {any} exercise @param {number} index */
  function lead(exercise, index) {
    const { run, steps } = exercise;
    const step = (/** @type {number} */ number) => () => act.ask("step_exercise", { run, step: number });
    const way = view.staff?.practice?.run;
    return html`<div class="stack exercise-lead" role="group" aria-label=${t("Lead the exercise")}>
      ${exercise.own_pace ? nothing : html`<div class="row">
        ${index > 0 ? html`<button type="button" class="button" @click=${step(index - 1)}>${icon("arrow-left")} ${t("Step back")}</button>` : nothing}
        ${index < steps.length - 1 ? html`<button type="button" class="button primary" @click=${step(index + 1)}>
          ${icon(index < 0 ? "play" : "arrow-right")} ${index < 0 ? t("Begin") : t("Next step")}</button>` : nothing}</div>`}
      ${way ? progress(way, exercise) : nothing}
      ${way ? polled(exercise, way) : nothing}
      <div class="row">
        ${exercise.grouping === "none" ? nothing : html`<button type="button" class="button" @click=${() => act.ask("group_exercise", { run })}>
          ${icon("refresh-cw")} ${exercise.grouping === "pairs" ? t("Other pairs") : t("Another row")}</button>`}
        <button type="button" class="button ${!exercise.own_pace && index === steps.length - 1 ? "primary" : ""}" @click=${() => act.ask("close_exercise", { run })}>${icon("check")} ${t("End the exercise")}</button></div>
    </div>`;
  }

  /** @param {any} way @param {any} exercise */
  function progress(way, exercise) {
    const all = Object.values(way.people);
    const count = (/** @type {string[]} */ ...how) => all.filter((each) => how.includes(/** @type {string} */ (each))).length;
    const words = [many("{n} takes part", "{n} take part", count("in", "done")), exercise.own_pace ? t("{n} done", { n: count("done") }) : "",
      count("out") ? many("{n} sits it out", "{n} sit it out", count("out")) : "", t("{n} here", { n: all.length })];
    return html`<p class="soft" role="status">${words.filter(Boolean).join(" · ")}</p>`;
  }

  /** First for the facilitators' eyes, then for all. @param {any} exercise @param {any} way */
  function polled(exercise, way) {
    const fields = exercise.steps.flatMap((/** @type {any} */ step) => step.fields).filter((/** @type {any} */ one) => one.privacy === "anonymous");
    if (!fields.length || way.to_group) return nothing;
    const { run } = exercise;
    if (!way.results) {
      const short = exercise.answers_min - exercise.sent;
      return html`<button type="button" class="button ${short > 0 ? "" : "primary"}" aria-disabled=${short > 0 ? "true" : "false"}
          @click=${() => act.ask("show_results", { run, to_group: false })}>${t("Count the answers")}</button>
        <p class="hint">${short > 0 ? many("{n} more answer is needed, so that nobody can be picked out. In a smaller group, ask aloud.", "{n} more answers are needed, so that nobody can be picked out. In a smaller group, ask aloud.", short)
          : t("Counting ends the answering. You look first, then you show them.")}</p>`;
    }
    const { without } = mineOf(run);
    const words = fields.filter((/** @type {any} */ one) => one.kind === "words").flatMap((/** @type {any} */ one) => way.results[one.id] ?? []);
    return html`<div class="stack tight">
      <p class="soft">${t("Only facilitators see this so far.")}</p>
      ${results(fields, way.results)}
      ${words.length ? html`<details><summary>${t("Leave words out")}</summary><div class="choices">${words.map((/** @type {[string, number]} */ [word]) => html`<label class="choice">
        <input type="checkbox" .checked=${without.has(word)} @change=${(/** @type {any} */ event) => {
          if (event.target.checked) without.add(word);
          else without.delete(word);
        }}><span>${word}</span></label>`)}</div></details>` : nothing}
      <button type="button" class="button primary" @click=${() => act.ask("show_results", { run, to_group: true, without: [...without] })}>${t("Show them to the group")}</button>
    </div>`;
  }

  // ---------------------------------------------------------------- what is over

  /** One's own paper of an exercise that is over: to read, to go on with, to share. @param {any} one */
  function paperOf({ run, exercise }) {
    const paper = paperFor(run);
    const fields = exercise.steps.flatMap((/** @type {any} */ step) => step.fields).filter((/** @type {any} */ each) => each.privacy !== "anonymous");
    if (!fields.some((/** @type {any} */ each) => !isEmpty(paper.value(each.id)))) return nothing;
    const sheet = { ...exercise, steps: exercise.steps.filter((/** @type {any} */ step) => step.fields.length), results: null };
    const shape = SHAPES.sheet({ memory, redraw: draw });
    return html`<details class="exercise-past" @toggle=${(/** @type {any} */ event) => {
      if (event.target.open) openPapers.add(run);
      else openPapers.delete(run);
      draw();
    }}><summary>${t("{exercise}: what you wrote", { exercise: exercise.title })}</summary>
      ${openPapers.has(run) ? html`<div class="stack">${shape.draw(/** @type {any} */ ({ exercise: sheet, paper }))}</div>` : nothing}</details>`;
  }

  return {
    /** @param {any} next */
    update(next) {
      view = next;
      draw();
    },
    unmount() {
      cancelAnimationFrame(frame);
      shown?.shape.end?.();
      render(nothing, root);
    },
  };
}

/** @param {string} run */
const slot = (run) => `exercise:${run}`;

/** "about 40 seconds left", without a hurry in it. @param {number} ms */
function softly(ms) {
  const seconds = Math.ceil(ms / 10_000) * 10;
  return seconds < 60 ? t("about {n} seconds left", { n: seconds }) : many("about {n} minute left", "about {n} minutes left", Math.round(seconds / 60));
}
