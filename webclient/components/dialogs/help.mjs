/** Where to get help now. Plain, steady, the same words wherever it is shown. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";
import { t } from "/static/core/words.mjs";

/** @param {{calling: boolean}} shape `calling`: a safety answer was given, so someone will come by themselves */
export function help({ calling }) {
  return html`<section class="help" aria-labelledby="help-title">
    <h2 id="help-title">${calling ? t("Thank you for telling us") : t("Help, right now")}</h2>
    ${calling ? html`<p>${t("Someone from your group will speak with you. You are not in trouble, and you can stay.")}</p>` : nothing}
    <p>${t("If you need to talk to someone before that, or you are in danger:")}</p>
    <div class="help-ways">
      <a class="button" href="tel:988">${icon("phone")} <span>${t("Call 988")} <span class="soft">${t("any time, free")}</span></span></a>
      <a class="button" href="sms:988">${icon("message-circle")} <span>${t("Text 988")} <span class="soft">${t("if talking is hard")}</span></span></a>
      <a class="button" href="tel:911">${icon("life-buoy")} <span>${t("Call 911")} <span class="soft">${t("if someone is in danger now")}</span></span></a>
    </div>
    <p class="hint">${t("988 is the Suicide and Crisis Lifeline in the US. Elsewhere, call your local emergency number.")}</p>
  </section>`;
}
