/**
 * One's own screen, or a window of it, as a track to send: chosen in the browser's own dialog, sharp rather than fluid.
 */

const FRAMES_PER_S = 5; // text is read, not watched

/** Whether this browser can share a screen at all; phones mostly cannot. */
export function canShare() {
  return typeof globalThis.navigator?.mediaDevices?.getDisplayMedia === "function";
}

/** @param {() => void} ended  the browser's own "stop sharing" was pressed, or the window is gone */
export function createScreen(ended) {
  /** @type {MediaStream | null} */
  let stream = null;

  function stop() {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
  }

  return {
    /**
     * Ask what to show. Must run in a gesture.
     * @returns {Promise<MediaStreamTrack | null>} null: the person thought better of it. Rejects when it cannot be.
     */
    async choose() {
      stop();
      const wanted = /** @type {DisplayMediaStreamOptions} */ ({
        video: { frameRate: { ideal: FRAMES_PER_S, max: FRAMES_PER_S }, width: { max: 1920 }, height: { max: 1200 } },
        audio: false, selfBrowserSurface: "exclude", surfaceSwitching: "include",
      });
      let chosen;
      try {
        chosen = await navigator.mediaDevices.getDisplayMedia(wanted);
      } catch (error) {
        if (error instanceof DOMException && error.name === "NotAllowedError") return null;
        throw error;
      }
      const [track] = chosen.getVideoTracks();
      track.contentHint = "text";
      track.addEventListener("ended", () => {
        if (stream !== chosen) return;
        stream = null;
        ended();
      });
      stream = chosen;
      return track;
    },
    stop,
    get stream() {
      return stream;
    },
    get track() {
      return stream?.getVideoTracks()[0] ?? null;
    },
  };
}
