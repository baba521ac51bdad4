import { word } from "./http";

/** A short message at the lower right that goes by itself; errors stay until dismissed. */
export function toast(text: string, kind: "ok" | "warn" | "error" = "ok"): void {
  let region = document.querySelector<HTMLElement>("#toasts");
  if (!region) {
    region = document.createElement("div");
    region.id = "toasts";
    region.setAttribute("aria-live", "polite");
    document.body.append(region);
  }
  const note = document.createElement("div");
  note.className = `note note-${kind}`;
  note.setAttribute("role", kind === "error" ? "alert" : "status");
  const words = document.createElement("span");
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn-close";
  close.setAttribute("aria-label", word("Close"));
  close.addEventListener("click", () => note.remove());
  note.append(words, close);
  region.append(note);
  if (kind !== "error") setTimeout(() => note.remove(), 6000);
}
