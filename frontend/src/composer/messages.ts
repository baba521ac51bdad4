import { word } from "../lib/http";
import { byId, make } from "./dom";

/** What a message is about: there is one of each at most, and it goes when its cause is gone. */
export type Topic = "submit" | "import" | "conflict" | "kept" | "aside" | "newer" | "held";

/** A note in the composer's message area; it takes the place of the one about the same, and can be closed. */
export function message(topic: Topic, kind: "ok" | "warn" | "error" | "info", text: string, ...buttons: HTMLElement[]): HTMLElement {
  clear(topic);
  const close = make("button", { type: "button", class: "btn-close", "aria-label": word("Close") });
  const note = make("div", { class: `note note-${kind}`, role: kind === "error" ? "alert" : "status", "data-topic": topic }, make("span", {}, text), ...buttons, close);
  close.addEventListener("click", () => note.remove());
  byId("composer-messages").append(note);
  note.scrollIntoView({ block: "nearest" });
  return note;
}

/** The cause is gone: so is what was said about it. */
export function clear(topic: Topic): void {
  byId("composer-messages").querySelectorAll(`[data-topic="${topic}"]`).forEach((note) => note.remove());
}
