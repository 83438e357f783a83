/** Starts the session page with the real line, the real devices and the real media. */

import { connect, randomId } from "/static/core/connection.mjs";
import { createCapture } from "/static/media/capture.mjs";
import { createPeer } from "/static/media/peer.mjs";
import { start } from "./page.mjs";

const root = /** @type {HTMLElement} */ (document.querySelector("#app"));
start({ boot: JSON.parse(root.dataset.boot ?? "{}"), root, connect, capture: createCapture(), createPeer, device: device() });

/** A random id that this browser keeps; it says which tabs belong together and nothing about anybody. */
function device() {
  try {
    const kept = localStorage.getItem("milieu-device") ?? randomId();
    localStorage.setItem("milieu-device", kept);
    return kept;
  } catch {
    return randomId();
  }
}
