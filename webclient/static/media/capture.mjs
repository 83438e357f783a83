/**
 * The camera and the microphone of this browser: asking for them, switching them, and saying in plain words what is
 * wrong. Off means off: a camera that is off has no track, and its light is out.
 *
 * Nothing here rejects because of a device. What cannot be had is simply missing from `tracks`, and `problems` says
 * why, so that somebody without camera or microphone can still come in and listen.
 *
 * Source of the error names: W3C Media Capture and Streams, §10.3 getUserMedia().
 */

import { t } from "/static/core/words.mjs";

/**
 * @typedef {"camera" | "microphone"} Kind
 * @typedef {{code: "denied" | "none" | "in_use" | "insecure" | "failed", text: string}} Problem
 * @typedef {{id: string, label: string}} Device
 * @typedef {{cameras: Device[], microphones: Device[], speakers: Device[]}} Devices
 * @typedef {{cameraId?: string, microphoneId?: string, speakerId?: string}} Choice
 * @typedef {{camera: boolean, microphone: boolean}} Wanted
 *
 * @typedef {object} Capture
 * @property {() => Promise<Devices>} devices  What can be chosen; names appear once permission was given.
 * @property {(wanted: Partial<Wanted> & Choice) => Promise<void>} start  Open what is wanted, with one question to the
 *   person at most.
 * @property {() => void} stop  Let go of everything: lights out.
 * @property {(on: boolean) => Promise<void>} setCamera  Off stops the track; on opens the chosen camera.
 * @property {(on: boolean) => Promise<void>} setMicrophone  Off sends silence but keeps the device, so that on is
 *   instant.
 * @property {(choice: Choice) => Promise<void>} use  Choose devices, at any time.
 * @property {{audio: MediaStreamTrack | null, video: MediaStreamTrack | null}} tracks  What can be sent now.
 * @property {Wanted} on  What is really on now.
 * @property {Choice} chosen  The ids in use ("" = the system's own choice).
 * @property {{camera: Problem | null, microphone: Problem | null}} problems
 * @property {string | null} error  The most important problem, in words.
 * @property {string | null} notice  What was changed by itself, in words ("Your headset was unplugged. …").
 * @property {{possible: boolean, on: boolean}} blur  Whether the browser or system can blur what is behind, and does.
 * @property {(on: boolean) => Promise<void>} setBlur
 * @property {boolean} microphoneBack  A microphone is there again after the last one was lost.
 * @property {() => number} level  How loud the microphone is now: 0 (silence) … 1.
 * @property {(element: HTMLMediaElement) => Promise<void>} speakThrough  Play an element on the chosen speaker.
 * @property {(listener: () => void) => () => void} onChange  Called after every change; the result ends it.
 */

const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 };
const VIDEO = { width: { ideal: 960 }, height: { ideal: 540 }, frameRate: { ideal: 24, max: 30 } };
const KEPT = "milieu-devices";
const BLUR = "milieu-blur";
const QUIET_DB = -60; // a calm room; shown as nothing
const LOUD_DB = -12; // a firm voice close by; shown as full

/** @type {Record<Kind, Record<Problem["code"], string>>} */
const WORDS = {
  camera: {
    denied: t("This browser may not use your camera. You can allow it beside the address, or join without it."),
    none: t("No camera was found. You can join without one."),
    in_use: t("Another program is using your camera. Close it and try again, or join without it."),
    insecure: t("The camera works only over a secure address (https)."),
    failed: t("Your camera did not start. You can try again, choose another, or join without it."),
  },
  microphone: {
    denied: t("This browser may not use your microphone. You can allow it beside the address, or join and listen."),
    none: t("No microphone was found. You can join and listen, and use the chat."),
    in_use: t("Another program is using your microphone. Close it and try again, or join and listen."),
    insecure: t("The microphone works only over a secure address (https)."),
    failed: t("Your microphone did not start. You can try again, choose another, or join and listen."),
  },
};

const OWN = { camera: t("Your camera"), microphone: t("Your microphone") };
const OTHER = { camera: t("another camera"), microphone: t("another microphone") };

/** @type {Record<Kind, {track: "video" | "audio", device: MediaDeviceKind, choice: "cameraId" | "microphoneId"}>} */
const KINDS = {
  camera: { track: "video", device: "videoinput", choice: "cameraId" },
  microphone: { track: "audio", device: "audioinput", choice: "microphoneId" },
};

/** @returns {Capture} */
export function createCapture() {
  const media = globalThis.navigator?.mediaDevices;
  /** @type {Set<() => void>} */
  const listeners = new Set();
  /** @type {Wanted} what the person asked for, which a lost device does not change */
  const wanted = { camera: false, microphone: false };
  /** @type {Choice} */
  const chosen = remembered();
  /** What the person chose by hand; a device that is lost and comes back is used again. @type {Choice} */
  const preferred = { ...chosen };
  /** Kinds that run on whatever there was, after the device in use was lost. @type {Set<Kind>} */
  const makeshift = new Set();
  /** @type {Set<string>} */
  let known = new Set();
  let blurs = remembersBlur();
  /** @type {Capture["problems"]} */
  const problems = { camera: null, microphone: null };
  /** @type {Capture["tracks"]} */
  const tracks = { audio: null, video: null };
  /** @type {string | null} */
  let notice = null;
  const meter = createMeter();
  /** One change after the other: two quick presses must not open two cameras. @type {Promise<unknown>} */
  let turn = Promise.resolve();

  /** @template T @param {() => Promise<T>} change @returns {Promise<T>} */
  function inTurn(change) {
    const result = turn.then(change);
    turn = result.catch(() => undefined);
    return result;
  }

  function changed() {
    for (const listener of [...listeners]) listener();
  }

  /** @param {Kind} kind @returns {MediaTrackConstraints} */
  function constraints(kind) {
    const id = chosen[KINDS[kind].choice];
    const basis = kind === "camera" ? VIDEO : AUDIO;
    return id ? { ...basis, deviceId: { exact: id } } : kind === "camera" ? { ...basis, facingMode: "user" } : basis;
  }

  /** @param {Kind} kind @param {MediaStreamTrack} track */
  function keep(kind, track) {
    release(kind);
    problems[kind] = null;
    tracks[KINDS[kind].track] = track;
    if (kind === "camera" && blurs && canBlur(track)) void blur(track, true);
    if (kind === "microphone") {
      track.contentHint = "speech";
      track.enabled = wanted.microphone;
      meter.listen(track);
    }
    // Only the world ends a track this way (unplugged, permission taken back); our own stop() fires nothing.
    track.addEventListener("ended", () => inTurn(() => replaceLost(kind, track)), { once: true });
  }

  /** @param {Kind} kind */
  function release(kind) {
    const slot = KINDS[kind].track;
    tracks[slot]?.stop();
    tracks[slot] = null;
    if (kind === "microphone") meter.listen(null);
  }

  /**
   * Open the kinds asked for, together when possible, so that the browser asks once.
   * @param {Kind[]} kinds
   */
  async function open(kinds) {
    if (!media?.getUserMedia) {
      for (const kind of kinds) problems[kind] = problem(kind, "insecure");
      return;
    }
    const present = new Set((await media.enumerateDevices()).map((device) => device.kind));
    /** @type {Kind[]} */
    const possible = [];
    for (const kind of kinds) {
      if (present.has(KINDS[kind].device)) possible.push(kind);
      else problems[kind] = problem(kind, "none");
    }
    if (possible.length === 2 && !(await anyDenied())) {
      try {
        const stream = await media.getUserMedia({ video: constraints("camera"), audio: constraints("microphone") });
        keep("camera", stream.getVideoTracks()[0]);
        keep("microphone", stream.getAudioTracks()[0]);
        return;
      } catch (error) {
        if (!(await anyDenied()) && codeOf(error) === "denied") {
          // The question was closed without an answer: asking twice more would be pushing.
          for (const kind of possible) problems[kind] = problem(kind, "denied");
          return;
        } // else one of the two may still work alone
      }
    }
    for (const kind of possible) await openOne(kind);
  }

  /** @param {Kind} kind */
  async function openOne(kind) {
    const slot = KINDS[kind].track;
    try {
      keep(kind, await openTrack(kind));
    } catch (error) {
      if (chosen[KINDS[kind].choice] && ["OverconstrainedError", "NotFoundError"].includes(nameOf(error))) {
        chosen[KINDS[kind].choice] = ""; // the remembered device is not here today
        return openOne(kind);
      }
      release(kind);
      problems[kind] = problem(kind, codeOf(error));
    }
    return tracks[slot];
  }

  /** @param {Kind} kind */
  async function openTrack(kind) {
    const slot = KINDS[kind].track;
    const stream = await media.getUserMedia({ [slot]: constraints(kind) });
    return stream.getTracks()[0];
  }

  /** A device went by itself: go on with another one and say so. @param {Kind} kind @param {MediaStreamTrack} lost */
  async function replaceLost(kind, lost) {
    if (tracks[KINDS[kind].track] !== lost) return; // we had moved on already
    const was = tidy(lost.label) || OWN[kind];
    chosen[KINDS[kind].choice] = "";
    makeshift.add(kind);
    release(kind);
    await learnDevices();
    const track = await openOne(kind);
    notice = track ? t("{was} is gone. Now using {next}.", { was, next: tidy(track.label) || OTHER[kind] }) : t("{was} is gone.", { was });
    changed();
  }

  /** The ids of all devices that are there; returns those that were not there before. */
  async function learnDevices() {
    const before = known;
    const found = media?.enumerateDevices ? await media.enumerateDevices() : [];
    known = new Set(found.map((device) => device.kind + device.deviceId));
    return found.filter((device) => !before.has(device.kind + device.deviceId));
  }

  /** Something was plugged in or out. What was lost and is back, or was swapped for another, is used without a click. */
  async function devicesChanged() {
    const fresh = await learnDevices();
    followSpeaker(fresh);
    for (const kind of /** @type {Kind[]} */ (["camera", "microphone"])) {
      const { choice, device, track } = KINDS[kind];
      if (!makeshift.has(kind) || !tracks[track]) continue;
      const came = fresh.filter((one) => one.kind === device && !["default", "communications"].includes(one.deviceId));
      const next = known.has(device + preferred[choice]) && preferred[choice] ? preferred[choice] : came[0]?.deviceId;
      if (!next || next === chosen[choice]) continue;
      const before = chosen[choice];
      chosen[choice] = next;
      release(kind);
      if (!(await openOne(kind))) {
        chosen[choice] = before;
        await openOne(kind);
        continue;
      }
      if (next === preferred[choice]) makeshift.delete(kind);
      notice = t("Now using {next}.", { next: tidy(tracks[track]?.label ?? "") || OTHER[kind] });
    }
    changed();
  }

  /** What plays on a speaker that went falls silent: it has to be told to go on elsewhere. @param {MediaDeviceInfo[]} fresh */
  function followSpeaker(fresh) {
    const id = preferred.speakerId;
    if (!id || ![...known].some((one) => one.startsWith("audiooutput") && one !== "audiooutput")) return; // none chosen, or no names are told
    const next = known.has("audiooutput" + id) ? id : "";
    if (next === chosen.speakerId) return;
    chosen.speakerId = next;
    const label = fresh.find((one) => one.kind === "audiooutput" && one.deviceId === id)?.label ?? "";
    notice = next ? t("You hear the group on {next} again.", { next: tidy(label) || t("your speaker") })
      : t("The speaker you chose is gone. You hear the group on another one.");
  }

  /** @param {MediaStreamTrack} track @param {boolean} on */
  async function blur(track, on) {
    try {
      await track.applyConstraints(/** @type {any} */ ({ backgroundBlur: on }));
    } catch {
      // The system has the last word: what is so now stands in the track's settings.
    }
  }

  void learnDevices();
  media?.addEventListener?.("devicechange", () => void inTurn(devicesChanged));

  /** @type {Capture} */
  const capture = {
    async devices() {
      const found = media?.enumerateDevices ? await media.enumerateDevices() : [];
      const of = (/** @type {MediaDeviceKind} */ kind, /** @type {string} */ word) =>
        found
          .filter((device) => device.kind === kind && device.deviceId !== "communications")
          .map((device, index) => ({ id: device.deviceId, label: tidy(device.label) || `${word} ${index + 1}` }));
      return {
        cameras: of("videoinput", t("Camera")),
        microphones: of("audioinput", t("Microphone")),
        speakers: of("audiooutput", t("Speaker")),
      };
    },

    start(wish) {
      return inTurn(async () => {
        Object.assign(chosen, definedIds(wish));
        wanted.camera = wish.camera ?? true;
        wanted.microphone = wish.microphone ?? true;
        notice = null;
        /** @type {Kind[]} */
        const missing = [];
        if (!wanted.camera) release("camera");
        else if (!tracks.video) missing.push("camera");
        if (tracks.audio) tracks.audio.enabled = wanted.microphone;
        else if (wanted.microphone) missing.push("microphone");
        if (missing.length) await open(missing);
        changed();
      });
    },

    stop() {
      wanted.camera = wanted.microphone = false;
      release("camera");
      release("microphone");
      changed();
      // A request still on its way must not turn the light on again.
      void inTurn(async () => {
        if (!wanted.camera && !wanted.microphone) {
          release("camera");
          release("microphone");
        }
      });
    },

    setCamera(on) {
      return inTurn(async () => {
        wanted.camera = on;
        notice = null;
        if (!on) {
          release("camera");
          problems.camera = null;
        } else if (!tracks.video) await open(["camera"]);
        changed();
      });
    },

    setMicrophone(on) {
      return inTurn(async () => {
        wanted.microphone = on;
        notice = null;
        if (tracks.audio) tracks.audio.enabled = on;
        else if (on) await open(["microphone"]);
        changed();
      });
    },

    use(choice) {
      return inTurn(async () => {
        const ids = definedIds(choice);
        notice = null;
        for (const kind of /** @type {Kind[]} */ (["camera", "microphone"])) {
          const { choice: key, track } = KINDS[kind];
          if (ids[key] === undefined || ids[key] === chosen[key]) continue;
          const before = chosen[key];
          chosen[key] = ids[key];
          preferred[key] = ids[key];
          makeshift.delete(kind);
          if (!wanted[kind] && !tracks[track]) continue;
          release(kind); // first: many phones cannot open two cameras at once
          if (!(await openOne(kind))) {
            const failed = problems[kind];
            chosen[key] = before;
            if (await openOne(kind)) notice = `${failed?.text ?? ""} ${t("The one before is still in use.")}`.trim();
          }
        }
        if (ids.speakerId !== undefined) chosen.speakerId = preferred.speakerId = ids.speakerId;
        remember(chosen);
        changed();
      });
    },

    get tracks() {
      return { ...tracks };
    },
    get on() {
      return { camera: tracks.video !== null, microphone: tracks.audio?.enabled === true };
    },
    get chosen() {
      return {
        ...chosen,
        cameraId: tracks.video?.getSettings().deviceId ?? chosen.cameraId ?? "",
        microphoneId: tracks.audio?.getSettings().deviceId ?? chosen.microphoneId ?? "",
      };
    },
    get problems() {
      return { ...problems };
    },
    get error() {
      return problems.microphone?.text ?? problems.camera?.text ?? null;
    },
    get notice() {
      return notice;
    },

    get blur() {
      const settings = /** @type {any} */ (tracks.video?.getSettings?.() ?? {});
      return { possible: tracks.video !== null && canBlur(tracks.video), on: settings.backgroundBlur === true };
    },

    setBlur(on) {
      return inTurn(async () => {
        blurs = on;
        rememberBlur(on);
        if (tracks.video) await blur(tracks.video, on);
        changed();
      });
    },

    get microphoneBack() {
      return makeshift.has("microphone") && !tracks.audio && [...known].some((one) => one.startsWith("audioinput"));
    },

    level: () => (tracks.audio?.enabled ? meter.level() : 0),

    async speakThrough(element) {
      if (!("setSinkId" in element)) return; // the system decides (Safari)
      try {
        await element.setSinkId(chosen.speakerId ?? "");
      } catch {
        chosen.speakerId = ""; // that speaker is gone: the element keeps playing on the system's own
      }
    },

    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return capture;
}

/** Loudness of one track at a time. The audio graph is made late: browsers want a gesture first. */
function createMeter() {
  /** @type {AudioContext | null} */
  let context = null;
  /** @type {AnalyserNode | null} */
  let analyser = null;
  /** @type {MediaStreamAudioSourceNode | null} */
  let source = null;
  const samples = new Float32Array(1024);
  return {
    /** @param {MediaStreamTrack | null} track */
    listen(track) {
      source?.disconnect();
      source = null;
      if (!track) {
        context?.suspend().catch(() => undefined);
        return;
      }
      context ??= new AudioContext();
      analyser ??= new AnalyserNode(context, { fftSize: samples.length });
      source = context.createMediaStreamSource(new MediaStream([track]));
      source.connect(analyser); // and no further: nobody should hear themselves
    },
    level() {
      if (!analyser || !source || !context) return 0;
      if (context.state !== "running") context.resume().catch(() => undefined);
      analyser.getFloatTimeDomainData(samples);
      let power = 0;
      for (const sample of samples) power += sample * sample;
      const db = 10 * Math.log10(power / samples.length + 1e-12);
      return Math.min(1, Math.max(0, (db - QUIET_DB) / (LOUD_DB - QUIET_DB)));
    },
  };
}

/** Is one of the two forbidden for good? Then asking for both at once would fail for both. */
async function anyDenied() {
  const states = await Promise.all(
    ["camera", "microphone"].map(async (name) => {
      try {
        return (await navigator.permissions.query({ name: /** @type {PermissionName} */ (name) })).state;
      } catch {
        return "prompt"; // a browser that does not tell
      }
    }),
  );
  return states.includes("denied");
}

/** @param {unknown} error */
function nameOf(error) {
  return error instanceof Error || error instanceof DOMException ? error.name : "";
}

/** @param {unknown} error @returns {Problem["code"]} */
function codeOf(error) {
  switch (nameOf(error)) {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotFoundError":
    case "OverconstrainedError":
      return "none";
    case "NotReadableError":
    case "AbortError":
      return "in_use";
    default:
      return "failed";
  }
}

/** @param {Kind} kind @param {Problem["code"]} code @returns {Problem} */
function problem(kind, code) {
  return { code, text: WORDS[kind][code] };
}

/** Chromium adds vendor and product numbers: "Webcam C920 (046d:0892)". @param {string} label */
function tidy(label) {
  return label.replace(/\s*\([0-9a-f]{4}:[0-9a-f]{4}\)$/i, "");
}

/** @param {Choice} choice @returns {Choice} */
function definedIds({ cameraId, microphoneId, speakerId }) {
  return Object.fromEntries(
    Object.entries({ cameraId, microphoneId, speakerId }).filter(([, id]) => typeof id === "string"),
  );
}

/** Device ids are random per site and say nothing about a person: they may stay in this browser. @returns {Choice} */
function remembered() {
  try {
    return definedIds(JSON.parse(localStorage.getItem(KEPT) ?? "{}"));
  } catch {
    return {}; // storage forbidden or rubbish in it
  }
}

/** Whether this camera, as its browser and system drive it, can blur: nothing of ours is drawn. @param {MediaStreamTrack} track */
function canBlur(track) {
  const { backgroundBlur } = /** @type {any} */ (track.getCapabilities?.() ?? {});
  return Array.isArray(backgroundBlur) && backgroundBlur.length > 1;
}

function remembersBlur() {
  try {
    return localStorage.getItem(BLUR) === "on";
  } catch {
    return false;
  }
}

/** @param {boolean} on */
function rememberBlur(on) {
  try {
    localStorage.setItem(BLUR, on ? "on" : "off");
  } catch {
    // storage forbidden: it is off again next time
  }
}

/** @param {Choice} chosen */
function remember(chosen) {
  try {
    localStorage.setItem(KEPT, JSON.stringify(chosen));
  } catch {
    // storage forbidden: we ask again next time
  }
}
