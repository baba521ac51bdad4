import { word } from "../lib/http";

/** Short ways to make elements and find those that the page has. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`#${id} is missing`);
  return found as T;
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The platform's mark with its name, as the page's template draws it. */
export function mark(platform: string): Node {
  return byId<HTMLTemplateElement>(`mark-${platform}`).content.cloneNode(true);
}

/** A note in the composer's message area that the person can dismiss. */
export function message(kind: "ok" | "warn" | "error" | "info", text: string, ...buttons: HTMLElement[]): HTMLElement {
  const close = make("button", { type: "button", class: "btn-close", "aria-label": word("Close") });
  const note = make("div", { class: `note note-${kind}`, role: kind === "error" ? "alert" : "status" }, make("span", {}, text), ...buttons, close);
  close.addEventListener("click", () => note.remove());
  byId("composer-messages").append(note);
  note.scrollIntoView({ block: "nearest" });
  return note;
}
