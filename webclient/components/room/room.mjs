/** The room: path above, people in the middle, side column beside, dock below. It places the parts and nothing more. */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { t } from "/static/core/words.mjs";
import { mount as breakouts } from "/components/breakouts/breakouts.mjs";
import { mount as dialogs } from "/components/dialogs/dialogs.mjs";
import { mount as dock } from "/components/dock/dock.mjs";
import { mount as flags } from "/components/flags/flags.mjs";
import { mount as notices } from "/components/notices/notices.mjs";
import { mount as path } from "/components/path/path.mjs";
import { mount as round } from "/components/round/round.mjs";
import { mount as side } from "/components/side/side.mjs";
import { mount as stage } from "/components/stage/stage.mjs";

const PARTS = { path, flags, notices, breakouts, round, stage, side, dock, dialogs };

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { ui, act, media } = context;
  render(html`
    <h1 class="visually-hidden" tabindex="-1">${t("Your meeting")}</h1>
    <div class="flags" data-part="flags" hidden></div>
    <div class="path" data-part="path"></div>
    <div class="notices" data-part="notices" hidden></div>
    <section class="small-rooms" data-part="breakouts" aria-label=${t("Small rooms")} hidden></section>
    <section class="round-strip" data-part="round" aria-label=${t("Round")} hidden></section>
    <section class="stage" data-part="stage" aria-label=${t("People")} tabindex="-1"></section>
    <aside class="side" data-part="side" aria-label=${t("Side column")} hidden></aside>
    <footer class="dock" data-part="dock"></footer>
    <dialog data-part="dialogs"></dialog>
    <div class="shield" hidden></div>`, root);
  /** @param {string} name */
  const at = (name) => /** @type {any} */ (root.querySelector(`[data-part="${name}"]`));
  /** @type {{name: string, part: any}[]} */
  const mounted = Object.entries(PARTS).map(([name, part]) => ({ name, part: part(at(name), context) }));
  const shield = /** @type {HTMLElement} */ (root.querySelector(".shield"));

  return {
    /** @param {any} view */
    update(view) {
      media.setMode(ui.state.mode);
      const hidden = ui.state.shield;
      const appears = hidden && shield.hidden;
      shield.hidden = !hidden;
      for (const { name } of mounted) if (name !== "dialogs") at(name).inert = hidden;
      render(hidden ? cover() : nothing, shield);
      if (appears) shield.querySelector("button")?.focus();
      for (const { part } of mounted) part.update(view);
    },
    /** @param {string} key @param {any} state */
    draftChanged(key, state) {
      for (const { part } of mounted) part.draftChanged?.(key, state);
    },
    unmount() {
      for (const { part } of mounted) part.unmount();
      render(nothing, root);
    },
  };

  /** What somebody who walked in sees: nothing of anybody. */
  function cover() {
    return html`<div class="shield-words">
      <p class="shield-title">${t("Paused")}</p>
      <button type="button" class="button large" @click=${() => act.shield(false)}>${t("Go on")}</button>
      <p class="soft small">${t("or press S")}</p>
    </div>`;
  }
}
