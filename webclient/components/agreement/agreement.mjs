/**
 * The group's own agreement: what stands, what is being agreed on, and a line to propose. Open before the group begins, one press
 * away later. It is no consent, and nobody signs it.
 *
 * Who proposed what, and who said yes, is shown to nobody of the group.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { icon } from "/static/core/icons.mjs";
import { whyNot } from "/static/core/refusals.mjs";
import { many, t } from "/static/core/words.mjs";

const LINE_MAX = 200;

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, act, connection, memory } = context;
  const leads = ["facilitator", "cofacilitator"].includes(boot.role);
  const speaks = leads || boot.role === "participant";
  let view = /** @type {any} */ (null);
  let typed = memory.get("proposal") ?? "";
  let problem = "";
  /** Words in which a proposal is taken up, as they are typed. @type {Map<string, string>} */
  const reworded = new Map();

  function draw() {
    const agreement = view?.room.agreement;
    const nothingYet = agreement && !agreement.lines.length && !agreement.draft;
    root.hidden = !agreement || view.room.phase === "ended";
    if (root.hidden) return render(nothing, root);
    const arriving = view.room.phase === "lobby";
    const urgent = agreement.draft || (leads && view.staff?.proposals.length);
    render(html`<section class="agreement" aria-labelledby="agreement-title">
      <details ?open=${Boolean(arriving || urgent)}>
        <summary><h2 id="agreement-title">${t("How we want to be here")}</h2></summary>
        <div class="stack tight">
          ${nothingYet ? html`<p class="soft">${t("This group has no agreement of its own yet. Anybody can propose a line: what helps you to feel safe and to speak?")}</p>` : nothing}
          ${agreement.draft ? draft(agreement) : lines(agreement.lines, agreement)}
          ${leads ? proposals() : mine()}
          ${speaks ? propose() : nothing}
        </div>
      </details></section>`, root);
  }

  /** @param {string[]} some @param {any} agreement */
  function lines(some, agreement) {
    if (!some.length) return nothing;
    return html`<ul class="agreement-lines">${repeat(some, (one) => one, (one, number) => html`<li><div class="agreement-line"><span class="grow">${one}</span>
      ${leads ? html`<button type="button" class="button quiet icon-only" aria-label="${t("Take out")}: ${one}" title=${t("Take out")}
        @click=${() => act.ask("drop_line", { revision: agreement.revision, number })}>${icon("x")}</button>` : nothing}</div></li>`)}</ul>`;
  }

  /** @param {any} agreement */
  function draft(agreement) {
    const { lines: some, yes, of } = agreement.draft;
    const { agreed } = view.you.agreement;
    return html`<p class="soft small">${t("This is what we would agree on now:")}</p>
      ${lines(some, agreement)}
      <p aria-live="off">${many("{n} of {of} says yes.", "{n} of {of} say yes.", yes, { of })}</p>
      <div class="row">
        ${boot.role === "participant" ? agreed ? html`<p class="row tight-row">${icon("check")} ${t("You said yes")}</p>`
          : html`<button type="button" class="button primary" @click=${() => act.ask("agree_to_draft", { revision: agreement.revision })}>${t("Yes, I agree")}</button>` : nothing}
        ${leads ? html`<button type="button" class="button ${yes ? "primary" : ""}" @click=${() => act.ask("keep_agreement", { revision: agreement.revision })}>${t("We agreed: keep it")}</button>` : nothing}
      </div>`;
  }

  /** What waits for those who lead: taken up in its own words or in kinder ones, or set aside. */
  function proposals() {
    const open = view.staff?.proposals ?? [];
    if (!open.length) return nothing;
    const names = new Map(view.staff.people.map((/** @type {any} */ one) => [one.person, one.name]));
    return html`<h3>${t("Proposed")}</h3><ul class="plain stack tight">${repeat(open, (/** @type {any} */ one) => one.proposal, (/** @type {any} */ one) => html`<li class="agreement-proposal">
      <label class="soft small" for=${one.proposal}>${t("From {name}. Only staff see whose line it is.", { name: names.get(one.person) ?? t("someone who left") })}</label>
      <input id=${one.proposal} maxlength=${LINE_MAX} autocomplete="off" .value=${live(reworded.get(one.proposal) ?? one.text)} @input=${(/** @type {any} */ event) => {
        reworded.set(one.proposal, event.target.value);
        draw();
      }}>
      <div class="row">
        <button type="button" class="button small-button" aria-label="${t("Take it up")}: ${one.text}" @click=${() => act.ask("answer_proposal", { proposal: one.proposal, taken: true, text: reworded.get(one.proposal) ?? one.text })}>${t("Take it up")}</button>
        <button type="button" class="button small-button" aria-label="${t("Set it aside")}: ${one.text}" @click=${() => act.ask("answer_proposal", { proposal: one.proposal, taken: false })}>${t("Set it aside")}</button>
      </div></li>`)}</ul>`;
  }

  /** What became of mine: for me alone. */
  function mine() {
    const own = view.you.agreement?.proposals ?? [];
    if (!own.length) return nothing;
    return html`<ul class="plain stack tight">${own.map((/** @type {any} */ one) => html`<li class="small"><span class="soft">${one.taken === null ? t("You proposed, and your facilitator reads it:")
      : one.taken ? t("You proposed, and it was taken up:") : t("You proposed. Not this time, and thank you:")}</span> ${one.text}</li>`)}</ul>`;
  }

  function propose() {
    return html`<form class="stack tight" novalidate @submit=${send}>
      <div class="field"><label for="agreement-propose">${t("Propose a line")}</label>
        <input id="agreement-propose" maxlength=${LINE_MAX} autocomplete="off" aria-describedby=${problem ? "agreement-problem" : nothing} placeholder=${t("We listen to the end.")}
          .value=${live(typed)} @input=${(/** @type {any} */ event) => {
            typed = event.target.value;
            problem = "";
            memory.set("proposal", typed);
            draw();
          }}></div>
      ${problem ? html`<p class="notice" role="alert" id="agreement-problem">${problem}</p>` : nothing}
      <div class="row"><button class="button">${t("Propose")}</button></div>
      ${leads ? nothing : html`<p class="hint">${t("Your facilitator reads it first. The group never sees whose line it is.")}</p>`}
    </form>`;
  }

  /** @param {Event} event */
  async function send(event) {
    event.preventDefault();
    try {
      await connection.send("propose_line", { text: typed });
      typed = "";
      memory.set("proposal", null);
    } catch (refusal) {
      problem = whyNot(refusal);
    }
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

/** The agreement for whoever is not inside yet. @param {any} room */
export function agreementAtTheDoor(room) {
  const some = room.agreement?.lines ?? [];
  if (!some.length) return nothing;
  return html`<section class="promise" aria-labelledby="group-agreement"><h2 id="group-agreement">${t("What this group agreed on")}</h2>
    <ul>${some.map((/** @type {string} */ one) => html`<li>${one}</li>`)}</ul></section>`;
}
