/**
 * Quick exit on every page that is read: the button at the top, or Escape three times. The page is emptied at once, the
 * browser is forgotten, and the everyday page takes this one's place in the history. Without JavaScript the button's
 * form does the same, but for the history. (The room has its own: it holds devices.)
 */

import { listenToKeys } from "/static/room/keys.mjs";

const frame = /** @type {HTMLFormElement | null} */ (document.querySelector(".page-frame"));

function exit() {
  if (!frame) return;
  dispatchEvent(new Event("milieu-leaving")); // what is typed goes out first, and nothing asks whether one is sure
  document.body.replaceChildren();
  document.title = "";
  try {
    sessionStorage.clear(); // what was typed and not sent goes too
  } catch {
    // nothing was kept, then
  }
  navigator.sendBeacon(frame.action);
  location.replace(frame.dataset.exitUrl ?? "/soup");
}

if (frame) {
  frame.addEventListener("submit", (event) => {
    event.preventDefault();
    exit();
  });
  listenToKeys({ enabled: () => false, exit, keys: {} });
  // A page from the browser's memory must not show what its person has left.
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
}
