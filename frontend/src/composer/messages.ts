import { word } from "../lib/http";
import { say } from "../lib/words";
import { byId, make } from "./dom";

/** What a message is about: there is one of each at most, and it goes when its cause is gone. */
export type Topic = "submit" | "import" | "conflict" | "kept";

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

/** A colleague saved meanwhile: look first, or put one's own over it. */
export function sayConflict(postId: string, overwrite: () => void): void {
  const look = make("a", { class: "btn btn-sm", href: `/posts/${postId}`, target: "_blank", rel: "noopener" }, say("seeNewest"));
  const mine = make("button", { type: "button", class: "btn btn-sm" }, say("putMine"));
  message("conflict", "error", say("conflict"), look, mine);
  mine.addEventListener("click", () => {
    if (window.confirm(say("sureOverwrite"))) overwrite();
  });
}
