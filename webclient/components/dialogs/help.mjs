/** Where to get help now. Plain, steady, the same words wherever it is shown. */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { icon } from "/static/core/icons.mjs";
import { t } from "/static/core/words.mjs";
import { dialled, lines, program, whose } from "./lines.mjs";

/**
 * @param {{how: "coming" | "away" | "seen_to" | null}} shape `how`: what is true, after a safety answer, of who comes; null: somebody looks
 *   for help by themselves
 */
export function help({ how }) {
  const [title, words, then] = WORDS[how ?? "asked"];
  return html`<section class="help" aria-labelledby="help-title">
    <h2 id="help-title">${title}</h2>
    ${words ? html`<p>${words}</p>` : nothing}
    <p>${then}</p>
    <div class="help-ways">
      <a class="button" href="tel:${dialled(lines.crisis)}">${icon("phone")} <span>${t("Call {number}", { number: lines.crisis })} <span class="soft">${lines.crisis === "988" ? t("any time, free") : t("any time")}</span></span></a>
      ${lines.text ? html`<a class="button" href="sms:${dialled(lines.text)}">${icon("message-circle")} <span>${t("Text {number}", { number: lines.text })} <span class="soft">${t("if talking is hard")}</span></span></a>` : nothing}
      <a class="button" href="tel:${dialled(lines.emergency)}">${icon("life-buoy")} <span>${t("Call {number}", { number: lines.emergency })} <span class="soft">${t("if someone is in danger now")}</span></span></a>
      ${program ? html`<a class="button" href="tel:${dialled(program)}">${icon("phone")} <span>${t("Call your program")} <span class="soft figures">${program}</span></span></a>` : nothing}
    </div>
    ${whose()}
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
