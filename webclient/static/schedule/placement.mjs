/** A search for everybody's weeks, watched: how far it is, and the result as soon as it is there. */

const LOOK_EVERY_MS = 1_000;
const far = /** @type {HTMLProgressElement | null} */ (document.getElementById("far"));

async function look() {
  const response = await fetch(`/placement/progress${location.search}`).catch(() => null);
  if (response && !response.ok) return; // signed out, or no longer allowed: the page as it stands says enough
  const told = response ? await response.json() : null;
  if (told && !told.running) {
    location.replace(location.pathname + location.search);
    return;
  }
  if (told && far) {
    far.value = told.percent;
    say("percent", `${told.percent} %`);
    say("left", told.left);
    say("stage", told.stage);
  }
  setTimeout(look, LOOK_EVERY_MS);
}

/** @param {string} id @param {string} text Only what is new is said anew by whoever reads it aloud. */
function say(id, text) {
  const place = document.getElementById(id);
  if (place && place.textContent !== text) place.textContent = text;
}

if (far) setTimeout(look, LOOK_EVERY_MS);
