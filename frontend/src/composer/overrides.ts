import { audienceChoice } from "./audience";
import { cropChoice, type Cover } from "./crops";
import { make } from "./dom";
import type { Choice, Form, Variant } from "./types";
import { say } from "../lib/words";

const PARTS = ["text", "title", "author", "digest", "cover", "content_html", "images", "comments"];
const LONG = new Set(["text", "digest", "content_html"]);

export interface Picture {
  sha256: string;
  media_id: string;
}

interface Wiring {
  set(variant: Variant, overrides: Record<string, unknown>): void;
  /** The same while it is being typed: saved in the next pause, or by `leave` when the field is left. */
  type(variant: Variant, overrides: Record<string, unknown>): void;
  leave(): void;
  /** What of it is not saved yet. */
  waiting(variant: Variant): Record<string, unknown>;
  pictures(): Picture[];
  limit(variant: Variant, field: string): number;
  forms(variant: Variant): Form[];
  choices(variant: Variant): Choice[];
  audience(variant: Variant): boolean;
}

/** The fields of one account's version: what it will get, what was set by hand (marked), and the way back. */
export function drawOverrides(panel: HTMLElement, variant: Variant, wiring: Wiring): void {
  const rows = PARTS.filter((name) => name in variant.payload && (name !== "cover" || cropped(variant)))
    .map((name) => row(variant, name, wiring));
  const hint = make("p", { class: "text-muted small" }, say("ownOnly"));
  const forms = wiring.forms(variant);
  const audience = wiring.audience(variant) ? [audienceRow(variant, wiring)] : [];
  panel.replaceChildren(hint, ...audience, ...(forms.length > 1 ? [formChoice(variant, forms, wiring)] : []), ...choices(variant, wiring), ...rows);
}

/** Whom a mass send goes to. It stands first: nothing else reaches so many people at once. */
function audienceRow(variant: Variant, wiring: Wiring): HTMLElement {
  const id = `override-${variant.account_id}-delivery`;
  const head = make("div", { class: "field-head" }, make("label", { class: "form-label", for: id }, say("part_delivery")));
  const marked = "delivery" in variant.overrides;
  if (marked) head.append(...wayBack(variant, "delivery", wiring));
  const own = (variant.overrides.delivery as object | undefined) ?? {};
  const choice = audienceChoice(id, variant, (audience) => wiring.set(variant, { delivery: { ...own, audience } }));
  return make("div", { class: `mb-3 override${marked ? " override-set" : ""}`, "data-part": "delivery" }, head, ...choice);
}

/** The shape that the post takes on this account. What was set for the other shape stays, and comes back with it. */
function formChoice(variant: Variant, forms: Form[], wiring: Wiring): HTMLElement {
  // An account may choose by itself (long posts as articles): what the payload says, whoever chose it.
  const chosen = String(variant.payload.form ?? forms[0].key);
  return selection(variant, "form", say("part_form"), forms, chosen, wiring);
}

/** How it is adapted: looks, length, tables. What an author wrote by hand is not adapted, so there is nothing to choose. */
function choices(variant: Variant, wiring: Wiring): HTMLElement[] {
  const shown = wiring.choices(variant).filter(({ part }) => part in variant.payload && !(part in variant.overrides));
  if (!shown.length) return [];
  const rows = shown.map(({ key, label, automatic, options }) =>
    selection(variant, key, label, [{ key: "", label: automatic }, ...options], String(variant.overrides[key] ?? ""), wiring));
  return [make("div", { class: "choices" }, ...rows)];
}

/** One list to choose from; the empty key is the automatic way. */
function selection(variant: Variant, name: string, label: string, options: Form[], chosen: string, wiring: Wiring): HTMLElement {
  const id = `override-${variant.account_id}-${name}`;
  const select = make("select", { id, class: "form-select" }, ...options.map((option) => make("option", { value: option.key }, option.label)));
  select.value = chosen;
  select.addEventListener("change", () => wiring.set(variant, { [name]: select.value || null }));
  const head = make("div", { class: "field-head" }, make("label", { class: "form-label", for: id }, label));
  const marked = name in variant.overrides;
  if (marked) head.append(...wayBack(variant, name, wiring));
  return make("div", { class: `mb-3 override${marked ? " override-set" : ""}`, "data-part": name }, head, select);
}

/** The mark of a part set by hand, and the button that makes it automatic again. */
function wayBack(variant: Variant, name: string, wiring: Wiring): HTMLElement[] {
  const reset = make("button", { type: "button", class: "btn btn-sm btn-link" }, say("backToAutomatic"));
  reset.addEventListener("click", () => wiring.set(variant, { [name]: null }));
  return [make("span", { class: "state state-indigo" }, say("setByHand")), reset];
}

function cropped(variant: Variant): boolean {
  return Object.keys((variant.payload.cover as Cover | null)?.crops ?? {}).length > 0;
}

function row(variant: Variant, name: string, wiring: Wiring): HTMLElement {
  const id = `override-${variant.account_id}-${name}`;
  const marked = name in variant.overrides;
  const head = make("div", { class: "field-head" }, make("label", { class: "form-label", for: id }, say(`part_${name}`)));
  if (marked) head.append(...wayBack(variant, name, wiring));
  const value = variant.payload[name];
  const box = make("div", { class: `mb-3 override${marked ? " override-set" : ""}`, "data-part": name }, head);
  if (Array.isArray(value)) box.append(pictureChoice(id, variant, value as Picture[], wiring));
  else if (name === "cover") box.append(cropChoice(id, value as Cover, (crops) => wiring.set(variant, { cover: { ...(variant.overrides.cover as object), crops } })));
  else if (typeof value === "boolean") box.append(tick(id, variant, name, value, wiring));
  else box.append(...words(id, variant, name, String(value ?? ""), wiring, head));
  // Written by hand only in need: folded away until it was.
  if (!name.endsWith("_html")) return box;
  const fold = make("details", {}, make("summary", { class: "mb-2" }, say("rewriteCode")), box);
  fold.open = marked;
  return fold;
}

/** How much of what the platform takes is used, by its own way of counting. */
export function showLength(counter: HTMLElement, { length: { used, limit } }: Variant): void {
  counter.className = `counter num${used > limit ? " over" : ""}`;
  counter.textContent = `${used}/${limit}`;
}

function words(id: string, variant: Variant, name: string, value: string, wiring: Wiring, head: HTMLElement): HTMLElement[] {
  const field = LONG.has(name)
    ? make("textarea", { id, class: "form-control", rows: name === "digest" ? "3" : "8" })
    : make("input", { id, class: "form-control" });
  field.value = String(wiring.waiting(variant)[name] ?? value);
  field.addEventListener("input", () => wiring.type(variant, { [name]: field.value }));
  field.addEventListener("change", () => wiring.leave());
  const limit = wiring.limit(variant, name);
  // A text with its own way of counting shows the server's count.
  if (limit && name !== "text") {
    const counter = make("span", { class: "counter num" });
    const count = (): void => {
      const used = Array.from(field.value).length;
      counter.textContent = `${used}/${limit}`;
      counter.classList.toggle("over", used > limit);
    };
    field.addEventListener("input", count);
    count();
    head.append(counter);
  } else if (name === "text" && !("content_html" in variant.payload)) {
    const counter = make("span", { "data-length": "" });
    showLength(counter, variant);
    head.append(counter);
  }
  return [field];
}

function tick(id: string, variant: Variant, name: string, value: boolean, wiring: Wiring): HTMLElement {
  const input = make("input", { id, type: "checkbox", class: "form-check-input" });
  input.checked = value;
  input.addEventListener("change", () => wiring.set(variant, { [name]: input.checked }));
  return make("div", { class: "form-check" }, input);
}

function pictureChoice(id: string, variant: Variant, chosen: Picture[], wiring: Wiring): HTMLElement {
  const all = [...chosen, ...wiring.pictures().filter((item) => !chosen.some((own) => own.sha256 === item.sha256))];
  const box = make("div", { id, class: "thumbs", role: "group", "aria-label": say("choosePictures") });
  for (const picture of all) {
    const on = chosen.some((item) => item.sha256 === picture.sha256);
    const button = make("button", { type: "button", class: "thumb", "aria-pressed": String(on), "aria-label": say(on ? "dropPicture" : "addPicture") }, make("img", { src: `/media/${picture.sha256}`, alt: "" }));
    button.addEventListener("click", () => {
      const next = on ? chosen.filter((item) => item.sha256 !== picture.sha256) : [...chosen, picture];
      wiring.set(variant, { images: next });
    });
    box.append(button);
  }
  if (!all.length) box.append(make("span", { class: "text-muted small" }, say("noPictures")));
  return box;
}
