import "./phone.css";
import htmx from "../lib/htmx";
import { make } from "./dom";

/** [预览发到手机]: the server's dialog over the page. `ready` saves first; it tells the post's id, "" when it could not. */
export function phonePreview(ready?: () => Promise<string>): void {
  const button = document.querySelector<HTMLButtonElement>("[data-phone-preview]");
  if (!button) return;
  const dialog = make("dialog", { class: "asking phone-preview-dialog", "aria-labelledby": "phone-preview-title", tabindex: "-1" });
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || (event.target as Element).closest("[data-close-dialog]")) dialog.close();
  });
  // A page's own keys (Y approves) must not work behind the dialog.
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  // What is shown asks the server again and again: nothing of it stays behind a closed dialog.
  dialog.addEventListener("close", () => dialog.replaceChildren());
  button.addEventListener("click", (event) => void open(event, button, dialog, ready));
}

async function open(event: Event, button: HTMLButtonElement, dialog: HTMLDialogElement, ready?: () => Promise<string>): Promise<void> {
  if (button.getAttribute("aria-busy")) return;
  button.setAttribute("aria-busy", "true");
  try {
    const id = ready ? await ready() : (button.dataset.phonePreview ?? "");
    if (!id) return;
    // With the event: somebody asked, so what goes wrong is said, too (lib/htmx.ts); a line that is down ends in a throw.
    await htmx.ajax("get", `/posts/${id}/phone-preview`, { target: dialog, swap: "innerHTML", event }).catch(() => undefined);
    if (!dialog.hasChildNodes()) return;
    dialog.showModal();
    dialog.querySelector<HTMLInputElement>("input:not([type=hidden])")?.focus();
  } finally {
    button.removeAttribute("aria-busy");
  }
}
