// What is typed into a field stands where the group will see it. Without this it does once the form is sent.

for (const shown of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-echo]"))) {
  const field = document.querySelector(`form [name="${shown.dataset.echo}"]`);
  if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) {
    field.addEventListener("input", () => {
      shown.textContent = field.value.trim().replace(/\s+/g, " ") || "…";
    });
  }
}
