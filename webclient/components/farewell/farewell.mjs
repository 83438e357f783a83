/** After the room: thanks, what comes next, and a way back where there is one. */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { inMinutes, liveMinutes } from "/static/core/clock.mjs";
import { rich, t } from "/static/core/words.mjs";
import { emergency, reach } from "/components/dialogs/lines.mjs";

/**
 * @param {HTMLElement} root
 * @param {{boot: any, now: number, view: any, reason: string | null, code: number | null}} last
 *   `view`: the last one that came, if any; `reason`: the server's goodbye; `code`: the close code
 */
export function mount(root, { boot, now, view, reason, code }) {
  const staff = boot.role !== "participant";
  const home = boot.home ?? "/home";
  const words = reason ?? (code === 4401 ? "expired" : code === 4403 ? "forbidden" : code === 4404 ? "unknown" : "failed");
  const page = (PAGES[/** @type {keyof typeof PAGES} */ (words)] ?? PAGES.failed)(staff);
  const minutes = view?.you.minutes ? liveMinutes(view.you.minutes, now) : null;

  render(html`<div class="farewell stack">
    <h1 tabindex="-1">${page.title}</h1>
    ${page.text.map((/** @type {string} */ text) => html`<p>${text}</p>`)}
    ${minutes && minutes.counted > 0 && ["left", "ended"].includes(words) ? html`<p class="farewell-minutes">${rich("You were here for {time} that count so far.", { time: html`<strong>${inMinutes(minutes.counted)}</strong>` })}</p>` : nothing}
    ${boot.minutes && ["left", "ended"].includes(words) ? html`<p><a href=${boot.minutes}>${t("See how your minutes came about, or say that something is not right")}</a></p>` : nothing}
    <div class="row">
      ${page.back ? html`<button type="button" class="button primary large" @click=${() => location.reload()}>${page.back}</button>` : nothing}
      ${staff && words === "ended" ? html`<a class="button primary large" href=${boot.record}>${t("Open the record")}</a>` : nothing}
      <a class="button large ${page.back || (staff && words === "ended") ? "" : "primary"}" href=${home}>${staff ? t("To your sessions") : t("To your page")}</a>
    </div>
    ${page.help ? html`<p class="soft small">${rich("If tonight gets hard: {reach}, any time. In danger: {emergency}.", { reach: reach(), emergency: emergency() })}</p>` : nothing}
  </div>`, root);
  root.querySelector("h1")?.focus();
  return { update() {}, unmount: () => render(nothing, root) };
}

const PAGES = {
  left: (/** @type {boolean} */ staff) => ({
    title: t("You left the meeting"),
    text: [staff ? t("The group and its clock go on.") : t("Your minutes are safe. If the group is still on, you can come back.")],
    back: t("Come back in"), help: !staff,
  }),
  consent: () => ({
    title: t("You took back something that this meeting needs"),
    text: [
      t("So the meeting by video ends for you here. That is your right, and it is all right. Your minutes are safe, and everything else goes on."),
      t("Your facilitators know, and will talk with you about other ways. If you want to come back, sign again under Agreements."),
    ],
    back: "", help: true,
  }),
  removed: () => ({
    title: t("You are not in the meeting any more"),
    text: [t("A facilitator ended your part for today. They will be in touch with you.")],
    back: "", help: true,
  }),
  ended: (/** @type {boolean} */ staff) => ({
    title: staff ? t("The session has ended") : t("Thank you for being here"),
    text: staff ? [t("What is left: read the record, finish each note, sign.")] : [t("The session has ended. Be gentle with yourself for the rest of the day.")],
    back: "", help: !staff,
  }),
  quick_exit: () => ({ title: t("Your meeting"), text: [t("You left.")], back: t("Come back in"), help: false }),
  expired: () => ({
    title: t("Please open your link again"),
    text: [t("For your privacy, this page closes after a while. The link you were sent brings you back.")],
    back: "", help: false,
  }),
  forbidden: () => ({ title: t("This page is not open to you"), text: [t("The link you were sent brings you to your own meeting.")], back: "", help: false }),
  unknown: () => ({ title: t("This meeting was not found"), text: [t("It may have been moved. Your link, or your program, can tell you.")], back: "", help: false }),
  failed: () => ({ title: t("The line was closed"), text: [t("This was a mistake of ours. Your minutes and your words are safe.")], back: t("Connect again"), help: false }),
};
