/** A signed note: still, framed, its seal first. Beneath it what came after: addenda, a supervisor's words, new figures. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { icon } from "/static/core/icons.mjs";
import { whyNot } from "/static/core/refusals.mjs";
import { many, rich, t } from "/static/core/words.mjs";

import { factList } from "./facts.mjs";
import { inMinutes, momentOf } from "./words.mjs";

/** @param {import("./record.mjs").Desk} desk */
export function createSealed(desk) {
  /** @type {Map<string, string>} by kind and person: words being typed */
  const typed = new Map();
  /** @type {Map<string, string>} by kind and person: why it was refused */
  const refusals = new Map();
  let busy = false;

  /** @param {string} kind @param {any} person */
  const keyOf = (kind, person) => `${kind} ${person.person}`;

  /** @param {string} key @param {() => Promise<unknown>} asking */
  async function ask(key, asking) {
    if (busy) return;
    busy = true;
    refusals.delete(key);
    desk.draw();
    try {
      await asking();
      typed.delete(key);
    } catch (refusal) {
      if (/** @type {any} */ (refusal).code !== "gave_up") refusals.set(key, whyNot(refusal));
    }
    busy = false;
    desk.draw();
  }

  /** @param {string} key */
  const refused = (key) => (refusals.has(key) ? html`<p class="notice" role="alert">${refusals.get(key)}</p>` : nothing);

  /**
   * A few words and a button.
   * @param {{kind: string, person: any, label: string, hint: string, button: string,
   *   send: (text: string) => Promise<unknown>}} shape
   */
  function words({ kind, person, label, hint, button, send }) {
    const key = keyOf(kind, person);
    const id = `words-${kind}`;
    return html`<form class="stack" @submit=${(/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const text = (typed.get(key) ?? "").trim();
      if (text) void ask(key, () => send(text));
    }}>
      <div class="field">
        <label for=${id}>${label}</label>
        <p class="hint" id=${`${id}-hint`}>${hint}</p>
        <textarea id=${id} maxlength="20000" aria-describedby=${`${id}-hint`} .value=${live(typed.get(key) ?? "")} @keydown=${desk.phrases.onKeydown}
          @input=${(/** @type {InputEvent} */ event) => typed.set(key, /** @type {HTMLTextAreaElement} */ (event.target).value)}></textarea>
      </div>
      ${refused(key)}
      <div class="row"><button class="button" type="submit" ?disabled=${busy}>${button}</button></div>
    </form>`;
  }

  /** @param {any} person */
  function seal(person) {
    const { room, record } = desk.view();
    const { signed } = person;
    const at = (/** @type {number} */ instant) => html`<time>${momentOf(instant, room.zone)}</time>`;
    return html`<div class="record-seal">
      <p>${icon("check")}<span>${rich("{signed} by {name}, {time}", { signed: html`<strong>${t("Signed")}</strong>`, name: signed.name, time: at(signed.at) })}</span></p>
      ${signed.cosigned
        ? html`<p>${icon("check-check")}<span>${rich("{signed} by {name}, {time}", {
            signed: html`<strong>${t("Co-signed")}</strong>`, name: signed.cosigned.name, time: at(signed.cosigned.at),
          })}</span></p>`
        : record.programme.cosign ? html`<p class="soft">${icon("circle-dashed")}<span>${t("Waits for a supervisor’s co-signature.")}</span></p>` : nothing}
      <p class="soft small record-seal-more">${rich("{minutes} stand in {name}’s hours.", { minutes: html`<span class="figures">${inMinutes(person.posted.countable_min)}</span>`, name: person.name })}
        <a href=${`/statement/${encodeURIComponent(person.person)}${location.search}`}>${t("See all hours")}</a>.
        ${t("Fingerprint")} <code title=${signed.hash}>${signed.hash.slice(0, 12)}</code></p>
      <p><a href=${`/papers/${encodeURIComponent(person.person)}${location.search}`}>${t("Papers: print it, or hand it out")}</a></p>
    </div>`;
  }

  /** @param {any} person */
  function returned(person) {
    const { room } = desk.view();
    return person.signed.returned.map((/** @type {any} */ one) => html`<section class="notice ${one.answered ? "plain" : ""}" aria-label=${t("Sent back")}>
      ${icon("corner-up-left")}<div class="stack tight">
        <p><strong>${one.name}</strong> ${one.answered ? t("asked") : t("asks")} <span class="soft">(<time>${momentOf(one.at, room.zone)}</time>)</span></p>
        <p class="record-text">${one.text}</p>
        ${one.answered ? nothing : html`<p>${t("The note stays as it was signed. Answer with an addendum; then it can be co-signed.")}</p>`}
      </div></section>`);
  }

  /** @param {any} person */
  function cosigning(person) {
    const { signed, addenda } = person;
    if (!desk.mayCosign || signed.cosigned) return nothing;
    const waits = signed.returned.some((/** @type {any} */ one) => !one.answered);
    return html`<section class="record-sign" aria-label=${t("Co-sign")}>
      <p id="cosign-means">${addenda.length
          ? many("Co-signing says that you have read this note, with its {n} addendum, and stand behind it.", "Co-signing says that you have read this note, with its {n} addenda, and stand behind it.", addenda.length)
          : t("Co-signing says that you have read this note, and stand behind it.")}</p>
      ${refused(keyOf("cosign", person))}
      <div class="row"><button class="button primary large" type="button" aria-describedby="cosign-means" ?disabled=${busy || waits}
        @click=${() => cosign(person)}>${icon("check-check")} ${t("Co-sign and go on")}</button>
        ${waits ? html`<span class="soft">${t("It waits for an addendum of {name}.", { name: signed.name })}</span>` : nothing}</div>
      <details class="record-add"><summary>${t("Send it back with words")}</summary>
        ${words({
          kind: "return",
          person,
          label: t("What should {name} see to?", { name: signed.name }),
          hint: t("The signed note stays as it is; they answer with an addendum."),
          button: t("Send back"),
          send: (text) => desk.connection.send("return_note", { person: person.person, text }),
        })}
      </details>
    </section>`;
  }

  /** @param {any} person */
  function cosign(person) {
    return ask(keyOf("cosign", person), async () => {
      await desk.pin.send("cosign_note", { person: person.person, hash: person.signed.hash, addenda: person.addenda.length });
      desk.chooseAfter(person);
    });
  }

  /** @param {any} person */
  function addenda(person) {
    const { room } = desk.view();
    const asked = person.signed.returned.some((/** @type {any} */ one) => !one.answered);
    return html`${person.addenda.map((/** @type {any} */ one) => html`<section class="record-addendum">
        <h3>${t("Addendum")} <span class="soft record-light">${one.name}, <time>${momentOf(one.at, room.zone)}</time></span></h3>
        <p class="record-text">${one.text}</p>
      </section>`)}
      ${desk.mayWrite ? html`<details class="record-add" ?open=${asked}>
        <summary>${t("Add to this note")}</summary>
        ${words({
          kind: "addendum",
          person,
          label: t("Addendum"),
          hint: t("Dated, with your name. The signed note stays as it is."),
          button: t("Add"),
          send: (text) => desk.connection.send("add_addendum", { person: person.person, text }),
        })}
      </details>` : nothing}`;
  }

  /** The texts as signed; notes of format 1 had one. @param {any} person */
  function texts(person) {
    const content = person.signed.content ?? {};
    const sections = content.note?.sections ?? [];
    return html`
      ${content.goals?.length ? html`<section class="stack tight"><h3>${t("Goals worked on")}</h3>
        <ul class="sealed-goals">${content.goals.map((/** @type {any} */ one) => html`<li>${one.text}</li>`)}</ul></section>` : nothing}
      ${sealedText(t("The group"), content.group_text)}
      ${content.skills?.length ? html`<p><span class="soft">${t("Skills taught:")}</span> ${content.skills.map((/** @type {string} */ one) => t(one)).join(", ")}</p>` : nothing}
      ${sections.length
        ? sections.map((/** @type {any} */ one) => sealedText(t(one.title), one.text))
        : sealedText(t("About {name}", { name: person.name }), content.text)}`;
  }

  return {
    /** @param {any} person */
    note: (person) => html`${returned(person)}
      <section class="record-sealed" aria-label=${t("Signed note")}>
        ${seal(person)}
        ${texts(person)}
        <section class="stack tight"><h3>${t("Facts")}</h3>${factList(person.signed.content?.facts ?? person.facts)}</section>
      </section>
      ${addenda(person)}
      ${cosigning(person)}`,
    cosign,
    /** Are words typed that were not sent? */
    unsaved: () => [...typed.values()].some((text) => text.trim() !== ""),
  };
}

/** @param {string} title @param {string | undefined} text */
const sealedText = (title, text) => html`<section class="stack tight">
  <h3>${title}</h3>
  <p class="record-text">${text?.trim() ? text : html`<span class="soft">${t("Nothing was written.")}</span>`}</p>
</section>`;
