/**
 * A door that opens at its time: on the home page its button appears, and whoever waits before a room is led in, without
 * anybody loading the page again.
 */

const AGAIN_MS = 15_000;
const WAIT_MS_MAX = 12 * 60 * 60 * 1_000; // whoever leaves the page open for longer comes back to it anew

/** Put what the server says of the door now in the place of what stands there; a page without that door is another one. */
async function look(/** @type {Element} */ door) {
  const answer = await fetch(location.href, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${answer.status}`);
  const told = new DOMParser().parseFromString(await answer.text(), "text/html");
  const now = told.getElementById(door.id);
  if (!now) {
    location.reload();
    return;
  }
  const held = door.contains(document.activeElement);
  door.replaceChildren(...now.childNodes);
  if (held) door.querySelector("a")?.focus(); // whoever is there by keys stays there
  const opensIn = Number(now.getAttribute("data-doors-in"));
  if (opensIn > 0) setTimeout(() => wait(door, Date.now() + opensIn), AGAIN_MS); // our clock was ahead of the server's
}

/** Look once `opensAt` has come; a sleeping phone may be late, and a lost line is tried again. */
function wait(/** @type {Element} */ door, /** @type {number} */ opensAt) {
  const left = opensAt - Date.now();
  if (left > 0) {
    setTimeout(() => wait(door, opensAt), Math.min(left, AGAIN_MS * 4));
  } else {
    look(door).catch(() => setTimeout(() => wait(door, opensAt), AGAIN_MS));
  }
}

const door = document.querySelector("[data-doors-in]");
const opensIn = Number(door?.getAttribute("data-doors-in"));
if (door && opensIn < WAIT_MS_MAX) wait(door, Date.now() + opensIn);
