// Rows that go up and down while one stays where one is: the form is sent as it always is, and the page that answers
// takes the place of this one, with the focus on the same row; of a list that stands alone (nothing is kept by moving
// its rows) only the list does. Without this, the same buttons load the page anew.

import { t } from "/static/core/words.mjs";

const main = /** @type {HTMLElement} */ (document.querySelector("#app"));
const live = document.createElement("p");
live.className = "visually-hidden";
live.setAttribute("role", "status");
document.body.append(live);
let sending = false;

document.addEventListener("submit", (event) => {
  const { target: form, submitter: button } = /** @type {SubmitEvent} */ (event);
  if (!(form instanceof HTMLFormElement) || !(button instanceof HTMLButtonElement) || !button.dataset.move) return;
  event.preventDefault();
  if (!sending) void send(form, button);
});

/** @param {HTMLFormElement} form @param {HTMLButtonElement} button */
async function send(form, button) {
  const by = Number(button.dataset.move);
  const row = /** @type {HTMLElement} */ (button.closest("[data-order] > *"));
  const list = /** @type {HTMLElement} */ (row.parentElement);
  const there = [...list.children].indexOf(row) + by;
  const name = row.dataset.name ?? "";
  const body = new URLSearchParams([...new FormData(form)].map(([field, value]) => [field, String(value)]));
  body.append(button.name, button.value);
  sending = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = page.querySelector("#app");
    const moved = next?.querySelector("[data-order]");
    if (!next || !moved) throw new Error("another page");
    if (list.dataset.order === "alone") {
      list.replaceWith(moved);
      form.dispatchEvent(new Event("input", { bubbles: true }));
    } else {
      main.replaceChildren(...next.childNodes);
      if (answer.ok) history.replaceState(null, "", answer.url);
    }
    settle(answer.ok ? there : there - by, by, answer.ok ? name : "");
  } catch {
    delete button.dataset.move;
    form.requestSubmit(button);
  } finally {
    sending = false;
  }
}

/** @param {number} place @param {number} by @param {string} name "" where it was refused: the page says why */
function settle(place, by, name) {
  const rows = [...main.querySelectorAll("[data-order] > *")];
  const row = rows[place];
  const button = row?.querySelector(`[data-move="${by}"]`) ?? row?.querySelector("[data-move]");
  if (button instanceof HTMLElement) button.focus();
  if (name) live.textContent = t("{name} is now number {n} of {all}.", { name, n: place + 1, all: rows.length });
}
