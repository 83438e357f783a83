/**
 * The media connection of this browser: one RTCPeerConnection that sends a microphone and a camera and receives
 * everybody else in slots. It is agreed once; who comes, goes or mutes later only changes what the slots carry.
 *
 *     const peer = createPeer({
 *       audioSlots: 15, videoSlots: 15, screenSlots: 1,
 *       sendOffer: async (sdp, again) => answerSdp,   // again: this seat offered before; say so to the server
 *                                                     // (rejecting with a `code` other than "connection_lost" means
 *                                                     // "refused": the next try is a connection built anew)
 *       onSlot: (source, kind, stream) => …,          // a MediaStream to play, or null: nothing (any more)
 *       onState: (state) => …,                        // "connecting" "connected" "reconnecting" "closed"
 *       mayOffer: () => true,                         // whether there is a line to tell the server an offer by
 *       onSilence: async (silent) => true,            // nothing comes any more; or something comes again. Whether an
 *                                                     // offer can still be told
 *       choose: async (plain) => RTCPeerConnection,   // what to connect by; when `plain` the usual, the last one failed
 *     });
 *     await peer.setTrack("video", track);            // null: sends nothing, costs nothing
 *     await peer.start();
 *     peer.setSlots({ audio: { "2": "p-1" }, video: { "17": "p-1" } });   // as the server says it
 *     peer.setLayers(1);                                                  // likewise
 *
 * It heals itself: after a lost network it restarts ICE (the media goes on where it stopped), and where that does not
 * help it builds a new connection for the same seat, until `close`. No DOM here, and no signalling of its own.
 *
 * The tracks stay the caller's: `setTrack(kind, null)` stops sending, stopping the track turns the camera's light off.
 */

/**
 * @typedef {"audio" | "video" | "screen"} Kind
 * @typedef {"new" | "connecting" | "connected" | "reconnecting" | "closed"} PeerState
 * @typedef {{audio?: Record<string, string>, video?: Record<string, string>, screen?: Record<string, string>}} Slots
 *   mid of a slot -> source
 * @typedef {{framesDecoded: number, frameHeight: number, freezes: number, framesPerSecond: number,
 *   audioEnergy: number, packetsReceived: number, packetsLost: number, keyframesAsked: number}} Received
 * @typedef {{audioPackets: number, videoPackets: number, videoBytes: number, framesEncoded: number,
 *   roundTripMs: number | null, availableBps: number | null, limitedBy: string}} Sent
 *   `limitedBy`: what keeps the camera small: "none", "cpu", "bandwidth" or "other"
 *
 * @typedef {object} PeerOptions
 * @property {() => RTCIceServer[]} [iceServers]  Asked anew for every connection: their credentials live shortly.
 * @property {number} [audioSlots]  How many people can be heard at once.
 * @property {number} [videoSlots]  How many people can be seen at once.
 * @property {number} [screenSlots]  How many shared screens can be seen at once; with 0 none can be sent either.
 * @property {boolean} [simulcast]  Send the camera in several sizes, so that each viewer gets the one that suits.
 * @property {(sdp: string, again: boolean) => Promise<string>} sendOffer  Gives the server's answer; when it rejects,
 *   it is tried again a little later.
 * @property {(source: string, kind: Kind, stream: MediaStream | null) => void} onSlot
 * @property {(state: PeerState) => void} [onState]
 * @property {() => boolean} [mayOffer]
 * @property {(silent: boolean) => Promise<boolean> | void} [onSilence]
 * @property {(plain: boolean) => Promise<typeof RTCPeerConnection>} [choose]
 * @property {((side: "send" | "receive", kind: "audio" | "video", end: RTCRtpSender | RTCRtpReceiver) => void) | null} [protect]
 *   Puts end-to-end encryption before each sender and behind each receiver.
 *
 * @typedef {object} Peer
 * @property {() => Promise<void>} start  Resolves once an answer is taken, not yet when media flows.
 * @property {(kind: Kind, track: MediaStreamTrack | null) => Promise<void>} setTrack  At any time, also before `start`.
 * @property {(slots: Slots) => void} setSlots
 * @property {(count: number) => void} setLayers  How many sizes of the camera, from the smallest, anybody watches.
 * @property {(source: string, kind: Kind) => MediaStream | null} stream
 * @property {() => void} restart  Something changed (the network, the signalling connection): restart ICE.
 * @property {() => void} reached  There is a line to the server again: what could not be told before is told now.
 * @property {() => void} refresh  This page stood still: what its camera gave meanwhile may be lost without a trace, and
 *   nobody who watches would know to ask for a picture that needs none of it.
 * @property {() => void} rebuild  The server does not know this connection any more: build a new one.
 * @property {() => Promise<{received: Record<string, Received>, screens: Record<string, Received>, sent: Sent}>} stats
 * @property {() => void} close
 * @property {PeerState} state
 */

const LISTEN_MS = 200; // how often it is looked whether anything still comes …
const SILENT_MS = 1_200; // … and after how long of nothing, where something came before, ICE is restarted
const DISCONNECTED_MS = 1_000; // the browser's own checks get this long to recover
const RESTART_MS = 5_000; // an ICE restart gets this long before a new connection is built
const BUILD_MS = 12_000; // a new connection gets this long before another one is tried
const ANSWER_MS = 10_000; // an answer that takes longer will not come
const RETRY_MS = [500, 1_000, 2_000, 4_000, 8_000]; // between attempts that cannot even reach the server

/** Three temporal layers, so that the server can leave out pictures for viewers with small tiles or a weak connection. */
const TEMPORAL = { scalabilityMode: "L1T3" };
/**
 * Smallest first: the server starts a viewer on a layer that flows, and climbs. Chromium leaves out the third, which is
 * the largest, for a camera below 960x540: such a one is sent in two, from its own size down (see `fitLayers`).
 */
const LAYERS = [
  { rid: "low", scaleResolutionDownBy: 4, maxBitrate: 110_000, ...TEMPORAL },
  { rid: "mid", scaleResolutionDownBy: 2, maxBitrate: 380_000, ...TEMPORAL },
  { rid: "full", scaleResolutionDownBy: 1, maxBitrate: 1_100_000, ...TEMPORAL },
];
const THREE_LAYERS_PIXELS = 960 * 540;
const SMALL_CAMERA = [
  { scaleResolutionDownBy: 2, maxBitrate: 150_000 },
  { scaleResolutionDownBy: 1, maxBitrate: 600_000 },
  { active: false, scaleResolutionDownBy: 1 },
];
const ONE_LAYER = [{ maxBitrate: 600_000, ...TEMPORAL }];
const SCREEN = [{ maxBitrate: 1_500_000, maxFramerate: 5 }];

/** @type {Kind[]} */
const KINDS = ["audio", "video", "screen"];

/** @type {Record<"audio" | "video", string[]>} */
const CODECS = { audio: ["audio/opus"], video: ["video/vp8", "video/rtx"] };

/**
 * @param {PeerOptions} options
 * @returns {Peer}
 */
export function createPeer(options) {
  const { audioSlots = 15, videoSlots = 15, screenSlots = 0, simulcast = true, iceServers = () => [], sendOffer, onSlot, protect = null } = options;
  const { mayOffer = () => true, onSilence = () => undefined, choose = async () => RTCPeerConnection } = options;

  /** @type {RTCPeerConnection | null} */
  let connection = null;
  /** @type {Record<Kind, MediaStreamTrack | null>} */
  const tracks = { audio: null, video: null, screen: null };
  /** @type {Record<Kind, RTCRtpSender | null>} */
  const senders = { audio: null, video: null, screen: null };
  /** @type {Record<Kind, Map<string, {mid: string, stream: MediaStream}>>} */
  const shown = { audio: new Map(), video: new Map(), screen: new Map() };
  /** The lines of shared screens. @type {Set<RTCRtpTransceiver>} */
  let screens = new Set();
  /** @type {Slots} */
  let wanted = {};
  /** @type {PeerState} */
  let state = "new";
  /** How many layers of the camera anybody watches. */
  let watched = LAYERS.length;
  /** One change of the camera's layers at a time: a browser refuses one that another one overtook. @type {Promise<void>} */
  let fitting = Promise.resolve();
  let offered = false;
  let failures = 0;
  /** ICE was restarted since media flowed last. */
  let restarted = false;
  /** What is to be done once there is a line to the server again. @type {(() => void) | null} */
  let unreached = null;
  /** Nothing comes any more. */
  let silent = false;
  /** Whether to connect in the usual way: the other one came to nothing. When this one does it is the other's turn. */
  let plain = false;
  /** Nothing came of the last connection, and not for want of an answer. */
  let inVain = false;
  /** One negotiation at a time. @type {Promise<void>} */
  let turn = Promise.resolve();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let listening;

  /** @param {PeerState} next */
  function become(next) {
    if (state === next || state === "closed") return;
    state = next;
    options.onState?.(next);
  }

  /**
   * @param {() => void} action
   * @param {number} ms
   */
  function later(action, ms) {
    clearTimeout(timer);
    timer = setTimeout(action, ms);
  }

  /** @param {() => Promise<void>} action */
  function inTurn(action) {
    const done = turn.then(() => (state === "closed" ? undefined : action()));
    turn = done.catch(() => undefined); // what failed is told by `done`; the next one has its turn all the same
    return done;
  }

  /** @param {typeof RTCPeerConnection} Connection */
  function build(Connection) {
    const pc = new Connection(/** @type {RTCConfiguration} */ ({
      iceServers: iceServers(), bundlePolicy: "max-bundle", rtcpMuxPolicy: "require",
      // A sender whose transform came too late would send in the clear; so it sends nothing.
      ...(protect ? { encodedInsertableStreams: true } : {}),
    }));
    screens = new Set();
    watched = LAYERS.length;
    /** @param {"audio" | "video"} kind @param {RTCRtpTransceiverInit} init */
    const line = (kind, init) => {
      const transceiver = pc.addTransceiver(kind, init);
      transceiver.setCodecPreferences(codecs(kind));
      // In this very task: after a single `await` browsers ignore it without a word.
      if (init.direction === "sendonly") protect?.("send", kind, transceiver.sender);
      else protect?.("receive", kind, transceiver.receiver);
      return transceiver;
    };
    senders.audio = line("audio", { direction: "sendonly" }).sender;
    senders.video = line("video", {
      direction: "sendonly",
      sendEncodings: simulcast ? LAYERS : ONE_LAYER,
    }).sender;
    if (screenSlots > 0) {
      const screen = line("video", { direction: "sendonly", sendEncodings: SCREEN });
      screens.add(screen);
      senders.screen = screen.sender;
    }
    for (let slot = 0; slot < audioSlots; slot += 1) line("audio", { direction: "recvonly" });
    for (let slot = 0; slot < videoSlots; slot += 1) line("video", { direction: "recvonly" });
    for (let slot = 0; slot < screenSlots; slot += 1) screens.add(line("video", { direction: "recvonly" }));
    pc.onconnectionstatechange = () => {
      if (pc === connection) watch(pc.connectionState);
    };
    return pc;
  }

  /** Notice sooner than ICE does that nothing comes any more, as after a change of networks. */
  function listen() {
    clearInterval(listening);
    let newest = 0;
    let at = Infinity; // nothing came yet: nothing is missed
    silent = false;
    listening = setInterval(() => {
      // To ask costs a stop of this thread each time: those that show nobody are not asked, and the first that has news is enough.
      const lines = /** @type {Set<string | null>} */ (new Set([...shown.audio.values(), ...shown.video.values()].map(({ mid }) => mid)));
      const came = (connection?.getTransceivers() ?? []).some(({ mid, receiver }) => {
        if (!lines.has(mid)) return false;
        const last = Math.max(0, ...receiver.getSynchronizationSources().map((packet) => packet.timestamp));
        const news = last > newest;
        if (news) newest = last;
        return news;
      });
      if (came || lines.size === 0) {
        at = Date.now();
        if (silent) void onSilence(false);
        if (came) unreached = null;
        silent = false;
      } else if (state === "connected" && Date.now() - at > SILENT_MS) {
        at = Infinity; // once for each silence; what else there is to do, ICE's own states tell
        silent = true;
        void doubt();
      }
    }, LISTEN_MS);
  }

  /** Restart ICE, if the line is still one; where it is another one soon, `reached` will see to it. */
  async function doubt() {
    if ((await onSilence(true)) !== false) restart();
  }

  /** @param {RTCPeerConnectionState} now */
  function watch(now) {
    if (now === "connected") {
      listen();
      clearTimeout(timer);
      failures = 0;
      restarted = false;
      inVain = false;
      unreached = null;
      become("connected");
    } else if (now === "disconnected") {
      become("reconnecting");
      later(restart, DISCONNECTED_MS);
    } else if (now === "failed") {
      become("reconnecting");
      // A first failure may be the network's; after a restart that failed as well, begin anew.
      if (restarted) rebuild();
      else restart();
    }
  }

  /** Offer and take the answer; throws when the server cannot be reached or refuses. @param {boolean} iceRestart */
  async function negotiate(iceRestart) {
    const pc = connection;
    if (pc === null) return;
    // The browser finds another way by itself as long as it keeps the names that the server knows.
    if (!mayOffer()) throw Object.assign(new Error("no line to the server"), { code: "connection_lost" });
    await pc.setLocalDescription(await pc.createOffer({ iceRestart }));
    const again = offered;
    offered = true;
    if (!iceRestart) inVain = false; // that the server may not be reached now is not the connection's fault
    const answer = await within(ANSWER_MS, sendOffer(marked(pc.localDescription?.sdp ?? ""), again));
    if (pc !== connection || pc.signalingState !== "have-local-offer") return;
    if (!iceRestart) inVain = true;
    await pc.setRemoteDescription({ type: "answer", sdp: answer });
    showSlots();
  }

  /** @param {boolean} fresh */
  async function attempt(fresh) {
    try {
      if (fresh || connection === null) {
        plain = plain !== inVain;
        inVain = true;
        const Connection = await choose(plain);
        drop();
        if (/** @type {PeerState} */ (state) === "closed") return;
        connection = build(Connection);
        await Promise.all(KINDS.map((kind) => senders[kind]?.replaceTrack(tracks[kind])));
        await fitLayers();
        await negotiate(false);
      } else {
        if (connection.signalingState === "have-local-offer") {
          await connection.setLocalDescription({ type: "rollback" });
        }
        connection.setConfiguration({ ...connection.getConfiguration(), iceServers: iceServers() });
        await negotiate(true);
        restarted = true;
      }
      unreached = null;
      if (state !== "connected") later(rebuild, fresh ? BUILD_MS : RESTART_MS);
    } catch (error) {
      if (/** @type {PeerState} */ (state) === "closed") return;
      const wait = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)];
      failures += 1;
      const code = /** @type {{code?: string}} */ (error)?.code;
      const refused = code !== undefined && code !== "connection_lost";
      const again = fresh || refused ? rebuild : restart;
      unreached = code === "connection_lost" ? again : null;
      later(again, wait);
      if (!offered) throw error;
    }
  }

  function restart() {
    if (state === "new" || state === "closed") return;
    inTurn(() => attempt(false)).catch(() => undefined); // it goes on trying by itself
  }

  function reached() {
    const again = unreached ?? (silent ? restart : null);
    if (again === null) return;
    unreached = null;
    clearTimeout(timer);
    failures = 0;
    again();
  }

  function rebuild() {
    if (state === "new" || state === "closed") return;
    become("reconnecting");
    inTurn(() => attempt(true)).catch(() => undefined);
  }

  /**
   * Send the camera in the layers that its picture has room for and somebody watches.
   * @param {boolean} [anew] With a picture that builds on none before it, where the browser can be told so.
   */
  function fitLayers(anew = false) {
    const fitted = fitting.then(async () => {
      const { width = 0, height = 0 } = tracks.video?.getSettings() ?? {};
      const parameters = senders.video?.getParameters();
      if (!simulcast || width * height === 0 || senders.video === null || parameters?.encodings.length !== LAYERS.length) return;
      const sizes = width * height < THREE_LAYERS_PIXELS ? SMALL_CAMERA : LAYERS;
      parameters.encodings.forEach((encoding, index) => {
        Object.assign(encoding, { active: true }, sizes[index]);
        if (index >= watched) encoding.active = false;
      });
      await senders.video.setParameters(parameters, anew ? { encodingOptions: parameters.encodings.map(() => ({ keyFrame: true })) } : {});
    });
    fitting = fitted.catch(() => undefined);
    return fitted;
  }

  /** Let go of the present connection and of what it showed. */
  function drop() {
    clearTimeout(timer);
    clearInterval(listening);
    wanted = {};
    showSlots();
    if (connection === null) return;
    connection.onconnectionstatechange = null;
    connection.close();
    connection = null;
  }

  /** The offer with the lines of shared screens named as such (RFC 4796). @param {string} sdp */
  function marked(sdp) {
    const mids = new Set([...screens].map((transceiver) => transceiver.mid));
    return sdp.replace(/a=mid:(\S+)\r\n/g, (line, mid) => (mids.has(mid) ? `${line}a=content:slides\r\n` : line));
  }

  /** Make what is shown match what the server said, and tell the difference. */
  function showSlots() {
    for (const kind of KINDS) {
      const next = new Map(Object.entries(wanted[kind] ?? {}).map(([mid, source]) => [source, mid]));
      for (const [source, { mid }] of shown[kind]) {
        if (next.get(source) === mid) continue;
        shown[kind].delete(source);
        if (!next.has(source)) onSlot(source, kind, null);
      }
      for (const [source, mid] of next) {
        if (shown[kind].has(source)) continue;
        const receiver = connection?.getTransceivers().find((transceiver) => transceiver.mid === mid)?.receiver;
        if (receiver === undefined || receiver.track.kind !== (kind === "audio" ? "audio" : "video")) continue;
        const stream = new MediaStream([receiver.track]);
        shown[kind].set(source, { mid, stream });
        onSlot(source, kind, stream);
      }
    }
  }

  const networkChanged = () => void doubt();
  globalThis.addEventListener?.("online", networkChanged);

  return {
    get state() {
      return state;
    },

    async start() {
      if (state !== "new") return;
      become("connecting");
      await inTurn(() => attempt(true));
    },

    async setTrack(kind, track) {
      tracks[kind] = track;
      await senders[kind]?.replaceTrack(track);
      if (kind === "video") await fitLayers();
    },

    setSlots(slots) {
      wanted = slots;
      if (connection !== null) showSlots();
    },

    setLayers(count) {
      if (count === watched) return;
      watched = count;
      fitLayers().catch(() => undefined); // a connection that is being replaced; the next one begins with all
    },

    stream: (source, kind) => shown[kind].get(source)?.stream ?? null,
    restart,
    reached,
    rebuild,

    refresh() {
      fitLayers(true).catch(() => undefined);
    },

    async stats() {
      /** @type {Record<string, Received>} */
      const received = {};
      /** @type {Record<string, Received>} */
      const onScreens = {};
      /** @type {Sent} */
      const sent = {
        audioPackets: 0,
        videoPackets: 0,
        videoBytes: 0,
        framesEncoded: 0,
        roundTripMs: null,
        availableBps: null,
        limitedBy: "none",
      };
      const report = connection === null ? [] : (await connection.getStats()).values();
      for (const entry of report) {
        if (entry.type === "inbound-rtp") count(entry.kind, received, entry), entry.kind === "video" && count("screen", onScreens, entry);
        else if (entry.type === "outbound-rtp" && entry.kind === "audio") sent.audioPackets += entry.packetsSent;
        else if (entry.type === "outbound-rtp") {
          sent.videoPackets += entry.packetsSent;
          sent.videoBytes += entry.bytesSent;
          sent.framesEncoded += entry.framesEncoded ?? 0;
          const reason = entry.qualityLimitationReason ?? "none";
          if (reason !== "none") sent.limitedBy = reason;
        } else if (entry.type === "candidate-pair" && entry.nominated) {
          sent.roundTripMs = entry.currentRoundTripTime === undefined ? null : entry.currentRoundTripTime * 1_000;
          sent.availableBps = entry.availableOutgoingBitrate ?? null;
        }
      }
      return { received, screens: onScreens, sent };
    },

    close() {
      if (state === "closed") return;
      globalThis.removeEventListener?.("online", networkChanged);
      drop();
      become("closed");
    },
  };

  /**
   * Add one inbound stream's figures to those of the source it carries now.
   * @param {Kind} kind
   * @param {Record<string, Received>} received
   * @param {any} entry
   */
  function count(kind, received, entry) {
    for (const [source, { mid }] of shown[kind]) {
      if (mid !== entry.mid) continue;
      const figures = (received[source] ??= {
        framesDecoded: 0,
        frameHeight: 0,
        freezes: 0,
        framesPerSecond: 0,
        audioEnergy: 0,
        packetsReceived: 0,
        packetsLost: 0,
        keyframesAsked: 0,
      });
      figures.packetsReceived += entry.packetsReceived;
      figures.packetsLost += entry.packetsLost;
      if (kind === "audio") figures.audioEnergy = entry.totalAudioEnergy ?? 0;
      else {
        figures.framesDecoded = entry.framesDecoded ?? 0;
        figures.frameHeight = entry.frameHeight ?? 0;
        figures.framesPerSecond = entry.framesPerSecond ?? 0;
        figures.freezes = entry.freezeCount ?? 0;
        figures.keyframesAsked = entry.pliCount ?? 0;
      }
    }
  }
}

/**
 * The promise, or a rejection after `ms`.
 * @template T
 * @param {number} ms
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
function within(ms, promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("no answer came")), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * What this browser can do of what the server forwards.
 * @param {"audio" | "video"} kind
 */
function codecs(kind) {
  const all = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  return all.filter((codec) => CODECS[kind].includes(codec.mimeType.toLowerCase()));
}
