/**
 * The side column (on phones a sheet from below): tabs that stay alive while another one is shown, so that nothing
 * typed and no place in a list is lost by looking elsewhere.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { waitingOf } from "/static/core/changes.mjs";
import { icon } from "/static/core/icons.mjs";
import { t } from "/static/core/words.mjs";
import { mount as agenda } from "/components/agenda/agenda.mjs";
import { mount as chat } from "/components/chat/chat.mjs";
import { mount as notes } from "/components/notes/notes.mjs";
import { mount as now } from "/components/now/now.mjs";
import { mount as people } from "/components/people/people.mjs";

const TABS = {
  now: { word: t("Now"), mount: now, className: "card-body stack loose" },
  people: { word: t("People"), mount: people, className: "people" },
  agenda: { word: t("Path"), mount: agenda, className: "agenda" },
  notes: { word: t("Notes"), mount: notes, className: "notes" },
  chat: { word: t("Chat"), mount: chat, className: "chat" },
};

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, ui } = context;
  /** @type {(keyof typeof TABS)[]} */
  const ids = boot.role === "participant" ? ["now", "chat"] : ["people", "agenda", "now", "notes", "chat"];
  /** @type {Map<string, any>} */
  const mounted = new Map();
  let shown = /** @type {string | null} */ (null);

  render(html`
    <div class="side-head"></div>
    ${ids.map((id) => html`<div class="side-body ${TABS[id].className}" id="tab-${id}" role="tabpanel" aria-labelledby="tab-${id}-name" hidden></div>`)}`, root);
  const head = /** @type {HTMLElement} */ (root.querySelector(".side-head"));
  for (const id of ids) mounted.set(id, TABS[id].mount(/** @type {HTMLElement} */ (root.querySelector(`#tab-${id}`)), context));

  /** @param {boolean} waits whether somebody waits to be let in */
  function drawHead(waits) {
    const { panel, unread } = ui.state;
    render(html`<div class="side-tabs" role="tablist" aria-label=${t("Side column")} @keydown=${arrows}>
        ${ids.map((id) => html`<button type="button" role="tab" id="tab-${id}-name" aria-controls="tab-${id}" aria-selected=${id === panel ? "true" : "false"}
          tabindex=${id === panel ? "0" : "-1"} class="side-tab" @click=${() => ui.set({ panel: id })}>${TABS[id].word}${id === "chat" && unread
            ? html`<span class="side-mark"></span><span class="visually-hidden">${t(", new messages")}</span>` : nothing}${id === "people" && waits && panel !== "people"
            ? html`<span class="side-mark"></span><span class="visually-hidden">${t(", somebody waits to come in")}</span>` : nothing}</button>`)}
      </div>
      <button type="button" class="button quiet icon-only" aria-label=${t("Fold away")} title=${t("Fold away")} @click=${() => ui.set({ panel: null })}>${icon("x")}</button>`, head);
  }

  /** @param {KeyboardEvent} event */
  function arrows(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = ids[(ids.indexOf(ui.state.panel) + step + ids.length) % ids.length];
    ui.set({ panel: next });
    /** @type {HTMLElement | null} */ (root.querySelector(`#tab-${next}-name`))?.focus();
  }

  return {
    /** @param {any} view */
    update(view) {
      const { panel, chatTo } = ui.state;
      root.hidden = panel === null;
      for (const id of ids) {
        /** @type {HTMLElement} */ (root.querySelector(`#tab-${id}`)).hidden = id !== panel;
        mounted.get(id).update(view);
      }
      drawHead(Boolean(view.staff && waitingOf(view.staff).length));
      if (panel === "chat" && (shown !== "chat" || chatTo)) {
        mounted.get("chat").show(chatTo);
        if (chatTo) ui.set({ chatTo: null });
      }
      shown = panel;
    },
    /** @param {string} key @param {any} state */
    draftChanged(key, state) {
      mounted.get("notes")?.draftChanged(key, state);
    },
    unmount() {
      for (const one of mounted.values()) one.unmount();
      render(nothing, root);
    },
  };
}
