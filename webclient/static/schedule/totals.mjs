// The plan's minutes, added up while somebody types. Without this the form adds them up when it is sent.

/** @param {number} minutes */
function words(minutes) {
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours && rest) return `${hours} h ${rest} min`;
  return hours ? `${hours} h` : `${rest} min`;
}

const form = document.querySelector("#plan");

function reckon() {
  let clock = 0;
  let net = 0;
  for (const part of form?.querySelectorAll("[data-part]") ?? []) {
    const minutes = part.querySelector("[data-minutes]");
    const kind = part.querySelector("[data-kind]");
    if (minutes instanceof HTMLInputElement && kind instanceof HTMLSelectElement && /^\d{1,4}$/.test(minutes.value)) {
      clock += Number(minutes.value);
      if (kind.value !== "break") net += Number(minutes.value);
    }
  }
  for (const [name, value] of [
    ["clock", clock],
    ["net", net],
  ]) {
    const place = form?.querySelector(`[data-total="${name}"]`);
    if (place) place.textContent = words(Number(value));
  }
}

form?.addEventListener("input", reckon);
