/**
 * What a person can do about a weak connection, in plain words and one tap. Pure: facts in, words out.
 */

import { t } from "/static/core/words.mjs";

/**
 * @typedef {"camera_off" | "low_data" | "audio_only"} Remedy
 * @typedef {{text: string, remedy: Remedy | null, label: string}} Advice
 */

const TAPS = /** @type {const} */ ({
  camera_off: t("Turn my camera off"),
  low_data: t("Use less data"),
  audio_only: t("Sound only"),
});

/**
 * @param {object} facts
 * @param {{word: string, direction: string}} facts.quality  as the server sees this connection
 * @param {boolean} facts.camera  whether ours is on
 * @param {string} facts.mode  what is received: "normal", "low_data" or "audio_only"
 * @param {string} [facts.limitedBy]  what keeps our own picture small: "none", "cpu", "bandwidth" or "other"
 * @returns {Advice | null} null: all is well, or nothing more can be done here
 */
export function advice({ quality, camera, mode, limitedBy = "none" }) {
  const { word, direction } = quality;
  if (word === "good") {
    return limitedBy === "cpu" && mode === "normal" ? say(t("Your computer is busy. Smaller pictures would help it."), "low_data") : null;
  }
  const up = direction !== "down";
  const down = direction !== "up";
  if (up && camera) {
    return say(direction === "up" ? t("What you send hardly gets through. Turning your camera off would help: they still hear you.")
      : t("Your connection is weak. Turning your camera off would help: you still see and hear the others."), "camera_off");
  }
  if (down && mode === "normal") return say(t("Pictures reach you slowly. Smaller ones would help."), "low_data");
  if (down && mode === "low_data" && word === "poor") return say(t("Your connection is very weak. Sound alone would still get through."), "audio_only");
  if (word === "poor") {
    return { text: t("Your connection is very weak. Sitting closer to the Wi-Fi, or a cable, would help. Your minutes are safe."), remedy: null, label: "" };
  }
  return null;
}

/**
 * The way back from a remedy that was taken, once the connection has been steady for a while.
 * @param {object} facts
 * @param {Remedy | null} facts.eased  the remedy
 * @param {boolean} facts.steady
 * @param {boolean} facts.camera  whether ours is on
 * @param {string} facts.mode  what is received
 * @returns {{text: string, label: string} | null}
 */
export function wayBack({ eased, steady, camera, mode }) {
  if (!steady || eased === null) return null;
  if (eased === "camera_off") {
    return camera ? null : { text: t("Your connection is steady again. You can turn your camera on, if you like."), label: t("Turn my camera on") };
  }
  return mode === eased ? { text: t("Your connection is steady again. Pictures can be as they were."), label: t("Pictures as before") } : null;
}

/** @param {string} text @param {Remedy} remedy @returns {Advice} */
function say(text, remedy) {
  return { text, remedy, label: TAPS[remedy] };
}
