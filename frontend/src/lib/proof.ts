import { csrfToken, word } from "./http";
import { fit } from "./passkeys";
import "./proof.css";

/** Set on an answer that wants the person to prove to be there first (app/units/proofs.py). */
export const NEEDED = "X-Proof-Needed";

let asking: Promise<boolean> | null = null;

/** Ask in a dialog whether the person is there; true once proven, false when they think better of it. One at a time. */
export function prove(): Promise<boolean> {
  asking ??= ask().finally(() => {
    asking = null;
  });
  return asking;
}

async function ask(): Promise<boolean> {
  const answer = await fetch("/proof/dialog", { credentials: "same-origin", headers: { "HX-Request": "true" } }).catch(() => null);
  const holder = document.createElement("div");
  holder.innerHTML = answer?.ok ? await answer.text() : "";
  const dialog = holder.querySelector("dialog");
  if (!dialog) return false;
  const form = dialog.querySelector("form") as HTMLFormElement;
  document.body.append(dialog);
  fit(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    let proven = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void answered(form, event.submitter).then((refused) => {
        if (refused === "") {
          proven = true;
          dialog.close();
        } else say(dialog, refused);
      });
    });
    dialog.querySelector("[data-proof-cancel]")?.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(proven);
    });
  });
}

/** "" when the proof was right, else why not. */
async function answered(form: HTMLFormElement, by: HTMLElement | null): Promise<string> {
  const headers = { "X-CSRFToken": csrfToken(), Accept: "application/json" };
  const body = new FormData(form);
  // Which button it was: older browsers do not say so by themselves.
  if (by instanceof HTMLButtonElement && by.name) body.append(by.name, by.value);
  const answer = await fetch(form.action, { method: "POST", body, headers, credentials: "same-origin" }).catch(() => null);
  if (answer?.ok) return "";
  const told = (await answer?.json().catch(() => null)) as { message?: string } | null | undefined;
  return told?.message || word(answer ? "Failed" : "Offline");
}

function say(dialog: HTMLElement, words: string): void {
  const place = dialog.querySelector<HTMLElement>("[data-proof-said]");
  if (place) {
    place.textContent = words;
    place.hidden = false;
  }
  // Else a code would be taken for what accompanies the passkey that was refused.
  for (const hidden of dialog.querySelectorAll<HTMLInputElement>("[name=proof_passkey]")) hidden.value = "";
  const field = dialog.querySelector<HTMLInputElement>("input:not([type=hidden])");
  if (field) field.value = "";
  field?.focus();
}
