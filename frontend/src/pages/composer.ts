/** The composer: fields, editor and channels on the left; problems, notes and true previews on the right. */
import "../composer/composer.css";
import { Refusal, send } from "../lib/http";
import { toast } from "../lib/toast";
import { byId, make, mark, message } from "../composer/dom";
import { makeEditor } from "../composer/editor";
import { drawOverrides } from "../composer/overrides";
import { onFiles, picturesIn, thumb, upload } from "../composer/pictures";
import { unitIndex } from "../composer/plaintext";
import { drawNotes, drawProblems, found, type Found } from "../composer/problems";
import { Saver, type Fields } from "../composer/saving";
import type { Data, Media, Post, Problem, Saved, Variant } from "../composer/types";
import { dayAndClock, say } from "../lib/words";

const data = JSON.parse(byId("composer-data").textContent ?? "{}") as Data;
let post: Post = data.post;
const media: Record<string, Media> = data.media;
let cover: string | null = post.cover_media_id ?? null;
let attachments: string[] = post.attachments ?? [];

const title = byId<HTMLInputElement>("title");
const summary = byId<HTMLTextAreaElement>("summary");
const source = byId<HTMLInputElement>("source");
const author = byId<HTMLInputElement>("author");
const tags = byId<HTMLInputElement>("tags");
const urgent = byId<HTMLInputElement>("urgent");
const unit = byId<HTMLInputElement | HTMLSelectElement>("unit");
const channels = (): HTMLInputElement[] => [...byId("channels").querySelectorAll<HTMLInputElement>("input[name=account]")];
const chosen = (): string[] => channels().filter((box) => box.checked).map((box) => box.value);

const editor = makeEditor(byId("editor"), byId("tools"), post.body_html ?? "", {
  changed: () => touch(),
  unit: () => unit.value,
  upload: take,
  noted: (notes) => notes.forEach((note) => toast(note, "warn")),
});

function fields(): Fields {
  const all: Fields = {
    title: title.value,
    summary: summary.value,
    body_html: editor.html(),
    source: source.value,
    author: author.value,
    tags: tags.value.split(/[、,，;；\s]+/).filter(Boolean),
    urgent: urgent.checked,
    cover_media_id: cover,
    attachments,
    account_ids: chosen(),
  };
  if (!post.id) {
    all.unit_id = unit.value;
    if (post.corrects_id) all.corrects_id = post.corrects_id;
  }
  return all;
}

function fill(given: Fields): void {
  if (given.title !== undefined) title.value = String(given.title ?? "");
  if (given.summary !== undefined) summary.value = String(given.summary ?? "");
  if (given.source !== undefined) source.value = String(given.source ?? "");
  if (given.author !== undefined) author.value = String(given.author ?? "");
  if (given.tags !== undefined) tags.value = (given.tags as string[]).join("、");
  if (given.urgent !== undefined) urgent.checked = Boolean(given.urgent);
  if (given.body_html !== undefined) editor.set(String(given.body_html ?? ""));
  if (given.cover_media_id !== undefined) cover = given.cover_media_id as string | null;
  if (given.attachments !== undefined) attachments = given.attachments as string[];
  if (given.account_ids !== undefined) channels().forEach((box) => (box.checked = (given.account_ids as string[]).includes(box.value)));
  drawFiles();
  drawCounters();
}

const saver = new Saver(post, {
  fields,
  saved: taken,
  said(text, kind) {
    const place = byId("saved");
    place.textContent = text;
    place.dataset.kind = kind;
  },
  refused(error) {
    const words = Object.values((error.body?.errors ?? {}) as Record<string, string[]>).flat().join(" ");
    toast([error.message, words].filter(Boolean).join(" "), "error");
  },
  conflict: showConflict,
});

function touch(): void {
  drawCounters();
  saver.touch();
}

/** The server has it: show what it made of it. */
function taken({ post: next, url, media: pictures }: Saved, sent: Fields): void {
  const fresh = !post.id;
  Object.assign(media, pictures);
  post = next;
  if (fresh) {
    history.replaceState(null, "", url);
    if (unit instanceof HTMLSelectElement) unit.disabled = true;
  }
  const unchanged = sent.body_html === editor.html();
  // Pictures that came in by other ways have got their place in the library, or were refused.
  if (unchanged && /<img[^>]+src="(?!\/media\/)/.test(editor.html())) editor.set(next.body_html ?? "");
  if (unchanged) editor.show((next.revision?.problems ?? []).filter((problem) => problem.field === "body"));
  const badge = document.querySelector(".composer-state .state");
  if (next.status === "draft") badge?.replaceWith(byId<HTMLTemplateElement>("badge-draft").content.cloneNode(true));
  const heading = document.querySelector("h1");
  if (heading) heading.textContent = next.title || say("untitled");
  byId("version").textContent = `${next.revision?.number}.${next.version}`;
  draw();
  void drawPreviews();
}

function showConflict(newest: number): void {
  const look = make("a", { class: "btn btn-sm", href: `/posts/${post.id}`, target: "_blank", rel: "noopener" }, say("seeNewest"));
  const mine = make("button", { type: "button", class: "btn btn-sm" }, say("putMine"));
  const note = message("error", say("conflict"), look, mine);
  mine.addEventListener("click", () => {
    if (!window.confirm(say("sureOverwrite"))) return;
    note.remove();
    void saver.overwrite(newest);
  });
}

function draw(): void {
  drawTabs();
  drawProblems(found(post), go);
  drawNotes(post);
  drawFiles();
}

async function drawPreviews(): Promise<void> {
  const answer = await fetch(`/posts/${post.id}/previews`, { headers: { "X-Background": "1" } });
  if (answer.ok) byId("previews").innerHTML = await answer.text();
}

function drawCounters(): void {
  const used = data.accounts.filter((account) => chosen().includes(account.id));
  const limit = (field: string): number => Math.min(...used.map((account) => account.limits[field] ?? Infinity));
  for (const [input, place, most] of [[title, "count-title", limit("title")], [summary, "count-summary", limit("digest")]] as const) {
    const length = Array.from(input.value).length;
    const counter = byId(place);
    counter.textContent = Number.isFinite(most) ? `${length}/${most}` : `${length}`;
    counter.classList.toggle("over", length > most);
  }
}

function open(tab: string): void {
  for (const button of byId("tabs").querySelectorAll<HTMLElement>("[role=tab]")) {
    const on = button.id === tab;
    button.setAttribute("aria-selected", String(on));
    button.tabIndex = on ? 0 : -1;
    byId(button.dataset.panel ?? "").hidden = !on;
  }
  const account = tab.replace("tab-", "");
  document.querySelector(`.phone[data-account="${account}"]`)?.scrollIntoView({ block: "nearest", inline: "start" });
}

function drawTabs(): void {
  const tabs = byId("tabs");
  const wanted = new Set(post.variants.map((variant) => `tab-${variant.account_id}`));
  for (const old of [...tabs.querySelectorAll<HTMLElement>("[role=tab]")]) {
    if (old.id === "tab-base" || wanted.has(old.id)) continue;
    if (old.getAttribute("aria-selected") === "true") open("tab-base");
    byId(old.dataset.panel ?? "").remove();
    old.remove();
  }
  for (const variant of post.variants) drawTab(tabs, variant);
}

function drawTab(tabs: HTMLElement, variant: Variant): void {
  const id = `tab-${variant.account_id}`;
  let tab = document.getElementById(id);
  if (!tab) {
    const panel = make("div", { class: "card-body", id: `panel-${variant.account_id}`, role: "tabpanel", "aria-labelledby": id, hidden: "" });
    byId("panel-base").parentElement?.append(panel);
    tab = make("button", { type: "button", role: "tab", id, "data-panel": panel.id, "aria-controls": panel.id, "aria-selected": "false", tabindex: "-1" });
    tabs.append(tab);
  }
  tab.replaceChildren(mark(variant.platform), ` ${variant.account_name}`);
  const blocks = variant.problems.filter((problem) => problem.severity === "block").length;
  if (blocks) tab.append(make("span", { class: "count-block", title: say("blocking", { n: blocks }) }, String(blocks)));
  if (Object.keys(variant.overrides).length) tab.append(make("span", { class: "count-set", title: say("partsByHand") }, "✎"));
  const panel = byId(`panel-${variant.account_id}`);
  // Not under the hands of somebody who is typing or sliding there.
  if (panel.contains(document.activeElement) && document.activeElement?.matches("textarea, input[type=range]")) return;
  drawOverrides(panel, variant, {
    set: (which, overrides) => void saver.patch(`/posts/${post.id}/variants/${which.id}`, { overrides }),
    pictures: () => allPictures().map((item) => ({ sha256: item.sha256, media_id: item.id })),
    forms: (which) => data.accounts.find((account) => account.id === which.account_id)?.forms ?? [],
    limit: (which, field) => data.accounts.find((account) => account.id === which.account_id)?.limits[field] ?? 0,
  });
}

function allPictures(): Media[] {
  const inBody = picturesIn(editor.html()).map((sha256) => Object.values(media).find((item) => item.sha256 === sha256) ?? { id: "", url: `/media/${sha256}`, sha256, name: "", content_type: "image/*" });
  const front = cover && media[cover] ? [media[cover]] : [];
  return [...front, ...inBody.filter((item) => item.id !== cover)];
}

function drawFiles(): void {
  const shown = cover ? media[cover] : undefined;
  byId("cover").replaceChildren(shown ? make("img", { src: shown.url, alt: say("cover"), class: "cover-shown" }) : make("span", { class: "text-muted" }, say("noCover")));
  byId("cover-clear").hidden = !cover;
  const choices = allPictures().filter((item) => item.id);
  byId("cover-choices").replaceChildren(...choices.map((item) => thumb(item.url, say("asCover", { name: item.name }), item.id === cover, () => setCover(item.id))));
  byId("attachments").replaceChildren(...attachments.map((id) => {
    const remove = make("button", { type: "button", class: "btn btn-sm btn-link" }, say("remove"));
    remove.addEventListener("click", () => {
      attachments = attachments.filter((other) => other !== id);
      drawFiles();
      touch();
    });
    return make("li", {}, media[id]?.name ?? id, " ", remove);
  }));
}

function setCover(id: string | null): void {
  cover = id;
  drawFiles();
  touch();
  void centreCrops();
}

/** Crops moved on one picture mean nothing on the next. */
async function centreCrops(): Promise<void> {
  for (const variant of post.variants) {
    if ("cover" in variant.overrides) await saver.patch(`/posts/${post.id}/variants/${variant.id}`, { overrides: { cover: null } });
  }
}

async function take(file: File): Promise<Media | null> {
  const item = await upload(file, unit.value);
  if (item) media[item.id] = item;
  return item;
}

const inputs: Record<string, HTMLInputElement | HTMLTextAreaElement> = { title, summary, source, author, tags };

function go({ problem, variant }: Found): void {
  if (variant) {
    open(`tab-${variant.account_id}`);
    const part = document.getElementById(`override-${variant.account_id}-${problem.field}`);
    part?.closest("details")?.setAttribute("open", "");
    (part ?? byId(`panel-${variant.account_id}`)).scrollIntoView({ block: "center" });
    if (part) select(part, problem);
    return;
  }
  open("tab-base");
  if (problem.field === "body") {
    byId("editor").scrollIntoView({ block: "center" });
    editor.jump(problem.start ?? 0, problem.end ?? 0);
  } else if (problem.field in inputs) select(inputs[problem.field], problem);
  else byId("attachments").scrollIntoView({ block: "center" });
}

function select(field: HTMLElement, problem: Problem): void {
  field.focus();
  if ((field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) && problem.start !== null && problem.end !== null) {
    field.setSelectionRange(unitIndex(field.value, problem.start), unitIndex(field.value, problem.end));
  }
}

async function importFiles(files: File[]): Promise<void> {
  if ((title.value || !editor.empty()) && !window.confirm(say("sureImport"))) return;
  const form = new FormData();
  files.forEach((file) => form.append("file", file));
  form.append("unit_id", unit.value);
  const wait = message("info", say("importingNow"));
  try {
    const result = await send<{ fields: Fields; notes: string[]; missing: string[] }>("POST", "/posts/import", form);
    fill(result.fields);
    if (result.notes.length) message(result.missing.length ? "warn" : "ok", `${say("imported")}\n${result.notes.join("\n")}`);
    touch();
    await saver.flush();
  } catch (error) {
    message("error", (error as Error).message);
  } finally {
    wait.remove();
  }
}

async function submit(): Promise<void> {
  const button = byId("submit-post");
  button.setAttribute("aria-busy", "true");
  try {
    if (!post.id) saver.dirty = true;
    if (!(await saver.flush())) return;
    await send("POST", `/posts/${post.id}/submission`);
    location.href = `/posts/${post.id}`;
  } catch (error) {
    const refusal = error as Refusal;
    message("error", refusal.message);
    const blocks = found(post).filter((item) => item.problem.severity === "block");
    byId("problems").scrollIntoView({ block: "nearest" });
    if (blocks.length) go(blocks[0]);
  } finally {
    button.removeAttribute("aria-busy");
  }
}

Object.values(inputs).forEach((input) => input.addEventListener("input", touch));
urgent.addEventListener("change", touch);
byId("channels").addEventListener("change", touch);
byId("tabs").addEventListener("click", (event) => {
  const tab = (event.target as Element).closest<HTMLElement>("[role=tab]");
  if (tab) open(tab.id);
});
byId("tabs").addEventListener("keydown", (event) => {
  const all = [...byId("tabs").querySelectorAll<HTMLElement>("[role=tab]")];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const next = all[(all.indexOf(event.target as HTMLElement) + step + all.length) % all.length];
  open(next.id);
  next.focus();
});
byId("submit-post").addEventListener("click", () => void submit());
byId("cover-clear").addEventListener("click", () => setCover(null));
onFiles("import-file", (files) => void importFiles(files));
onFiles("image-file", (files) => void Promise.all(files.map(take)).then((items) => items.forEach((item) => item && editor.insertPicture(item))));
onFiles("cover-file", (files) => void take(files[0]).then((item) => item && setCover(item.id)));
onFiles("attachment-file", (files) => void Promise.all(files.map(take)).then((items) => {
  attachments = [...new Set([...attachments, ...items.flatMap((item) => (item ? [item.id] : []))])];
  drawFiles();
  touch();
}));
window.addEventListener("beforeunload", (event) => {
  if (saver.dirty && (post.id || title.value || !editor.empty())) event.preventDefault();
});

fill({ ...post } as unknown as Fields);
draw();
editor.show((post.revision?.problems ?? []).filter((problem) => problem.field === "body"));
const kept = saver.kept();
if (kept) {
  const restore = make("button", { type: "button", class: "btn btn-sm" }, say("restore"));
  const drop = make("button", { type: "button", class: "btn btn-sm" }, say("drop"));
  const note = message("warn", say("kept", { at: dayAndClock(new Date(kept.at)) }), restore, drop);
  restore.addEventListener("click", () => {
    fill(kept.fields);
    touch();
    note.remove();
  });
  drop.addEventListener("click", () => {
    saver.forget();
    note.remove();
  });
}
