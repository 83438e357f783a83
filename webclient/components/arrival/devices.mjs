/**
 * The device check: see yourself, see that you are heard, hear a soft sound, choose devices. Used as a step of the
 * arrival and, for those already in the room, as a dialog. It never stands in the way: with no camera and no
 * microphone one can still go on.
 */

import { html, nothing, render } from "/vendor/lit-html/lit-html.js";
import { live as unchanged } from "/vendor/lit-html/directives/live.js";
import { ref } from "/vendor/lit-html/directives/ref.js";
import { t } from "/static/core/words.mjs";
import { frame } from "/static/media/framing.mjs";

import { playChime } from "./chime.mjs";

/** @typedef {import("/static/media/capture.mjs").Capture} Capture */

const HEARD_LEVEL = 0.3; // a calm voice at arm's length
const UNHEARD_AFTER_MS = 8000;

/**
 * @param {HTMLElement} root
 * @param {{capture: Capture, name?: string, live?: boolean, cameraFirst?: boolean}} context  `name`: whose initial stands for
 *   a camera that is off; `live`: others see and hear this person already, so that turning on and off is the room's business,
 *   not ours; `cameraFirst`: whether the camera is offered to begin with
 * @returns {{update: (name?: string) => void, unmount: () => void}}
 */
export function mount(root, { capture, name = "", live = false, cameraFirst = true }) {
  let asked = live || capture.tracks.audio !== null || capture.tracks.video !== null;
  let asking = false;
  let heard = false;
  let unheard = false;
  let playing = false;
  /** @type {null | "played" | "heard" | "silent"} */
  let sound = null;
  /** @type {import("/static/media/capture.mjs").Devices} */
  let devices = { cameras: [], microphones: [], speakers: [] };
  let micSince = performance.now();
  let mounted = true;

  const stopListening = capture.onChange(async () => {
    await refreshDevices();
    draw();
  });

  /** @param {{camera: boolean, microphone: boolean}} wanted */
  async function open(wanted) {
    asking = true;
    draw();
    await capture.start(wanted);
    asked = true;
    asking = false;
    micSince = performance.now();
    await refreshDevices();
    draw();
  }

  async function refreshDevices() {
    devices = await capture.devices();
  }

  async function hearChime() {
    playing = true;
    draw();
    try {
      await playChime(capture);
      sound = "played";
    } catch {
      sound = "silent";
    }
    playing = false;
    draw();
  }

  // ------------------------------------------------------------------------ microphone level, ten times a second

  /** @type {HTMLElement | undefined} */
  let meter;
  let told = -1;
  const measuring = setInterval(measure, 100);
  function measure() {
    if (!mounted) return clearInterval(measuring);
    if (!meter?.isConnected || document.hidden) return;
    const level = capture.level();
    meter.style.setProperty("--level", level.toFixed(2));
    const shown = Math.round(level * 10) * 10;
    if (shown !== told) meter.setAttribute("aria-valuenow", String((told = shown)));
    const silentFor = performance.now() - micSince;
    if (!heard && level > HEARD_LEVEL) {
      heard = true;
      unheard = false;
      draw();
    } else if (!heard && !unheard && capture.on.microphone && silentFor > UNHEARD_AFTER_MS) {
      unheard = true;
      draw();
    }
  }
  // ------------------------------------------------------------------------ what is shown

  const question = () => html`
    <div class="devices-ask">
      <p>${t("Your browser will ask to use your camera and microphone. Say yes, and try them here first.")}</p>
      <p class="soft">${t("Nobody can see or hear you yet.")}</p>
      <div class="stack tight">
        <button class="button primary large" type="button" ?disabled=${asking}
          @click=${() => open({ camera: cameraFirst, microphone: true })}>
          ${asking ? t("Waiting for your browser…") : cameraFirst ? t("Try camera and microphone") : t("Try the microphone")}
        </button>
        <div class="row">
          <button class="button quiet" type="button" ?disabled=${asking}
            @click=${() => open({ camera: !cameraFirst, microphone: true })}>${cameraFirst ? t("Microphone only") : t("With the camera")}</button>
          <button class="button quiet" type="button" ?disabled=${asking}
            @click=${() => open({ camera: false, microphone: false })}>${t("Neither, I will listen")}</button>
        </div>
      </div>
    </div>`;

  const selfView = () => html`
    <div class="selfview">
      ${capture.on.camera
        ? html`<video autoplay playsinline muted aria-label=${t("You, as in a mirror")} .srcObject=${unchanged(selfStream(capture))}
            @loadedmetadata=${frame} @resize=${frame}></video>`
        : html`<div class="selfview-off" aria-hidden="true">${initial(name)}</div>`}
      <p class="selfview-caption">${!capture.on.camera
        ? t("Camera off")
        : live
          ? t("You, as in a mirror")
          : t("Only you can see this, as in a mirror")}</p>
    </div>`;

  const cameraRow = () => html`
    <div class="device">
      <div class="row apart">
        <span class="device-name">${t("Camera")}</span>
        ${live
          ? nothing
          : html`<button class="button" type="button" aria-pressed=${String(capture.on.camera)} data-device="camera"
              @click=${() => capture.setCamera(!capture.on.camera)}>
              ${capture.on.camera ? t("Turn camera off") : t("Turn camera on")}</button>`}
      </div>
      ${trouble(capture.problems.camera)}
      ${choice(t("Choose a camera"), devices.cameras, capture.chosen.cameraId, (id) => capture.use({ cameraId: id }))}
      ${capture.blur?.possible
        ? html`<label class="choice"><input type="checkbox" .checked=${capture.blur.on}
            @change=${(/** @type {Event} */ event) => capture.setBlur(/** @type {HTMLInputElement} */ (event.target).checked)}>
            <span>${t("Blur what is behind me")}</span></label>`
        : nothing}
    </div>`;

  const microphoneRow = () => html`
    <div class="device">
      <div class="row apart">
        <span class="device-name">${t("Microphone")}</span>
        ${live
          ? nothing
          : html`<button class="button" type="button" aria-pressed=${String(capture.on.microphone)} data-device="microphone"
              @click=${async () => {
                micSince = performance.now();
                heard = unheard = false;
                await capture.setMicrophone(!capture.on.microphone);
              }}>
              ${capture.on.microphone ? t("Mute") : t("Unmute")}</button>`}
      </div>
      ${capture.on.microphone
        ? html`<div class="level" role="meter" aria-label=${t("Microphone level")} aria-valuemin="0" aria-valuemax="100"
              aria-valuenow="0" ${ref((element) => (meter = /** @type {HTMLElement | undefined} */ (element)))}></div>
            <p class="small soft" role="status">${heard
              ? t("We can hear you.")
              : unheard
                ? t("We can’t hear you yet. Is it the right microphone? Is it muted on the headset?")
                : t("Say a few words: the bar should move.")}</p>`
        : live
          ? html`<p class="small soft">${t("You are muted. Unmute in the bar below to see the level.")}</p>`
          : nothing}
      ${trouble(capture.problems.microphone)}
      ${choice(t("Choose a microphone"), devices.microphones, capture.chosen.microphoneId, (id) => {
        heard = unheard = false;
        micSince = performance.now();
        return capture.use({ microphoneId: id });
      })}
    </div>`;

  const speakerRow = () => html`
    <div class="device">
      <div class="row apart">
        <span class="device-name">${t("Sound")}</span>
        <button class="button" type="button" ?disabled=${playing} @click=${hearChime}>
          ${playing ? t("Playing…") : sound ? t("Play it again") : t("Play a soft sound")}</button>
      </div>
      ${sound === "played" && !playing
        ? html`<div class="row">
            <span>${t("Did you hear it?")}</span>
            <button class="button quiet" type="button" @click=${() => { sound = "heard"; draw(); }}>${t("Yes")}</button>
            <button class="button quiet" type="button" @click=${() => { sound = "silent"; draw(); }}>${t("No")}</button>
          </div>`
        : nothing}
      <p class="small soft" role="status">${sound === "heard"
        ? t("Good.")
        : sound === "silent"
          ? t("Turn the volume up, look whether headphones are plugged in, or choose another speaker.")
          : nothing}</p>
      ${choice(t("Choose a speaker"), devices.speakers, capture.chosen.speakerId ?? "", (id) => capture.use({ speakerId: id }))}
    </div>`;

  /** @param {import("/static/media/capture.mjs").Problem | null} problem */
  const trouble = (problem) =>
    problem
      ? html`<div class="notice" role="status"><div class="stack tight">
          <p>${problem.text}</p>
          ${live || problem.code === "none" || problem.code === "insecure"
            ? nothing
            : html`<p><button class="link" type="button" ?disabled=${asking} @click=${() => open({
                camera: capture.on.camera || problem === capture.problems.camera,
                microphone: capture.on.microphone || problem === capture.problems.microphone,
              })}>${t("Try again")}</button></p>`}
        </div></div>`
      : nothing;

  /**
   * @param {string} label @param {{id: string, label: string}[]} options @param {string | undefined} chosen
   * @param {(id: string) => unknown} choose
   */
  const choice = (label, options, chosen, choose) =>
    options.length > 1
      ? html`<label class="device-choice"><span class="visually-hidden">${label}</span>
          <select @change=${(/** @type {Event} */ event) => choose(/** @type {HTMLSelectElement} */ (event.target).value)}>
            ${options.map((option) => html`<option value=${option.id} ?selected=${option.id === chosen}>${option.label}</option>`)}
          </select></label>`
      : nothing;

  function draw() {
    if (!mounted) return;
    render(
      asked
        ? html`<div class="devices">
            ${selfView()}
            <div class="devices-list">
              ${capture.notice ? html`<p class="notice plain" role="status">${capture.notice}</p>` : nothing}
              ${cameraRow()} ${microphoneRow()} ${speakerRow()}
            </div>
          </div>`
        : question(),
      root,
    );
  }

  draw();
  if (asked) void refreshDevices().then(draw);
  else void granted().then((yes) => (yes && mounted && !asked ? open({ camera: cameraFirst, microphone: true }) : undefined));

  return {
    update(newName) {
      if (newName !== undefined) name = newName;
      draw();
    },
    unmount() {
      mounted = false;
      stopListening();
      render(nothing, root);
    },
  };
}

/**
 * The device check as a dialog over whatever is there: in the room (`live`), or in the waiting room. Resolves when it
 * is closed.
 * @param {{capture: Capture, name?: string, live?: boolean}} context
 */
export async function openDevices({ live = true, ...context }) {
  const dialog = document.createElement("dialog");
  dialog.className = "devices-dialog";
  dialog.setAttribute("aria-labelledby", "devices-title");
  render(
    html`<div class="stack">
      <h2 id="devices-title">${t("Camera and sound")}</h2>
      <div class="devices-body"></div>
      <form method="dialog" class="row end"><button class="button primary">${t("Done")}</button></form>
    </div>`,
    dialog,
  );
  document.body.append(dialog);
  const body = /** @type {HTMLElement} */ (dialog.querySelector(".devices-body"));
  const check = mount(body, { ...context, live });
  dialog.showModal();
  await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
  check.unmount();
  dialog.remove();
}

/** One stream a track: a new object each time would make the picture blink. @type {WeakMap<MediaStreamTrack, MediaStream>} */
const streams = new WeakMap();

/** @param {Capture} capture */
export function selfStream(capture) {
  const track = capture.tracks.video;
  if (!track) return null;
  if (!streams.has(track)) streams.set(track, new MediaStream([track]));
  return streams.get(track) ?? null;
}

/** @param {string} name */
export function initial(name) {
  return [...name.trim()][0]?.toUpperCase() ?? "•";
}

/** Was the permission given before? Then no question needs explaining. */
async function granted() {
  try {
    const states = await Promise.all(
      ["camera", "microphone"].map((name) => navigator.permissions.query({ name: /** @type {PermissionName} */ (name) })),
    );
    return states.every((state) => state.state === "granted");
  } catch {
    return false;
  }
}
