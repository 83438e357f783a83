/**
 * The card: what the group does now, and the form that goes with it.
 *
 * What is typed belongs to the person: a move of the agenda, a reconnect, a reload or an outage neither takes it away
 * nor moves the focus. A form that the group has left behind stays until it is sent.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { icon } from "/static/core/icons.mjs";
import { present } from "/static/core/clock.mjs";
import { listed, rich, t } from "/static/core/words.mjs";
import { bringToTop } from "/static/room/scroll.mjs";
import { help } from "/components/dialogs/help.mjs";
import { told } from "/components/dialogs/lines.mjs";
import { createMeasures } from "/components/measures/measures.mjs";
import { createOwnWeek, createWeeks } from "/components/week/week.mjs";
import { answerWords, question } from "./question.mjs";

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { connection, act } = context;
  let view = /** @type {any} */ (null);
  const ownWeek = createOwnWeek({ boot: context.boot, redraw: draw });
  const weeks = createWeeks({ boot: context.boot, redraw: draw });
  /** What was answered on this page, per form. @type {Map<string, any>} */
  const local = new Map();
  const measures = createMeasures({ root, connection, memory: context.memory, redraw: draw });

  /** @param {string} id */
  function localOf(id) {
    let mine = local.get(id);
    if (!mine) {
      mine = { touched: { ...connection.unsaved(slot(id))?.answers }, editing: false, errors: {}, problem: "", sending: false };
      local.set(id, mine);
    }
    return mine;
  }

  function draw() {
    if (!view) return;
    const { room, you } = view;
    const here = present(room.agenda, connection.now());
    measures.take(you.measures);
    if (measures.busy) {
      render(html`${helpFor(you)}${measures.draw()}`, root);
      return measures.drawn();
    }
    const forms = Object.entries(you.forms ?? {})
      .map(([id, entry]) => ({ id, ...(/** @type {any} */ (entry)), mine: localOf(id) }))
      .filter((one) => one.offered || one.status !== "none" || Object.keys(one.mine.touched).length > 0);
    render(html`
      ${helpFor(you)}
      ${segmentCard(room, here)}
      ${repeat(forms.filter((one) => !isSent(one)), (one) => one.id, (one) => open(one, room.agenda))}
      ${measures.draw()}
      ${repeat(forms.filter(isSent), (one) => one.id, sent)}
      ${you.week && context.boot.week && room.phase !== "ended" ? ownWeek.part(you.week) : nothing}
      ${shared(room)}
      ${weeksShown(room, you)}`, root);
  }

  /** @param {any} you */
  const helpFor = (you) => (you.help ? help({ how: you.help }) : nothing);

  /** @param {any} room @param {any} here */
  function segmentCard(room, here) {
    if (room.phase === "ended") return nothing;
    if (!here) {
      return html`<section class="now-card"><h2>${t("Welcome")}</h2>
        <p>${t("Take a breath and get comfortable. The group starts soon.")}</p></section>`;
    }
    if (!here.segment.card && !room.skill && !room.last_time?.length) return nothing;
    return html`<section class="now-card"><h2>${here.segment.title}</h2>
      ${here.segment.card ? here.segment.card.split(/\n+/).map((/** @type {string} */ words) => html`<p>${words}</p>`) : nothing}
      ${room.last_time?.length ? html`<p>${rich("Last time: {skills}. Did you try it since?", { skills: html`<strong>${listed(room.last_time)}</strong>` })}</p>` : nothing}
      ${room.skill ? html`<p lang=${room.skill.language}><strong>${room.skill.title}.</strong> ${room.skill.summary}</p>` : nothing}</section>`;
  }

  /** @param {any} one @param {any} agenda */
  function open({ id, form, answers, mine }, agenda) {
    const values = { ...answers, ...mine.touched };
    const own = agenda.segments.find((/** @type {any} */ one) => one.kind.replace("_", "-") === id);
    const movedOn = own?.state === "done";
    return html`<form class="stack" aria-labelledby="form-${id}" novalidate @submit=${(/** @type {Event} */ event) => submit(event, id)}>
      <div class="stack tight">
        <h2 id="form-${id}">${form.title}</h2>
        ${form.intro ? html`<p>${form.intro}</p>` : nothing}
        ${movedOn ? html`<p class="hint">${t("The group has moved on. You can finish this when you like.")}</p>` : nothing}
      </div>
      ${repeat(form.questions, (/** @type {any} */ each) => each.id, (/** @type {any} */ each) => question(each, {
        id: `${id}-${each.id}`,
        value: values[each.id] ?? null,
        error: mine.errors[each.id] ?? "",
        change: (value) => change(id, each.id, value),
      }))}
      ${mine.problem ? html`<p class="notice" role="alert">${mine.problem}</p>` : nothing}
      <div class="row apart">
        <button class="button primary" ?disabled=${mine.sending}>${mine.editing ? t("Send again") : t("Send to the facilitators")}</button>
        ${draftLine(connection.draftState(slot(id)), Object.keys(mine.touched).length > 0)}
      </div>
      <p class="hint">${t("Only the facilitators see your answers. You choose if the group sees one.")}</p>
    </form>`;
  }

  /** @param {any} one */
  function sent({ id, form, answers, shared: sharedIds, mine }) {
    const shareable = form.questions.filter((/** @type {any} */ each) => each.shareable && (answers[each.id] ?? null) !== null);
    return html`<section class="stack" aria-labelledby="sent-${id}">
      <h2 id="sent-${id}" class="sent-title">${icon("check")} ${t("{form}: sent", { form: form.title })}</h2>
      ${shareable.length ? html`<div class="stack tight"><p>${t("Would you like the group to see one of your answers?")}</p>
        <ul class="plain stack tight">${shareable.map((/** @type {any} */ each) => {
          const on = sharedIds.includes(each.id);
          return html`<li class="share-row"><span class="grow"><span class="soft small">${each.label}</span><br>${answerWords(each, answers[each.id])}</span>
            <button type="button" class="button" aria-pressed=${on ? "true" : "false"}
              aria-label="${on ? t("Shared with the group") : t("Share with the group")}: ${each.label}"
              @click=${() => act.ask("share_answer", { form: id, question: each.id, shared: !on })}>${on ? t("Shared") : t("Share")}</button></li>`;
        })}</ul></div>` : nothing}
      <details><summary>${t("All my answers")}</summary>
        <dl class="answers">${form.questions.map((/** @type {any} */ each) => html`<div><dt>${each.label}</dt><dd>${answerWords(each, answers[each.id])}</dd></div>`)}</dl>
      </details>
      <div><button type="button" class="button" @click=${() => {
        mine.editing = true;
        draw();
      }}>${t("Change my answers")}</button></div>
    </section>`;
  }

  /** @param {any} room */
  function shared(room) {
    if (!room.shared.length) return nothing;
    const names = new Map([...room.people, ...room.elsewhere ?? []].map((/** @type {any} */ one) => [one.person, one.name]));
    return html`<section class="stack tight"><h2>${t("Shared with the group")}</h2>
      <ul class="plain stack tight">${room.shared.map((/** @type {any} */ one) => html`<li class="shared-answer">
        <span class="soft small">${names.get(one.person) ?? t("Someone who left")}, ${one.label}</span><br>${words(one.answer)}</li>`)}</ul></section>`;
  }

  /** What others of the group show of their week. @param {any} room @param {any} you */
  function weeksShown(room, you) {
    const others = context.boot.role !== "participant" || !context.boot.week ? [] : (room.weeks ?? []).filter((/** @type {any} */ one) => one.person !== you.person);
    if (!others.length) return nothing;
    const names = new Map(room.people.map((/** @type {any} */ one) => [one.person, one.name]));
    return repeat(others, (/** @type {any} */ one) => one.person, (/** @type {any} */ one) => {
      const name = names.get(one.person) ?? t("Someone who left");
      return html`<section class="stack tight"><h2>${t("{name} shows their week", { name })}</h2>${weeks.part(one.person, one.at, name)}</section>`;
    });
  }

  /** @param {string} id @param {string} questionId @param {any} value */
  function change(id, questionId, value) {
    const mine = localOf(id);
    mine.touched[questionId] = value;
    delete mine.errors[questionId];
    mine.problem = "";
    const answers = { ...view.you.forms[id].answers, ...mine.touched };
    if (view.you.forms[id].status === "submitted") context.memory.set(`edit:${id}`, mine.touched);
    else connection.draft(slot(id), "save_form", { form: id, answers });
    draw();
  }

  /** @param {Event} event @param {string} id */
  async function submit(event, id) {
    event.preventDefault();
    const entry = view.you.forms[id];
    const mine = localOf(id);
    const answers = { ...entry.answers, ...mine.touched };
    mine.errors = {};
    for (const each of entry.form.questions) {
      const value = answers[each.id] ?? null;
      if (value === null && each.required) mine.errors[each.id] = t("Please answer this one.");
      if (typeof value === "number" && (value < each.low || value > each.high)) {
        mine.errors[each.id] = t("Please give a number from {low} to {high}.", { low: each.low, high: each.high });
      }
    }
    const first = Object.keys(mine.errors)[0];
    if (first) {
      draw();
      const field = root.querySelector(`#${CSS.escape(`${id}-${first}`)}`);
      (/** @type {HTMLElement | null} */ (field?.matches("fieldset") ? field.querySelector("input") : field))?.focus();
      return;
    }
    mine.sending = true;
    connection.dropDraft(slot(id));
    draw();
    try {
      await connection.send("submit_form", { form: id, answers });
      mine.touched = {};
      mine.editing = false;
      context.memory.set(`edit:${id}`, null);
    } catch (refusal) {
      mine.problem = told(refusal);
      connection.draft(slot(id), "save_form", { form: id, answers });
    }
    mine.sending = false;
    draw();
  }

  return {
    /** @param {any} next */
    update(next) {
      const calling = next.you.help && view && next.you.help !== view.you.help;
      view = next;
      for (const id of Object.keys(next.you.forms ?? {})) {
        if (local.has(id)) continue;
        const kept = context.memory.get(`edit:${id}`); // changes to a form that was sent, before a reload
        if (kept && next.you.forms[id].status === "submitted") Object.assign(localOf(id), { touched: kept, editing: true });
      }
      draw();
      if (calling) bringToTop(root.querySelector(".help")); // it comes above what one looks at
    },
    unmount: () => render(nothing, root),
  };
}

/** @param {any} one */
const isSent = (one) => one.status === "submitted" && !one.mine.editing;

/** @param {string} id */
const slot = (id) => `form:${id}`;

/** @param {any} value */
function words(value) {
  return value === true ? t("Yes") : value === false ? t("No") : String(value ?? "");
}

/** Whether what is typed is kept: to be seen while one types, to be heard only when it is not.
 * @param {{state: string, refusal: any}} draft @param {boolean} touched */
export function draftLine({ state, refusal }, touched) {
  const refused = touched && state === "refused";
  return html`<span class="hint">${!touched || refused ? "" : state === "waiting" ? t("Saving…") : t("Saved as you type")}</span>
    <span class="hint" role="status">${refused ? (refusal?.text ?? t("Not saved.")) : ""}</span>`;
}
