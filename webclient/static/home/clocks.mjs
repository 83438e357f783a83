/** Times on a page are by the clock of the program; where this browser's says something else, both are told beside it. */

import { bothTimes, wallTime } from "/static/core/clock.mjs";

for (const place of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-at][data-zone]"))) {
  const [at, zone] = [Number(place.dataset.at), place.dataset.zone ?? ""];
  if (wallTime(at, zone) === wallTime(at)) continue;
  place.textContent = bothTimes(at, zone);
  place.hidden = false;
}
