import "./picker.css";
import { send } from "../lib/http";
import { toast } from "../lib/toast";
import { byId, make } from "./dom";
import type { Media } from "./types";

/** What GET /library/choices tells of an item. */
interface Choice extends Media {
  alt: string;
  title: string;
  thumb: string;
  dimensions: string;
  folder: string;
  expired: boolean;
  may_write: boolean;
}
interface Choices {
  items: Choice[];
  next_cursor: string | null;
  folders?: string[];
}
type Take = (item: Media) => void;

const dialog = byId<HTMLDialogElement>("picker");
const search = byId<HTMLInputElement>("picker-q");
const folder = byId<HTMLSelectElement>("picker-folder");
const items = byId("picker-items");
const more = byId("picker-more");
const altForm = byId<HTMLFormElement>("picker-alt-form");
const alt = byId<HTMLInputElement>("picker-alt");
const words = JSON.parse(byId("picker-words").textContent ?? "{}") as Record<string, string>;

let wanted: { kind: "image" | ""; described: boolean; take: Take } = { kind: "", described: false, take: () => undefined };
let cursor: string | null = null;
let pending: Choice | null = null;
// Of two searches under way the later one counts.
let asked = 0;

/** Let the person pick an item; a picture only with words for those who cannot see it: `described` puts them into the
 * text, else they are asked for where they can be kept in the library. */
export function pick(kind: "image" | "", described: boolean, take: Take): void {
  wanted = { kind, described, take };
  ask(null);
  search.value = "";
  folder.value = "";
  dialog.showModal();
  search.focus();
  void load(true);
}

async function load(afresh: boolean): Promise<void> {
  const mine = ++asked;
  if (afresh) {
    cursor = null;
    items.replaceChildren();
    ask(null);
  }
  byId("picker-said").textContent = words.loading;
  more.hidden = true;
  const query = new URLSearchParams({ kind: wanted.kind, q: search.value.trim(), folder: folder.value });
  if (cursor) query.set("cursor", cursor);
  try {
    const found = await send<Choices>("GET", `/library/choices?${query}`);
    if (mine !== asked) return;
    show(found);
  } catch (error) {
    if (mine === asked) byId("picker-said").textContent = (error as Error).message;
  }
}

function show(found: Choices): void {
  items.append(...found.items.map(entry));
  cursor = found.next_cursor;
  more.hidden = !cursor;
  byId("picker-said").textContent = items.childElementCount ? "" : words.nothing;
  if (!found.folders) return;
  const chosen = folder.value;
  const [everything] = folder.options;
  folder.replaceChildren(everything, ...found.folders.map((path) => make("option", { value: path }, path)));
  folder.value = chosen;
}

function entry(item: Choice): HTMLElement {
  const look = item.thumb ? make("img", { src: item.thumb, alt: "", loading: "lazy" }) : make("span", { class: "picker-file", "aria-hidden": "true" }, item.name.split(".").pop() ?? "");
  const told = [item.dimensions, item.folder].filter(Boolean).join(" · ");
  const button = make("button", { type: "button", class: "picker-item", title: item.name }, look, make("span", { class: "picker-name" }, item.title), make("span", { class: "picker-name text-muted" }, told));
  if (item.expired) button.append(make("span", { class: "picker-expired" }, words.expired));
  button.addEventListener("click", () => choose(item, button));
  return make("li", {}, button);
}

function choose(item: Choice, button: HTMLElement): void {
  const picture = item.content_type.startsWith("image/");
  if (picture && !item.alt && (wanted.described || item.may_write)) {
    items.querySelectorAll("[aria-pressed]").forEach((other) => other.removeAttribute("aria-pressed"));
    button.setAttribute("aria-pressed", "true");
    ask(item);
    alt.focus();
    return;
  }
  take(item);
}

/** Ask for the alt text of `item`; null takes the question away. */
function ask(item: Choice | null): void {
  pending = item;
  altForm.hidden = !item;
  alt.value = "";
}

function take(item: Choice): void {
  dialog.close();
  wanted.take(item);
}

altForm.addEventListener("submit", (event) => {
  event.preventDefault();
  const said = alt.value.trim();
  if (!pending || !said) return;
  const item = { ...pending, alt: said };
  if (item.may_write) {
    const form = new FormData();
    form.append("alt", said);
    send("POST", `/library/${item.id}`, form).catch((error: Error) => toast(error.message, "error", "alt"));
  }
  take(item);
});

let timer = 0;
search.addEventListener("input", () => {
  window.clearTimeout(timer);
  timer = window.setTimeout(() => void load(true), 250);
});
byId("picker-search").addEventListener("submit", (event) => {
  event.preventDefault();
  window.clearTimeout(timer);
  void load(true);
});
folder.addEventListener("change", () => void load(true));
more.addEventListener("click", () => void load(false));
dialog.querySelector("[data-picker-close]")?.addEventListener("click", () => dialog.close());
