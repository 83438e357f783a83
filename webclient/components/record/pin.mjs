/**
 * A signature is a person's own: before it the browser shows their PIN, once for five minutes. The first time they
 * choose one. Whatever needed the proof goes on by itself afterwards.
 */

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { whyNot } from "/static/core/refusals.mjs";
import { t } from "/static/core/words.mjs";

import { createDialog } from "./dialog.mjs";

const NEEDED = "prove_yourself";
const GAVE_UP = { code: "gave_up", text: "" };

/**
 * @param {object} context
 * @param {ReturnType<typeof import("./notebook.mjs").createNotebook>} context.notebook
 * @param {import("/static/core/connection.mjs").Connection} context.connection
 */
export function createPin({ notebook, connection }) {
  const dialog = createDialog({ className: "pin" });
  /** Has this person a PIN already? Unknown until the notebook or a refusal says so. */
  let chosen = true;
  let least = 6;

  /** Ask for the PIN. @returns {Promise<boolean>} whether it was shown */
  function prove() {
    return new Promise((done) => {
      let trouble = "";
      let busy = false;
      let proven = false;
      let codeIsWrong = false;

      /** @param {SubmitEvent} event */
      async function submit(event) {
        event.preventDefault();
        if (busy) return;
        const form = /** @type {HTMLFormElement} */ (event.target);
        const given = new FormData(form);
        const pin = String(given.get("pin") ?? "");
        codeIsWrong = false;
        if (!chosen && pin !== given.get("again")) {
          trouble = t("The two are not the same. Please type both again.");
          return refused(form);
        }
        busy = true;
        trouble = "";
        draw();
        try {
          await notebook.prove(chosen ? { pin } : { pin, choose: true, code: String(given.get("code") ?? "") });
          chosen = proven = true;
          dialog.close();
        } catch (refusal) {
          busy = false;
          const { code } = /** @type {{code: string}} */ (refusal);
          if (code === "no_pin" || code === "pin_chosen") {
            chosen = code === "pin_chosen"; // chosen, or taken back, somewhere else meanwhile
            trouble = chosen ? t("You chose a PIN already. Please type that one.") : "";
          } else trouble = whyNot(refusal);
          codeIsWrong = code === "wrong_code";
          refused(form);
        }
      }

      /** @param {HTMLFormElement} form */
      function refused(form) {
        draw();
        const code = String(new FormData(form).get("code") ?? "");
        form.reset();
        const field = /** @type {HTMLInputElement | null} */ (form.elements.namedItem("code"));
        if (field && !codeIsWrong) field.value = code;
        /** @type {HTMLInputElement | null} */ (form.elements.namedItem(codeIsWrong ? "code" : "pin"))?.focus();
      }

      const contents = () => ({
        title: chosen ? t("Your signing PIN") : t("Choose a signing PIN"),
        body: html`<form class="stack" @submit=${submit} novalidate>
          <p>${chosen
            ? t("It shows that it is you who signs. You are asked once, and then not for five minutes.")
            : t("It stands for your signature on every note, so it is yours alone. At least {n} characters, and not one that others can guess.", { n: least })}</p>
          ${chosen
            ? nothing
            : html`<div class="field">
                <label for="pin-code">${t("Set-up code")}</label>
                <p class="hint" id="pin-code-hint">${t("Eight letters and digits that your clinic reads out to you, so that nobody chooses in your name.")}</p>
                <input id="pin-code" name="code" autocomplete="off" autocapitalize="characters" spellcheck="false" required autofocus maxlength="20"
                  aria-describedby="pin-code-hint pin-trouble">
              </div>`}
          <div class="field">
            <label for="pin">${chosen ? "PIN" : t("New PIN")}</label>
            <input id="pin" name="pin" type="password" autocomplete=${chosen ? "current-password" : "new-password"} required ?autofocus=${chosen}
              maxlength="128" aria-describedby="pin-trouble" aria-invalid=${trouble ? "true" : nothing}>
          </div>
          ${chosen
            ? nothing
            : html`<div class="field">
                <label for="pin-again">${t("The same again")}</label>
                <input id="pin-again" name="again" type="password" autocomplete="new-password" required maxlength="128">
              </div>`}
          <p class="error" id="pin-trouble" role="alert">${trouble}</p>
          <div class="row end">
            <button class="button" type="button" @click=${() => dialog.close()}>${t("Not now")}</button>
            <button class="button primary" type="submit">${busy ? t("One moment…") : t("Go on")}</button>
          </div>
        </form>`,
      });
      const draw = () => dialog.draw(contents());
      dialog.show(contents(), () => done(proven));
    });
  }

  return {
    /** @param {import("./notebook.mjs").Proof} proof */
    known(proof) {
      chosen = proof.chosen;
      least = proof.pin_chars_min;
    },

    /**
     * Send what needs a proof; where it is not fresh, ask for it and send again.
     * Rejects with `{code: "gave_up", text: ""}` where the person closed the question.
     * @param {string} type @param {Record<string, unknown>} fields
     */
    async send(type, fields) {
      try {
        return await connection.send(type, fields);
      } catch (refusal) {
        if (/** @type {{code?: string}} */ (refusal).code !== NEEDED) throw refusal;
      }
      if (!(await prove())) throw GAVE_UP;
      return connection.send(type, fields);
    },
  };
}
