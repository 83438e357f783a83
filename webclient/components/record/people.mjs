/** Everyone of the session with the state of their note, at a glance; and what the session was. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";
import { many, rich, t } from "/static/core/words.mjs";

import { ALT, CTRL } from "./keys.mjs";
import { dayOf, lasting, lookOf, timeOf } from "./words.mjs";

/** @param {import("./record.mjs").Desk} desk @param {{keys: () => void}} open */
export function createPeople(desk, open) {
  /** @param {any} person @param {boolean} chosen */
  function row(person, chosen) {
    const status = desk.statusOf(person);
    const look = lookOf(status, person.overdue);
    return html`<li><a href=${`#${encodeURIComponent(person.person)}`} class="record-person"
      aria-current=${chosen ? "true" : nothing}
      @click=${(/** @type {MouseEvent} */ event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        desk.choose(person.person);
      }}>
      <span class="record-person-name">${person.name}</span>
      <span class="record-person-minutes figures">${person.countable_min} min</span>
      <span class="record-person-status" data-tone=${look.tone}>${icon(look.icon)} ${look.words}
        ${person.warnings.length && !person.signed ? html`<span class="record-person-more">${icon("eye")}<span class="visually-hidden">${t(", something to look at")}</span></span>` : nothing}</span>
    </a></li>`;
  }

  const about = () => {
    const { record, room } = desk.view();
    return html`<dl class="facts">
      ${record.facilitators.map((/** @type {any} */ one) => html`<div><dt>${one.role === "facilitator" ? t("Facilitator") : t("Cofacilitator")}</dt>
        <dd>${one.name}${one.location ? html`, ${one.location}` : nothing}</dd></div>`)}
      <div><dt>${t("Program")}</dt><dd>${record.programme.title}${record.programme.part2 ? " (42 CFR Part 2)" : ""}</dd></div>
      <div><dt>${t("Notes")}</dt><dd>${record.programme.cosign ? t("{format}, co-signed by a supervisor", { format: record.format.title }) : record.format.title}</dd></div>
      <div><dt>${t("Plan")}</dt><dd>${t("{title}, version {version}", { title: record.plan.title, version: record.plan.version })}</dd></div>
      <div><dt>${t("Rule for hours")}</dt><dd>${t("{title} ({id}, version {version})", record.rules)}</dd></div>
      ${record.gaps.length
        ? html`<div><dt>${t("Server away")}</dt><dd>${record.gaps.map((/** @type {[number, number]} */ [from, to]) =>
            html`<span class="figures">${timeOf(from, room.zone)}, ${lasting(to - from)}</span> `)}</dd></div>`
        : nothing}
    </dl>`;
  };

  return {
    header() {
      const { room, record } = desk.view();
      const people = desk.people();
      const signed = people.filter((person) => person.signed).length;
      const cosigned = people.filter((person) => person.signed?.cosigned).length;
      return html`<header class="record-header">
        <div>
          <p class="record-back"><a href=${desk.boot.home ?? "/home"}>${icon("arrow-left")} ${t("Home")}</a>
            <a href=${`/work${location.search}`}>${t("All notes that are due")}</a></p>
          <h1>${room.title}</h1>
          <p class="soft figures">${dayOf(record.started_at ?? room.starts_at, room.zone)}${record.started_at
            ? `, ${timeOf(record.started_at, room.zone)} – ${record.ended_at ? timeOf(record.ended_at, room.zone) : t("now")}`
            : ""} · ${many("{n} person", "{n} people", record.head_count)} · ${record.plan.title}</p>
        </div>
        <div class="record-progress">
          <p>${rich(record.programme.cosign ? t("{signed} signed, {cosigned} co-signed") : t("{signed} signed"), {
            signed: html`<strong class="figures">${t("{part} of {whole}", { part: signed, whole: people.length })}</strong>`,
            cosigned: html`<span class="figures">${cosigned}</span>`,
          })}</p>
          <ol class="plain record-dots" aria-hidden="true">
            ${people.map((person) => html`<li data-tone=${lookOf(desk.statusOf(person), person.overdue).tone}></li>`)}
          </ol>
        </div>
      </header>`;
    },

    /** @param {any} chosen  the person shown */
    list: (chosen) => html`<nav class="record-people" aria-label=${t("People of this session")}>
      <ul class="plain">${desk.people().map((person) => row(person, person === chosen))}</ul>
      ${desk.people().length === 0
        ? html`<p class="soft">${t("Nobody was expected in this session, so there is nothing to write.")}</p>`
        : nothing}
      <div class="record-keys soft small">
        <p><kbd>${ALT}</kbd> <kbd>↓</kbd> ${t("next person")}</p>
        <p><kbd>${CTRL}</kbd> <kbd>Enter</kbd> ${desk.mayCosign ? t("co-sign and next") : t("sign and next")}</p>
        <p><button class="link" type="button" @click=${open.keys}>${t("All keys")}</button> <kbd>?</kbd></p>
      </div>
      <details class="record-about"><summary>${t("About this session")}</summary>${about()}</details>
    </nav>`,
  };
}
