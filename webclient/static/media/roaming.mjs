/**
 * Connections that are bound to no address of this computer, so that they go on in another network at once.
 *
 *     const roaming = createRoaming();
 *     const Connection = await roaming.choose(capture);   // an RTCPeerConnection: bound to none if that is possible
 *     roaming.close();                                    // such connections end as well
 *
 * A page that may use the camera gets connections from Chromium that are bound to each address there is. When an address
 * is gone they cannot send, and on most systems they are told of the next one two seconds later. A document that may not
 * use the camera is not to learn what addresses there are: its connections are bound to none, and packets leave by
 * whatever way there is. So ours come from an empty frame that forbids itself camera and microphone. They send tracks of
 * the page, and theirs are played in the page, as if they were its own. Other browsers keep to the page's own.
 *
 * What sets them apart is where sound goes and how its echo is found (`isHeardAlike`).
 */

const FORBIDDEN = { camera: "'none'", microphone: "'none'" };
const CHROMIUM = /^Chromium$/;
const ONE_ECHO = { since: 120, systems: /^(Windows|macOS|Linux)$/ }; // Chromium takes out the echo of all it plays

/** @typedef {{chosen: {speakerId?: string}, tracks: {audio: MediaStreamTrack | null}}} Sound  As capture.mjs has it. */

export function createRoaming() {
  /** @type {HTMLIFrameElement | null} */
  let frame = null;

  /** The window of the frame. @returns {any} */
  function inside() {
    if (frame === null) {
      frame = document.createElement("iframe");
      frame.allow = Object.entries(FORBIDDEN).map(([name, to]) => `${name} ${to}`).join("; ");
      frame.hidden = true;
      document.body.append(frame);
    }
    return frame.contentWindow;
  }

  return {
    /** @param {Sound} sound @returns {Promise<typeof RTCPeerConnection>} */
    async choose(sound) {
      try {
        if (chromium() && (await isHeardAlike(sound))) {
          const window = inside();
          const asked = Object.keys(FORBIDDEN).map((name) => window.navigator.permissions.query({ name }));
          if ((await Promise.all(asked)).every(({ state }) => state === "denied")) return window.RTCPeerConnection;
        }
      } catch {
        // A browser that knows less of this than it seems: its connections are as they always were.
      }
      return RTCPeerConnection;
    },

    close() {
      frame?.remove();
      frame = null;
    },
  };
}

/**
 * Whether such a connection would be heard where the page's own is, and no echo of it either. Chromium plays what the
 * page's own receives on the headset whose microphone is in use; and of what another document's connections play it
 * takes out the echo on the system's own speaker alone, or where the system itself does.
 * @param {Sound} sound
 */
export async function isHeardAlike({ chosen, tracks: { audio } }) {
  if (chosen.speakerId && chosen.speakerId !== "default") return false;
  const ours = /** @type {any} */ (audio?.getCapabilities?.() ?? {}).echoCancellation ?? [];
  const { platform, mobile } = /** @type {any} */ (navigator).userAgentData;
  const all = ours.includes("all") || (!mobile && ONE_ECHO.systems.test(platform) && chromium() >= ONE_ECHO.since);
  if (!all) return false;
  const group = audio?.getSettings().groupId;
  const speakers = (await navigator.mediaDevices.enumerateDevices()).filter(({ kind }) => kind === "audiooutput");
  const usual = speakers.find(({ deviceId }) => deviceId === "default");
  return group === undefined || group === usual?.groupId || !speakers.some(({ groupId }) => groupId === group);
}

/** Which Chromium this is; 0 for another browser. */
function chromium() {
  /** @type {{brand: string, version: string}[]} */
  const brands = /** @type {any} */ (navigator).userAgentData?.brands ?? [];
  return Number(brands.find(({ brand }) => CHROMIUM.test(brand))?.version ?? 0);
}
