/**
 * The stage: everyone who is here, in equal tiles, always in the same order.
 *
 * Whoever speaks gets a ring and nothing moves. Where the grid has to scroll (phones), whoever spoke last is shown
 * once more above it, so that nobody has to search for a voice.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { classMap } from "/vendor/lit-html/directives/class-map.js";
import { live } from "/vendor/lit-html/directives/live.js"; // lit sets an object anew at every turn: a picture would flicker
import { repeat } from "/vendor/lit-html/directives/repeat.js";
import { icon } from "/static/core/icons.mjs";
import { countdown, present, wallTime } from "/static/core/clock.mjs";
import { t } from "/static/core/words.mjs";
import { frame } from "/static/media/framing.mjs";
import { REACTIONS, REACTION_MS } from "/components/dock/reactions.mjs";
import { fit, PHONE_RULES, RULES } from "./fit.mjs";

const PIN_MS = 2_000; // how long a voice stays pinned at least: a cough shall not take the place
const PIN_HEIGHT_PX_MIN = 420; // below, the pinned picture would leave no room for the others
const STRIP_HEIGHT_PX_MAX = 220;
const FACES_BESIDE_SCREEN_PX = 162;
const SCREEN_GAP_PX = 8; // between a shared screen and its words, as in stage.css
const RING_PX = 6; // room around the faces beside it for the ring of who speaks, likewise
const SCREEN_ALONE_PX = 320;
const SLIVER_PX_MIN = 64; // of less nobody is to be recognised
const TINY_PX = 96; // no room beside a name
const HEIGHT_STEP_PX = 30; // sizes are wished for in steps, so that a resize does not send a wish per pixel

/**
 * @param {HTMLElement} root @param {any} context
 */
export function mount(root, context) {
  const { connection, media, capture, boot, ui, act } = context;
  const leads = ["facilitator", "cofacilitator"].includes(boot.role);
  let view = /** @type {any} */ (null);
  let layout = { columns: 1, tile: 0, scrolls: false, pins: false };
  let pinned = { person: "", since: 0 };
  /** @type {Set<Element>} */
  const visible = new Set();

  const sizes = new ResizeObserver(() => draw());
  const sight = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) isIntersecting ? visible.add(target) : visible.delete(target);
      wish();
    },
    { root, rootMargin: "64px 0px" },
  );
  const watched = new Set();
  sizes.observe(root);

  function draw() {
    if (!view) return;
    const { hideSelf } = ui.state;
    const ended = view.room.phase === "ended"; // whoever is gone then is not coming back
    const people = view.room.people.filter((/** @type {any} */ one) => one.person === boot.person ? !hideSelf : one.connected || !ended);
    const breakNow = present(view.room.agenda, connection.now());
    const onBreak = breakNow?.segment.kind === "break" && view.room.phase === "running";
    root.classList.toggle("with-break", onBreak);
    root.classList.toggle("with-screen", Boolean(view.room.screen));
    choosePinned(people);

    render(html`${onBreak ? breakClock(breakNow) : nothing}
      ${view.room.screen ? sharedScreen(view.room.screen) : nothing}
      ${people.length === 0 ? empty() : nothing}
      <div class="stage-pin" ?hidden=${!layout.pins || !pinned.person}>${layout.pins ? pin(people) : nothing}</div>
      <ul class="stage-grid plain" aria-label=${t("People here")}>
        ${repeat(people, (one) => one.person, tile)}
      </ul>`, root);

    place(people.length);
    watch();
  }

  /** @param {number} count */
  function place(count) {
    const grid = /** @type {HTMLElement} */ (root.querySelector(".stage-grid"));
    const style = getComputedStyle(root);
    const width = root.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
    const clock = root.querySelector(".break-clock");
    const screen = /** @type {HTMLElement | null} */ (root.querySelector(".shared-screen"));
    const height = root.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom)
      - (clock ? clock.getBoundingClientRect().height + RULES.gap : 0);
    if (width <= 0) return;
    if (height < SLIVER_PX_MIN) {
      grid.hidden = true;
      return;
    }
    const small = width < 600;
    const rules = small ? PHONE_RULES : RULES;
    // Beside a sheet on a phone there is no place for both: then the screen is what everybody looks at.
    const screenAlone = screen !== null && height < SCREEN_ALONE_PX;
    const rest = screen === null ? height : beside(screen, screenAlone, width, height);
    grid.hidden = screenAlone;
    const even = screen === null ? fit(count, width, rest, rules) : fit(count, width - 2 * RING_PX, rest, { ...rules, tileMin: TINY_PX });
    // Beside an open sheet on a phone, or a screen: where they do not fit, everyone in one row, to be swiped through.
    const strip = screen === null ? height < STRIP_HEIGHT_PX_MAX : even.scrolls;
    const next = strip ? inOneRow(count, Math.min(rest, STRIP_HEIGHT_PX_MAX), rules) : even;
    root.classList.toggle("strip", strip);
    root.classList.toggle("tiny", next.tile < TINY_PX);
    grid.style.setProperty("--columns", String(next.columns));
    grid.style.setProperty("--tile", `${next.tile}px`);
    grid.style.setProperty("--gap", `${rules.gap}px`);
    grid.style.setProperty("--caption", `${rules.caption}px`);
    root.classList.toggle("scrolls", next.scrolls);
    root.tabIndex = next.scrolls ? 0 : -1; // arrow keys scroll it then
    const pins = next.scrolls && !strip && small && !clock && root.clientHeight > PIN_HEIGHT_PX_MIN;
    const again = pins !== layout.pins;
    layout = { ...next, pins };
    if (again) draw();
  }

  /**
   * Give a shared screen its place, no higher than its picture needs. Returns how high what is left for the faces is.
   * @param {HTMLElement} screen @param {boolean} alone @param {number} width @param {number} height
   */
  function beside(screen, alone, width, height) {
    const faces = alone ? 0 : Math.min(FACES_BESIDE_SCREEN_PX, height / 4) + RULES.gap;
    const { videoWidth = 0, videoHeight = 0 } = screen.querySelector("video") ?? {};
    const words = screen.querySelector("figcaption")?.getBoundingClientRect().height ?? 0;
    const needed = videoWidth ? Math.ceil((width * videoHeight) / videoWidth + words + SCREEN_GAP_PX) : height;
    const given = Math.min(height - faces, needed);
    screen.style.setProperty("--screen-height", `${given}px`);
    return height - given - RULES.gap - 2 * RING_PX;
  }

  /** @param {any[]} people */
  function choosePinned(people) {
    const now = performance.now();
    const loudest = people
      .filter((one) => one.person !== boot.person && media.levels[one.person] !== undefined)
      .sort((a, b) => media.levels[b.person] - media.levels[a.person])[0];
    const still = people.some((one) => one.person === pinned.person);
    if (!still) pinned = { person: "", since: 0 };
    if (loudest && loudest.person !== pinned.person && now - pinned.since > PIN_MS) {
      pinned = { person: loudest.person, since: now };
    }
    if (!pinned.person) {
      const lead = people.find((one) => one.lead && one.person !== boot.person);
      if (lead) pinned = { person: lead.person, since: 0 };
    }
  }

  /** @param {any[]} people */
  function pin(people) {
    const person = people.find((one) => one.person === pinned.person);
    return person ? html`${picture(person)}<p class="tile-name" aria-hidden="true"><span>${person.name}</span></p>` : "";
  }

  /** @param {any} person */
  function tile(person) {
    const self = person.person === boot.person;
    const speaking = person.connected && media.levels[person.person] !== undefined;
    const classes = { tile: true, speaking, self, away: !person.connected };
    return html`<li class=${classMap(classes)} data-person=${person.person}>
      ${picture(person)}
      <p class="tile-name">
        ${person.microphone ? nothing : html`<span class="tile-muted" title=${t("Microphone off")}>${icon("mic-off")}</span>`}
        ${struggles(person) ? html`<span class="tile-weak" title=${struggles(person)}>${icon("wifi")}</span>` : nothing}
        <span class="tile-words" title=${person.name}>${person.name}</span>
        ${self ? html`<span class="tile-you">${t("(you)")}</span>` : nothing}
        <span class="visually-hidden">${inWords(person, speaking)}</span>
      </p>
    </li>`;
  }

  /** @param {any} person */
  function picture(person) {
    const self = person.person === boot.person;
    const stream = self ? (capture.on.camera ? media.own() : null) : person.camera ? media.video(person.person) : null;
    const reaction = freshReaction(person);
    return html`<div class="picture quiet-${quiet(person.person)}" aria-hidden="true">
      <span class="initial">${initial(person.name)}</span>
      ${stream ? html`<video .srcObject=${live(stream)} class=${self ? "mirrored" : ""} muted .muted=${true} autoplay
        playsinline disablepictureinpicture @loadedmetadata=${appear} @resize=${frame}></video>` : nothing}
      ${person.connected ? nothing : html`<span class="tile-state">${t("Reconnecting…")}</span>`}
      ${isLeftOut(person) ? html`<span class="tile-state">${t("No picture")}</span>` : nothing}
      ${person.hand ? html`<span class="tile-hand">${icon("hand")}<span class="figures">${person.hand}</span></span>` : nothing}
      ${reaction ? html`<span class="tile-reaction">${icon(reaction.icon)}</span>` : nothing}
    </div>`;
  }

  /** How somebody's connection is, if it is not good; staff alone are told. @param {any} person */
  function struggles(person) {
    const word = person.connected ? media.qualities[person.person] : undefined;
    return word === undefined ? "" : word === "poor" ? t("Very weak line") : t("Weak line");
  }

  /** Their camera is on, and it is my wish or my connection that keeps the picture away. @param {any} person */
  function isLeftOut(person) {
    if (person.person === boot.person || !person.connected || !person.camera || media.video(person.person)) return false;
    const { word, direction } = media.quality;
    return ui.state.mode === "audio_only" || (media.state === "connected" && word !== "good" && direction !== "up");
  }

  /** @param {any} person */
  function freshReaction(person) {
    if (!person.reaction || connection.now() - person.reaction.at > REACTION_MS) return null;
    return REACTIONS.find((one) => one.id === person.reaction.reaction) ?? null;
  }

  /** @param {any} person @param {boolean} speaking */
  function inWords(person, speaking) {
    const reaction = freshReaction(person);
    return [
      person.microphone ? "" : t("microphone off"),
      person.camera ? "" : t("camera off"),
      struggles(person),
      isLeftOut(person) ? t("camera on, no picture here just now") : "",
      person.hand ? t("hand raised, number {n}", { n: person.hand }) : "",
      speaking ? t("speaking") : "",
      person.connected ? "" : t("reconnecting"),
      reaction ? reaction.label : "",
    ].filter(Boolean).map((words) => `, ${words}`).join("");
  }

  /** What somebody shows to all, large; whoever shows it, or leads, can end it. @param {string} person */
  function sharedScreen(person) {
    const mine = person === boot.person;
    const name = view.room.people.find((/** @type {any} */ one) => one.person === person)?.name ?? "";
    const stream = mine ? act.ownScreen() : media.screen(person);
    const words = mine ? t("You are showing your screen") : t("{name} is showing their screen", { name });
    const waiting = mine ? t("On your other device.") : ui.state.mode === "audio_only" ? t("You chose to receive sound only.") : t("One moment…");
    return html`<figure class="shared-screen" aria-label=${words}>
      ${stream ? html`<video .srcObject=${live(stream)} muted .muted=${true} autoplay playsinline
          @loadedmetadata=${begin} @resize=${draw}></video>`
        : html`<p class="shared-waiting">${waiting}</p>`}
      <figcaption>${icon("screen-share")} <span class="grow">${words}</span>
        ${mine ? nothing : html`<button type="button" class="button quiet" @click=${wholeScreen}>${icon("maximize")} ${t("Large")}</button>`}
        ${mine && stream ? html`<button type="button" class="button primary" @click=${act.share}>${t("Stop showing")}</button>` : nothing}
        ${!mine && leads ? html`<button type="button" class="button" @click=${() => act.ask("stop_sharing", { person })}>${t("End it")}</button>` : nothing}
      </figcaption>
    </figure>`;
  }

  /** Now it is known how high it is. @param {Event} event */
  function begin(event) {
    play(event);
    draw();
  }

  /** @param {Event} event */
  async function wholeScreen(event) {
    const video = /** @type {any} */ (/** @type {Element} */ (event.target).closest("figure")?.querySelector("video"));
    if (!video?.requestFullscreen) {
      video?.webkitEnterFullscreen?.(); // all that an iPhone has
      return;
    }
    try {
      await video.requestFullscreen();
      // On a phone held upright it would be no larger than before; laid on its side it is twice that, until it is left.
      if (video.videoWidth > video.videoHeight) await /** @type {any} */ (screen.orientation).lock("landscape");
    } catch {
      // A computer's screen cannot be turned.
    }
  }

  /** @param {any} now */
  function breakClock({ segment, left }) {
    const { agenda, zone } = view.room;
    const back = agenda.ends_at === null ? null : wallTime(agenda.ends_at, zone);
    const over = left !== null && left <= 0;
    return html`<section class="break-clock" aria-label=${t("Break")}>
      <h2>${segment.title}</h2>
      ${agenda.paused || left === null
        ? html`<p class="break-left">${t("Paused")}</p>`
        : over
          ? html`<p class="break-left">${t("Welcome back")}</p><p>${t("We go on in a moment.")}</p>`
          : html`<p class="break-left figures" role="timer">${countdown(left)}</p>
              <p class="break-back">${t("Back at")} <time>${back}</time></p>`}
    </section>`;
  }

  function empty() {
    return html`<p class="stage-empty">${t("Nobody else is here yet.")}</p>`;
  }

  function watch() {
    const tiles = new Set(root.querySelectorAll("[data-person]"));
    for (const one of tiles) {
      if (watched.has(one)) continue;
      watched.add(one);
      sight.observe(one);
    }
    for (const one of [...watched]) {
      if (tiles.has(one)) continue;
      watched.delete(one);
      visible.delete(one);
      sight.unobserve(one);
    }
    wish();
  }

  function wish() {
    if (!view) return;
    const scale = Math.min(globalThis.devicePixelRatio || 1, 2);
    /** @type {Record<string, number>} */
    const heights = {};
    for (const one of /** @type {Set<HTMLElement>} */ (watched)) {
      const person = one.dataset.person ?? "";
      if (person === boot.person) continue;
      const shown = visible.has(one) && !document.hidden && !ui.state.shield;
      heights[person] = shown ? Math.ceil((layout.tile * 0.75 * scale) / HEIGHT_STEP_PX) * HEIGHT_STEP_PX : 0;
    }
    if (layout.pins && pinned.person in heights && !document.hidden && !ui.state.shield) {
      heights[pinned.person] = Math.max(heights[pinned.person], 360);
    }
    media.wish(heights, !document.hidden && !ui.state.shield);
  }

  document.addEventListener("visibilitychange", wish);

  return {
    /** @param {any} next */
    update(next) {
      view = next;
      draw();
    },
    unmount() {
      document.removeEventListener("visibilitychange", wish);
      sizes.disconnect();
      sight.disconnect();
      render(nothing, root);
    },
  };
}

/** @param {Event} event */
function appear(event) {
  frame(event);
  play(event);
}

/** Some browsers wait for a word even for silent pictures. @param {Event} event */
function play(event) {
  /** @type {HTMLVideoElement} */ (event.target).play().catch(() => undefined);
}

/** @param {number} count @param {number} height @param {{caption: number, tileMin: number}} rules */
function inOneRow(count, height, { caption, tileMin }) {
  const tile = Math.floor((height - caption) * (4 / 3));
  return { columns: count, tile: Math.max(tileMin / 2, Math.min(tile, tileMin)), scrolls: true };
}

/** @param {string} name */
function initial(name) {
  return (Array.from(name.trim())[0] ?? "").toLocaleUpperCase();
}

/** Always the same quiet colour for the same person. @param {string} person */
function quiet(person) {
  let sum = 0;
  for (const letter of person) sum = (sum * 31 + letter.charCodeAt(0)) % 997;
  return (sum % 6) + 1;
}
