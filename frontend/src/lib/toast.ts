import { word } from "./http";

/**
 * A short message at the lower right that goes by itself; errors stay until dismissed, or until untoast(topic).
 * What is said again, or about the same topic, takes the old one's place.
 */
export function toast(text: string, kind: "ok" | "warn" | "error" = "ok", topic = text): void {
  untoast(topic);
  let region = document.querySelector<HTMLElement>("#toasts");
  if (!region) {
    region = document.createElement("div");
    region.id = "toasts";
    region.setAttribute("aria-live", "polite");
    document.body.append(region);
  }
  const note = document.createElement("div");
  note.className = `note note-${kind}`;
  note.dataset.topic = topic;
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

/** What was said about `topic` holds no more. */
export function untoast(topic: string): void {
  for (const note of document.querySelectorAll<HTMLElement>("#toasts .note")) if (note.dataset.topic === topic) note.remove();
}
