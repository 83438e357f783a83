/** The record page: one line to the room in mode "record", one component that shows it. */

import { mount } from "/components/record/record.mjs";
import { connect, randomId } from "/static/core/connection.mjs";
import { spoken } from "/static/core/spoken.mjs";
import { t } from "/static/core/words.mjs";

const app = /** @type {HTMLElement} */ (document.getElementById("app"));
const boot = JSON.parse(app.dataset.boot ?? "{}");
const line = /** @type {HTMLElement} */ (document.getElementById("line"));

const WORDS = {
  connecting: "",
  open: "",
  reconnecting: t("Your connection dropped. What you wrote is safe. Reconnecting…"),
  closed: t("This page is closed. Open the session again from your home page."),
};

/** @type {ReturnType<typeof mount> | null} */
let page = null;
let degraded = false;
let leaving = false;

const connection = connect({
  socketUrl: new URL(boot.socket, location.href.replace(/^http/, "ws")).href,
  device: deviceId(),
  mode: "record",
  storage: sessionStorage,
  storageKey: `milieu-notes-${boot.session}`,
  onView(view) {
    if (!page) {
      app.replaceChildren();
      page = mount(app, { boot, connection });
    }
    page.update(spoken(view));
  },
  onMessage(message) {
    if (message.type === "degraded") degraded = message.store;
    say();
  },
  onState: say,
  onDraft: (key, draft) => page?.drafted(key, draft),
});

function say() {
  const status = connection?.state.status ?? "connecting";
  const words = degraded && status === "open"
    ? t("Nothing can be saved for the moment. Keep this page open: what you type waits here and is saved by itself.")
    : WORDS[status];
  if (line.textContent !== words) line.textContent = words;
  line.hidden = words === "";
}

/** A random id that this browser keeps. */
function deviceId() {
  try {
    const known = localStorage.getItem("milieu-device") ?? randomId();
    localStorage.setItem("milieu-device", known);
    return known;
  } catch {
    return randomId();
  }
}

addEventListener("online", () => connection.wake());
addEventListener("pagehide", flush);
addEventListener("milieu-leaving", () => {
  leaving = true;
  flush();
});
addEventListener("beforeunload", (event) => {
  flush();
  if (!leaving && page?.unsaved()) event.preventDefault();
});

/** What is typed goes out at once: the page may be about to go. */
function flush() {
  connection.flush();
  page?.flush();
}
