/**
 * Sound and pictures of the room: own tracks go out through one peer, everyone else's come in by slots and find their
 * tiles. It heals without a click: a line that comes back, a server that was restarted, a device that was unplugged.
 */

import { createRoaming, isHeardAlike } from "/static/media/roaming.mjs";
import { createShelter } from "/static/media/shelter.mjs";

const LOOK_EVERY_MS = 5_000;
const STEADY_MS = 60_000; // a connection that was good for so long may be trusted again
const WISH_WAIT_MS = 150;
const SPEAKING_HOLD_MS = 900; // people breathe between words; the ring should not flicker

/**
 * @param {object} parts
 * @param {any} parts.connection @param {any} parts.capture
 * @param {(options: any) => any} parts.createPeer @param {{session: string, person: string}} parts.boot
 * @param {HTMLElement} parts.sounds where audio elements live
 * @param {() => void} parts.changed called when something to be seen has changed
 */
export function createMedia({ boot, connection, capture, createPeer, sounds, changed }) {
  /** @type {any} */
  let welcome = { slots: { audio: 15, video: 15, screen: 0 }, ice_servers: [] };
  /** @type {any} */
  let peer = null;
  /** @type {string | null} */
  let peerId = null;
  let state = "new";
  let blocked = false;
  let limitedBy = "none";
  let mode = "normal";
  let quality = { word: "good", direction: "" };
  let goodSince = performance.now();
  let steady = false;
  /** How long each person was heard, in ms; facilitators alone are told. @type {Record<string, number>} */
  let talk = {};
  /** @type {Record<string, string>} */
  let qualities = {};
  /** @type {Record<string, number>} */
  let levels = {};
  /** @type {Map<string, ReturnType<typeof setTimeout>>} */
  const fading = new Map();
  /** @type {Map<string, MediaStream>} */
  const pictures = new Map();
  /** @type {Map<string, MediaStream>} */
  const screens = new Map();
  /** @type {MediaStreamTrack | null} */
  let ownScreen = null;
  /** @type {Map<string, HTMLAudioElement>} */
  const voices = new Map();
  /** @type {Record<string, number>} */
  let heights = {};
  let screenWished = true;
  let wished = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let wishTimer;
  let silenced = false;
  /** Whether the connection is bound to no address. */
  let roams = false;
  /** @type {string | undefined} */
  let speaker;
  /** @type {{track: MediaStreamTrack | null, stream: MediaStream | null}} */
  let self = { track: null, stream: null };

  const looking = setInterval(async () => {
    const stats = state === "connected" ? await peer?.stats() : null;
    limitedBy = capture.on.camera ? stats?.sent.limitedBy ?? "none" : "none";
    const now = quality.word === "good" && performance.now() - goodSince >= STEADY_MS;
    if (now !== steady) {
      steady = now;
      changed();
    }
  }, LOOK_EVERY_MS);

  const shelter = createShelter({ boot, send: connection.tell, changed, stood: () => peer?.refresh() });
  const roaming = createRoaming();

  const stopWatching = capture.onChange(() => {
    sendTracks();
    for (const voice of voices.values()) void capture.speakThrough(voice);
    if (speaker !== capture.chosen.speakerId) void speakerChanged();
    changed();
  });

  /** A connection that goes on anywhere may be another one for another speaker. */
  async function speakerChanged() {
    speaker = capture.chosen.speakerId;
    if (roams && !(await isHeardAlike(capture))) peer?.rebuild();
  }

  function sendTracks() {
    const { audio, video } = capture.tracks;
    void peer?.setTrack("audio", audio)?.catch?.(() => undefined);
    void peer?.setTrack("video", video)?.catch?.(() => undefined);
    void peer?.setTrack("screen", ownScreen)?.catch?.(() => undefined);
  }

  function enter() {
    if (peer) return;
    shelter.enter(welcome.encryption === "required");
    peer = createPeer({
      iceServers: () => welcome.ice_servers,
      audioSlots: welcome.slots.audio,
      videoSlots: welcome.slots.video,
      screenSlots: welcome.slots.screen ?? 0,
      sendOffer: offer,
      protect: shelter.protect,
      onSlot: slot,
      onState: (/** @type {string} */ next) => {
        state = next;
        if (next === "connected") wishSoon(true);
        changed();
      },
      choose: async (/** @type {boolean} */ plain) => {
        speaker = capture.chosen.speakerId;
        const Connection = plain ? RTCPeerConnection : await roaming.choose(capture);
        roams = Connection !== RTCPeerConnection;
        return Connection;
      },
      // Whichever of the two notices first tells the other: both have the same network.
      mayOffer: () => connection.state.status === "open",
      onSilence: (/** @type {boolean} */ silent) => (silent ? connection.doubt() : connection.wake()),
    });
    sendTracks();
    peer.start().catch(() => peer?.rebuild?.()); // it keeps trying by itself
  }

  /** @param {string} sdp @param {boolean} again */
  async function offer(sdp, again) {
    try {
      const answer = await connection.offer(sdp, again ? peerId : null);
      if (answer.peer !== peerId) fares("good", ""); // what was said was of another one
      peerId = answer.peer;
      wishSoon(true);
      return answer.sdp;
    } catch (refusal) {
      if (/** @type {any} */ (refusal).code !== "connection_lost") peerId = null; // a seat of its own next time
      throw refusal;
    }
  }

  /** @param {string} word @param {string} direction */
  function fares(word, direction) {
    if (quality.word !== "good" || word !== "good") {
      goodSince = performance.now();
      steady = false;
    }
    quality = { word, direction };
  }

  /** @param {string} source @param {"audio" | "video" | "screen"} kind @param {MediaStream | null} stream */
  function slot(source, kind, stream) {
    if (kind !== "audio") {
      const shown = kind === "video" ? pictures : screens;
      if (stream) shown.set(source, stream);
      else shown.delete(source);
    } else {
      voices.get(source)?.remove();
      voices.delete(source);
      if (stream) listen(source, stream);
    }
    changed();
  }

  /** @param {string} source @param {MediaStream} stream */
  function listen(source, stream) {
    const voice = document.createElement("audio");
    voice.autoplay = true;
    voice.srcObject = stream;
    voice.muted = silenced;
    voices.set(source, voice);
    sounds.append(voice);
    void capture.speakThrough(voice);
    play(voice);
  }

  /** @param {HTMLAudioElement} voice */
  function play(voice) {
    voice.play().then(
      () => undefined,
      (/** @type {DOMException} */ error) => {
        if (error.name !== "NotAllowedError") return; // taken away meanwhile
        blocked = true;
        changed();
      },
    );
  }

  /** @param {Record<string, number>} next */
  function speaking(next) {
    for (const person of Object.keys(next)) {
      clearTimeout(fading.get(person));
      fading.delete(person);
    }
    for (const person of Object.keys(levels)) {
      if (person in next || fading.has(person)) continue;
      fading.set(person, setTimeout(() => {
        fading.delete(person);
        const { [person]: _, ...rest } = levels;
        levels = rest;
        changed();
      }, SPEAKING_HOLD_MS));
    }
    const more = Object.keys(next).some((person) => !(person in levels));
    levels = { ...levels, ...next };
    if (more) changed(); // how loud somebody is moves nothing; that they speak does
  }

  /** @param {boolean} [again] even when nothing has changed: the server may not know it yet */
  function wishSoon(again = false) {
    if (again) wished = "";
    clearTimeout(wishTimer);
    wishTimer = setTimeout(() => {
      if (peerId === null) return;
      const wish = { peer: peerId, heights, mode, screen: screenWished };
      const words = JSON.stringify(wish);
      if (words === wished || connection.state.status !== "open") return;
      wished = words;
      connection.wish(wish);
    }, WISH_WAIT_MS);
  }

  return {
    enter,

    leave() {
      const old = peer;
      peer = null;
      peerId = null;
      state = "new";
      old?.close();
      shelter.leave();
      for (const voice of voices.values()) voice.remove();
      voices.clear();
      pictures.clear();
      screens.clear();
      levels = {};
      qualities = {};
      fares("good", "");
      talk = {};
    },

    /** What the server says about media; other messages pass by. @param {any} message */
    receive(message) {
      switch (message.type) {
        case "welcome":
          welcome = message;
          qualities = {}; // whoever struggles is told again
          if (peer) shelter.enter(welcome.encryption === "required");
          wishSoon(true); // a server that was restarted answers this with no_media
          peer?.reached();
          return;
        case "slots":
          if (message.peer === peerId) peer?.setSlots({ audio: message.audio, video: message.video, screen: message.screen });
          return;
        case "send_layers":
          if (message.peer === peerId) peer?.setLayers(message.video);
          return;
        case "no_media":
          if (message.peer !== peerId) return;
          peerId = null;
          peer?.rebuild();
          return;
        case "key_ring":
        case "sealed_keys":
          shelter.receive(message);
          return;
        case "speaking":
          speaking(message.levels);
          return;
        case "quality":
          if (message.peer !== peerId) return;
          fares(message.quality, message.direction ?? "");
          changed();
          return;
        case "talk":
          talk = message.ms;
          return;
        case "qualities":
          qualities = message.people;
          changed();
          return;
      }
    },

    /**
     * How high each person's picture is shown, in px (0: not at all), and whether a shared screen is.
     * @param {Record<string, number>} next @param {boolean} screen
     */
    wish(next, screen) {
      heights = next;
      screenWished = screen;
      wishSoon();
    },

    /** @param {string} next */
    setMode(next) {
      if (next === mode) return;
      mode = next;
      wishSoon();
    },

    /** The way to the server may be another one now. */
    async restart() {
      if (await connection.doubt()) peer?.restart();
    },

    /** Let nobody be heard (someone walked in). @param {boolean} on */
    silence(on) {
      silenced = on;
      for (const voice of voices.values()) voice.muted = on;
    },

    /** A browser that froze the page has stopped what it plays, and does not go on by itself. */
    goOn() {
      for (const voice of voices.values()) if (voice.paused) play(voice);
      for (const picture of document.querySelectorAll("video")) if (picture.paused) picture.play().catch(() => undefined);
    },

    /** Must run in a gesture: browsers ask for one before they play sound. */
    unlock() {
      blocked = false;
      for (const voice of voices.values()) play(voice);
      changed();
    },

    /** @param {string} person */
    video: (person) => (mode === "audio_only" ? null : pictures.get(person) ?? null),

    /** Somebody's shared screen. @param {string} person */
    screen: (person) => screens.get(person) ?? null,

    /** Send this as one's screen from now on; null: nothing. @param {MediaStreamTrack | null} track */
    share(track) {
      ownScreen = track;
      sendTracks();
    },

    /** One's own picture, as the camera gives it. */
    own() {
      const track = capture.tracks.video;
      if (self.track !== track) self = { track, stream: track ? new MediaStream([track]) : null };
      return self.stream;
    },

    get levels() {
      return levels;
    },
    get qualities() {
      return qualities;
    },
    get talk() {
      return talk;
    },
    get quality() {
      return quality;
    },
    /** Whether it has been good for a while. */
    get steady() {
      return steady;
    },
    /** How the media of this room is sealed; see `shelter.mjs`. */
    get shelter() {
      return shelter;
    },
    get blocked() {
      return blocked;
    },
    get state() {
      return state;
    },
    /** What keeps our own picture small. */
    get limitedBy() {
      return limitedBy;
    },
    stats: () => peer?.stats() ?? Promise.resolve(null),

    close() {
      stopWatching();
      clearTimeout(wishTimer);
      clearInterval(looking);
      this.leave();
      shelter.close();
      roaming.close();
    },
  };
}
