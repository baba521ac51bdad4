import { choose, chosen, desk, unit } from "./desk";
import { byId } from "./dom";
import type { Body } from "./editor";
import type { Fields } from "./saving";
import type { Post } from "./types";

const title = byId<HTMLInputElement>("title");
const summary = byId<HTMLTextAreaElement>("summary");
const source = byId<HTMLInputElement>("source");
const author = byId<HTMLInputElement>("author");
const tags = byId<HTMLInputElement>("tags");
const urgent = byId<HTMLInputElement>("urgent");
const made = { ai_text: byId<HTMLSelectElement>("ai_text"), ai_images: byId<HTMLSelectElement>("ai_images") };

/** Where problems of these fields lead. */
export const choices: Record<string, HTMLElement> = made;

/** The fields of words, by the name that problems give them. */
export const inputs: Record<string, HTMLInputElement | HTMLTextAreaElement> = { title, summary, source, author, tags };

/** Everything that stands on the sheet, as the server takes it. */
export function fields(editor: Body): Fields {
  const all: Fields = {
    title: title.value,
    summary: summary.value,
    body_html: editor.html(),
    source: source.value,
    author: author.value,
    tags: tags.value.split(/[、,，;；\s]+/).filter(Boolean),
    urgent: urgent.checked,
    ai_text: made.ai_text.value,
    ai_images: made.ai_images.value,
    cover_media_id: desk.cover,
    attachments: desk.attachments,
    account_ids: chosen(),
  };
  if (!desk.post.id) {
    all.unit_id = unit.value;
    if (desk.post.corrects_id) all.corrects_id = desk.post.corrects_id;
  }
  return all;
}

/** The same fields of what the server has. */
export function fieldsOf(post: Post): Fields {
  const { title, summary, body_html, source, author, tags, urgent, cover_media_id, attachments, account_ids } = post;
  const { ai_text, ai_images } = post;
  return { title, summary, body_html, source, author, tags, urgent, cover_media_id, attachments, account_ids, ai_text, ai_images };
}

/** Put what is given on the sheet; what is not mentioned stays. */
export function fill(given: Fields, editor: Body): void {
  for (const [name, input] of Object.entries(inputs)) {
    if (given[name] === undefined) continue;
    input.value = name === "tags" ? (given.tags as string[]).join("、") : String(given[name] ?? "");
  }
  if (given.urgent !== undefined) urgent.checked = Boolean(given.urgent);
  for (const [name, select] of Object.entries(made)) {
    if (given[name] !== undefined) select.value = String(given[name] || "none");
  }
  if (given.body_html !== undefined) editor.set(String(given.body_html ?? ""));
  if (given.cover_media_id !== undefined) desk.cover = given.cover_media_id as string | null;
  if (given.attachments !== undefined) desk.attachments = given.attachments as string[];
  if (given.account_ids !== undefined) choose(given.account_ids as string[]);
}

/** Whether there is anything that would be lost. */
export const begun = (editor: Body): boolean => Boolean(title.value) || !editor.empty();

/** Characters used of what the strictest of the chosen accounts takes. */
export function drawCounters(): void {
  const used = desk.accounts.filter((account) => chosen().includes(account.id));
  const limit = (field: string): number => Math.min(...used.map((account) => account.limits[field] ?? Infinity));
  for (const [input, place, most] of [[title, "count-title", limit("title")], [summary, "count-summary", limit("digest")]] as const) {
    const length = Array.from(input.value).length;
    const counter = byId(place);
    counter.textContent = Number.isFinite(most) ? `${length}/${most}` : `${length}`;
    counter.classList.toggle("over", length > most);
  }
}

export function onTyped(touch: () => void): void {
  Object.values(inputs).forEach((input) => input.addEventListener("input", touch));
  urgent.addEventListener("change", touch);
  Object.values(made).forEach((select) => select.addEventListener("change", touch));
  byId("channels").addEventListener("change", touch);
}
