/**
 * What is done about one safety flag: the steps, whom to call, the screener, a plan, and what was done in the end.
 *
 * Steps and words are kept as they come, each with its author, so that another facilitator can go on at any time. The
 * screener is asked aloud and kept when it is whole; what is ticked of it lives in this tab until then.
 */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { wallTime } from "/static/core/clock.mjs";
import { icon } from "/static/core/icons.mjs";
import { whyNot } from "/static/core/refusals.mjs";
import { t } from "/static/core/words.mjs";
import { about, lines as known } from "/components/dialogs/lines.mjs";

const TEXT_MAX = 2_000;
const AGAIN_MS = 30_000;

const LEVELS = /** @type {Record<string, string>} */ ({
  high: t("High, by the instrument’s own levels"),
  moderate: t("Moderate, by the instrument’s own levels"),
  low: t("Low, by the instrument’s own levels"),
  "": t("No answer was a yes"),
});

/** @param {{boot: any, connection: any, memory: any, redraw: () => void}} context */
export function createPath({ boot, connection, memory, redraw }) {
  /** @type {Record<string, any[]> | null} */
  let calls = null;
  let asked = -Infinity;
  /** Of each flag: what was refused last. @type {Map<string, string>} */
  const problems = new Map();
  /** What is typed here, by flag and prompt. @type {Map<string, string>} */
  const typed = new Map();
  /** What is ticked here and not in a view yet, by flag and step: a tick stays where it was set. @type {Map<string, boolean>} */
  const ticking = new Map();

  async function load() {
    if (!boot.contacts || calls || performance.now() - asked < AGAIN_MS) return;
    asked = performance.now();
    const answer = await fetch(boot.contacts).then((response) => (response.ok ? response.json() : null), () => null);
    calls = answer?.people ?? null;
    redraw();
  }

  /** @param {string} flag @param {string} type @param {any} fields */
  async function ask(flag, type, fields) {
    problems.delete(flag);
    try {
      await connection.send(type, { flag, ...fields });
      return true;
    } catch (refusal) {
      problems.set(flag, whyNot(refusal));
      return false;
    } finally {
      redraw();
    }
  }

  // ------------------------------------------------------------------ steps

  /** @param {any} flag @param {any} path @param {string} zone */
  function steps(flag, path, zone) {
    const done = path.steps.filter((/** @type {any} */ step) => flag.steps[step.id]).length;
    return html`<details class="flag-part" open><summary>${t("Steps: {n} of {all}", { n: done, all: path.steps.length })}</summary>
      <ul class="plain flag-steps">${path.steps.map((/** @type {any} */ step) => {
        const how = flag.steps[step.id];
        const key = `${flag.flag} ${step.id}`;
        if (ticking.get(key) === Boolean(how)) ticking.delete(key);
        return html`<li><label class="flag-step"><input type="checkbox" .checked=${live(ticking.get(key) ?? Boolean(how))}
          @change=${(/** @type {any} */ event) => tick(flag.flag, step.id, event.target.checked)}><span>${step.text}${how
            ? html` <span class="soft small">${how.name}, ${wallTime(how.at, zone)}</span>` : nothing}</span></label></li>`;
      })}</ul></details>`;
  }

  /** @param {string} flag @param {string} step @param {boolean} done */
  async function tick(flag, step, done) {
    const key = `${flag} ${step}`;
    ticking.set(key, done);
    if (!(await ask(flag, "tick_step", { step, done }))) {
      ticking.delete(key);
      redraw();
    }
  }

  // ------------------------------------------------------------------ whom to call

  /** @param {any} flag @param {any} one their part of the staff view */
  function numbers(flag, one) {
    void load();
    const lines = one?.door?.help ?? [];
    const order = calls?.[flag.person] ?? [];
    const said = one?.arrival ?? one?.door;
    return html`<details class="flag-part" open><summary>${t("Where {name} is, and whom to call", { name: flag.name })}</summary>
      <p class="place-address">${icon("map-pin")} <span>${[said?.location, said?.state].filter(Boolean).join(", ") || flag.location || t("Place not given")}</span></p>
      <div class="help-ways">
        ${lines.map((/** @type {any} */ line) => way("siren", line.name, line.phone))}
        ${flag.callback ? way("phone", flag.name, flag.callback) : nothing}
        ${one?.arrival?.contact_phone ? way("users", t("Near them: {name}", { name: one.arrival.contact_name }), one.arrival.contact_phone) : nothing}
        ${order.filter((call) => call.phone !== flag.callback).map((call) => way("phone", call.relation ? `${call.name}, ${call.relation}` : call.name, call.phone))}
        ${about()}
      </div>
      ${lines.length ? nothing : html`<p class="hint">${t("No dispatch number is kept for this place. Call {emergency}, say that the emergency is elsewhere, and ask to be put through to the dispatch at this address.", { emergency: known.emergency })}</p>`}
    </details>`;
  }

  // ------------------------------------------------------------------ the screener

  /** @param {any} flag @param {any} screener @param {string} zone */
  function screen(flag, screener, zone) {
    if (!screener) return nothing;
    const key = `screen:${flag.flag}`;
    const given = /** @type {Record<string, boolean>} */ (memory.get(key) ?? flag.screen?.answers ?? {});
    const wanted = screener.questions.filter((/** @type {any} */ each) => !each.asked_if || given[each.asked_if] === true);
    const whole = wanted.every((/** @type {any} */ each) => each.id in given);
    const answers = Object.fromEntries(wanted.filter((/** @type {any} */ each) => each.id in given).map((/** @type {any} */ each) => [each.id, given[each.id]]));
    return html`<details class="flag-part"><summary>${screener.short}${flag.screen ? html`: <strong>${LEVELS[flag.screen.level]}</strong>` : nothing}</summary>
      <p class="hint">${screener.about}</p>
      ${document.documentElement.lang === "en" ? nothing : html`<p class="hint">${t("Its questions stand here in English only, as their authors wrote them. Who is asked in another language is asked by the authors’ own form in that language.")}</p>`}
      ${flag.screen ? html`<p class="soft small">${t("Kept by {name}, {clock}", { name: flag.screen.name, clock: wallTime(flag.screen.at, zone) })}</p>` : nothing}
      ${wanted.map((/** @type {any} */ each) => html`<fieldset class="field"><legend lang="en">${each.text} <span class="soft small">(${each.period})</span></legend>
        <div class="choices">${[true, false].map((yes) => html`<label class="choice"><input type="radio" name="${key}-${each.id}" .checked=${live(given[each.id] === yes)}
          @change=${() => { memory.set(key, { ...given, [each.id]: yes }); redraw(); }}><span>${yes ? t("Yes") : t("No")}</span></label>`)}</div></fieldset>`)}
      <div class="row"><button type="button" class="button primary" ?disabled=${!whole} @click=${async () => {
        if (await ask(flag.flag, "ask_screener", { answers })) memory.set(key, null);
      }}>${flag.screen ? t("Keep it as corrected") : t("Keep these answers")}</button></div>
      <p class="hint" lang="en">${screener.source} ${screener.licence}</p>
    </details>`;
  }

  // ------------------------------------------------------------------ a plan

  /** @param {any} flag @param {any} path */
  function plan(flag, path) {
    if (!path.prompts.length) return nothing;
    return html`<details class="flag-part"><summary>${t("A plan made together")}</summary>
      ${path.prompts.map((/** @type {any} */ prompt) => {
        const id = `plan-${flag.flag}-${prompt.id}`;
        const written = flag.plan[prompt.id] ?? [];
        const mine = written.find((/** @type {any} */ each) => each.by === boot.person)?.text ?? "";
        const unsaved = connection.unsaved(slot(flag.flag, prompt.id))?.text;
        return html`<div class="field"><label for=${id}>${prompt.text}</label>
          ${written.filter((/** @type {any} */ each) => each.by !== boot.person && each.text).map((/** @type {any} */ each) => html`<p class="small"><span class="soft">${each.name}:</span> ${each.text}</p>`)}
          <textarea id=${id} rows="2" maxlength=${TEXT_MAX} .value=${live(typed.get(id) ?? unsaved ?? mine)}
            @input=${(/** @type {any} */ event) => {
              typed.set(id, event.target.value);
              connection.draft(slot(flag.flag, prompt.id), "write_plan", { flag: flag.flag, prompt: prompt.id, text: event.target.value });
            }}></textarea></div>`;
      })}
    </details>`;
  }

  return {
    /** @param {any} flag @param {any} path as in the staff view @param {any} one the person's part of it @param {string} zone */
    draw(flag, path, one, zone) {
      return html`${problems.has(flag.flag) ? html`<p class="notice" role="alert">${problems.get(flag.flag)}</p>` : nothing}
        ${steps(flag, path, zone)}${numbers(flag, one)}${screen(flag, path.screener, zone)}${plan(flag, path)}`;
    },
    /** @param {string} flag */
    take: (flag) => ask(flag, "take_flag", {}),
  };
}

/** @param {string} flag @param {string} prompt */
const slot = (flag, prompt) => `plan:${flag}:${prompt}`;

/** @param {string} drawing @param {string} name @param {string} number */
function way(drawing, name, number) {
  return html`<a class="button" href="tel:${number.replace(/[^+\d]/g, "")}">${icon(drawing)} <span>${name} <span class="soft figures">${number}</span></span></a>`;
}
