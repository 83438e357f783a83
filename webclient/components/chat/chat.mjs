/**
 * The chat: to everyone, or in private to the facilitators, who can answer one person in private. Nobody can write
 * to another participant alone. Who will read a message is said where it is typed, and by colour as well.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { live } from "/vendor/lit-html/directives/live.js";
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { allMessages } from "/static/core/changes.mjs";
import { wallTime } from "/static/core/clock.mjs";
import { icon } from "/static/core/icons.mjs";
import { t } from "/static/core/words.mjs";

const TEXT_MAX = 2_000;
const NEAR_END_PX = 80;

/** @param {HTMLElement} root @param {any} context */
export function mount(root, context) {
  const { boot, connection, memory, ui } = context;
  const staff = boot.role !== "participant";
  let view = /** @type {any} */ (null);
  let text = memory.get("chat") ?? "";
  let to = memory.get("chat-to") ?? "everyone";
  let problem = "";
  /** Sent, not yet in a view. @type {{id: number, text: string, to: string, refused: string}[]} */
  let going = [];
  /** Where the words were begun: nobody's words go to others than those they were written to. @type {string | null | undefined} */
  let begun;
  let count = 0;

  function draw() {
    if (!view) return;
    const messages = allMessages(view);
    const list = root.querySelector(".chat-list");
    const atEnd = !list || list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END_PX;
    if (!recipients().some(([id]) => id === to)) to = "staff"; // somebody left: an answer to them must not go to all
    const secret = to !== "everyone" && to !== "all_rooms";
    render(html`
      <ol class="chat-list plain" tabindex="0" aria-label=${t("Messages")}>
        ${messages.length || going.length ? nothing : html`<li class="chat-empty soft">${t("No messages yet. You can write instead of speaking, whenever that is easier.")}</li>`}
        ${repeat(messages, (one) => one.id, message)}
        ${repeat(going, (one) => one.id, (one) => html`<li class="chat-message own going ${["everyone", "all_rooms"].includes(one.to) ? "" : "private"}"><p>${one.text}</p>
          <p class="small">${one.refused || t("Sending…")}</p></li>`)}
      </ol>
      <form class="chat-form ${secret ? "private" : ""}" @submit=${send}>
        <div class="chat-to">
          <label for="chat-to">${t("To")}</label>
          <select id="chat-to" @change=${(/** @type {any} */ event) => choose(event.target.value)}>
            ${recipients().map(([id, name]) => html`<option value=${id} .selected=${live(id === to)}>${name}</option>`)}
          </select>
        </div>
        <p class="hint" id="chat-who">${whoReads()}</p>
        <div class="chat-write">
          <label class="visually-hidden" for="chat-text">${t("Your message")}</label>
          <textarea id="chat-text" rows="2" maxlength=${TEXT_MAX} aria-describedby="chat-who" .value=${live(text)}
            @input=${(/** @type {any} */ event) => type(event.target.value)} @keydown=${keys}></textarea>
          <button class="button primary icon-only" aria-label=${t("Send")} title=${t("Send (Enter)")} ?disabled=${!text.trim()}>${icon("send")}</button>
        </div>
        ${problem ? html`<p class="notice" role="alert">${problem}</p>` : nothing}
      </form>`, root);
    const now = messages.length + going.length;
    if (atEnd && now !== count) scrollToEnd();
    count = now;
  }

  function scrollToEnd() {
    const list = root.querySelector(".chat-list");
    if (list) list.scrollTop = list.scrollHeight;
  }

  /** @param {any} one */
  function message(one) {
    const own = one.person === boot.person;
    const secret = one.to !== "everyone" && one.to !== "all_rooms";
    return html`<li class="chat-message ${own ? "own" : ""} ${secret ? "private" : ""}">
      <p class="chat-by small"><strong>${own ? t("You") : one.name}</strong>
        <time class="soft">${wallTime(one.at, view.room.zone)}</time>
        ${one.to === "all_rooms" ? html`<span class="chip">${t("to all rooms")}</span>` : nothing}
        ${secret ? html`<span class="chip clay">${icon("lock")} ${privately(one)}</span>` : nothing}</p>
      <p class="chat-text">${one.text}</p>
    </li>`;
  }

  /** @param {any} one */
  function privately(one) {
    if (one.to === "staff") return t("to facilitators");
    return one.to === boot.person ? t("only to you") : t("only to {name}", { name: nameOf(one.to) });
  }

  /** @returns {[string, string][]} */
  function recipients() {
    /** @type {[string, string][]} */
    const list = [["everyone", view.room.small_room ? t("Everyone in this small room") : t("Everyone")], ["staff", staff ? t("Facilitators only") : t("Facilitators, in private")]];
    if (["facilitator", "cofacilitator"].includes(boot.role) && view.room.breakouts) list.push(["all_rooms", t("All rooms")]);
    if (staff) {
      for (const one of view.staff?.people ?? []) {
        if (one.role === "participant" && ["room", "waiting"].includes(one.place)) list.push([one.person, t("{name}, in private", { name: one.name })]);
      }
    }
    return list;
  }

  function whoReads() {
    if (to === "all_rooms") return t("Everyone reads this, in whichever room they are.");
    if (to === "everyone") return view.room.small_room ? t("Only those in this small room can read this.") : t("Everyone in the room can read this.");
    if (to === "staff") return staff ? t("Only facilitators read this.") : t("Only the facilitators read this, and can answer you.");
    return t("Only {name} and the facilitators read this.", { name: nameOf(to) });
  }

  /** @param {string} person */
  function nameOf(person) {
    return view.staff?.people.find((/** @type {any} */ one) => one.person === person)?.name ?? t("one person");
  }

  /** @param {string} value */
  function type(value) {
    if (!text) begun = here();
    text = value;
    memory.set("chat", value);
    problem = "";
    draw();
  }

  const here = () => view?.room.small_room?.room ?? null;

  /** @param {string} value */
  function choose(value) {
    to = value;
    memory.set("chat-to", value);
    draw();
  }

  /** @param {KeyboardEvent} event */
  function keys(event) {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      void send(event);
    }
  }

  /** @param {Event} event */
  async function send(event) {
    event.preventDefault();
    const words = text.trim();
    if (!words) return;
    if (to === "everyone" && begun !== undefined && begun !== here()) {
      begun = here();
      problem = view.room.small_room ? t("You are in a small room now, and those here would read this. Send it again if you want that.")
        : t("You are back with the group, and everybody would read this. Send it again if you want that.");
      return draw();
    }
    const one = { id: Math.random(), text: words, to, refused: "" };
    going.push(one);
    type("");
    scrollToEnd();
    try {
      const { seq } = await connection.send("send_chat", { text: words, to: one.to, room: here() });
      await context.seen(seq);
    } catch (refusal) {
      problem = t("Not sent: {why}", { why: /** @type {any} */ (refusal).text });
      if (!text) text = words; // back where it was typed
    }
    going = going.filter((other) => other !== one);
    draw();
  }

  return {
    /** @param {any} next */
    update(next) {
      view = next;
      draw();
      if (ui.state.panel === "chat" && !document.hidden) context.read();
    },
    /** Called when the chat comes into sight. @param {string | undefined} person whom to write to */
    show(person) {
      if (person) choose(person);
      scrollToEnd();
      // Not on a phone: its keyboard would cover what is to be read.
      if (matchMedia("(pointer: fine)").matches) /** @type {HTMLElement | null} */ (root.querySelector("#chat-text"))?.focus();
    },
    unmount: () => render(nothing, root),
  };
}
