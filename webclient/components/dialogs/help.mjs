/** Where to get help now. Plain, steady, the same words wherever it is shown. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";
import { t } from "/static/core/words.mjs";

/**
 * @param {{how: "coming" | "away" | "seen_to" | null, phone?: string}} shape `how`: what is true, after a safety answer, of who comes;
 *   null: somebody looks for help by themselves. `phone`: the clinic's own, where it gave one
 */
export function help({ how, phone = "" }) {
  const [title, words, then] = WORDS[how ?? "asked"];
  return html`<section class="help" aria-labelledby="help-title">
    <h2 id="help-title">${title}</h2>
    ${words ? html`<p>${words}</p>` : nothing}
    <p>${then}</p>
    <div class="help-ways">
      <a class="button" href="tel:988">${icon("phone")} <span>${t("Call 988")} <span class="soft">${t("any time, free")}</span></span></a>
      <a class="button" href="sms:988">${icon("message-circle")} <span>${t("Text 988")} <span class="soft">${t("if talking is hard")}</span></span></a>
      <a class="button" href="tel:911">${icon("life-buoy")} <span>${t("Call 911")} <span class="soft">${t("if someone is in danger now")}</span></span></a>
      ${phone ? html`<a class="button" href="tel:${phone.replace(/[^+\d]/g, "")}">${icon("phone")} <span>${t("Call your program")} <span class="soft figures">${phone}</span></span></a>` : nothing}
    </div>
    <p class="hint">${t("988 is the Suicide and Crisis Lifeline in the US. Elsewhere, call your local emergency number.")}</p>
  </section>`;
}

const WORDS = {
  asked: [t("Help, right now"), "", t("If you need to talk to someone, or you are in danger:")],
  coming: [t("Thank you for telling us"), t("Someone from your group will speak with you. You are not in trouble, and you can stay."),
    t("If you need to talk to someone before that, or you are in danger:")],
  away: [t("Thank you for telling us"), t("Your facilitators’ line is down, so nobody can come to you at this moment. What you told us is kept: they see it as soon as they are back, and then they speak with you."),
    t("You do not have to wait for that. These people answer now:")],
  seen_to: [t("Help stays near"), t("Your facilitators know. If it gets hard again, tell them at any time."), t("Or, whenever you like:")],
};
