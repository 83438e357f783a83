/**
 * How a picture stands in its frame: one that is wider than high fills it; one from an upright phone is shown whole, for
 * of its middle alone there would be a chin and a forehead missing. It changes when the phone is turned.
 */

/** For `loadedmetadata` and `resize` of a video. @param {Event} event */
export function frame(event) {
  const video = /** @type {HTMLVideoElement} */ (event.target);
  video.toggleAttribute("data-upright", video.videoHeight > video.videoWidth);
}
