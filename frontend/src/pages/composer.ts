/** The composer: fields, editor and channels on the left; problems, notes and true previews on the right. */
import "../composer/composer.css";
import { guard, mayChange } from "../composer/agreeing";
import { settleConflict } from "../composer/settling";
import { desk, unit } from "../composer/desk";
import { byId, closeByItself, make } from "../composer/dom";
import { makeEditor } from "../composer/editor";
import { allPictures, drawFiles, listenForFiles, takePicture } from "../composer/files";
import { actsOn } from "../composer/fixing";
import { importFiles, importPage } from "../composer/importing";
import { clear, message } from "../composer/messages";
import { Looker, withSeen, type Seen } from "../composer/looking";
import { phonePreview } from "../composer/phone";
import { onFiles } from "../composer/pictures";
import { Presence } from "../composer/presence";
import { drawNotes, drawProblems, found } from "../composer/problems";
import { Saver, type Fields, type Kept } from "../composer/saving";
import { begun, drawCounters, fields, fieldsOf, fill, onTyped } from "../composer/sheet";
import { submit } from "../composer/submitting";
import { drawHeads, drawTabs } from "../composer/tabs";
import { heldOut } from "../composer/unheld";
import type { Saved } from "../composer/types";
import { toast, untoast } from "../lib/toast";
import { dayAndClock, say } from "../lib/words";

const editor = makeEditor(byId("editor"), byId("tools"), desk.post.body_html ?? "", {
  changed: () => touch(),
  unit: () => unit.value,
  upload: takePicture,
  noted: (notes) => notes.forEach((note) => toast(note, "warn")),
  unheld: (what) => void (what.length ? message("held", "warn", heldOut(what)) : clear("held")),
  locked: desk.locked,
});

const saver = new Saver(desk.post, {
  fields: () => fields(editor),
  base: () => fieldsOf(desk.post),
  saved: taken,
  said(text, kind) {
    const place = byId("saved");
    place.textContent = text;
    place.dataset.kind = kind;
  },
  refused(error) {
    const words = Object.values((error.body?.errors ?? {}) as Record<string, string[]>).flat().join(" ");
    toast([error.message, words].filter(Boolean).join(" "), "error", "save");
  },
  conflict: () => void settle(fields(editor), fieldsOf(desk.post)),
});

const looker = new Looker({ post: () => desk.post.id, fields: () => fields(editor), seen });
const files = { editor: () => editor, changed: touch, covered: () => void centreCrops() };
const acts = actsOn(editor, () => saver);

function touch(): void {
  drawCounters();
  saver.touch();
  looker.touch();
  presence.typed();
}

/** The newest words were looked at: what is said of them stands until they are saved, and then says the same. */
function seen(answer: Seen): void {
  desk.post = withSeen(desk.post, answer);
  drawHeads();
  drawProblems(found(desk.post), true, acts);
  drawNotes(desk.post);
  underline();
}

/** Somebody saved meanwhile: `mine` stays on the sheet (and in this browser) until it is settled what shall stand. */
function settle(mine: Fields, base: Fields, kept = false): Promise<void> {
  return settleConflict({ mine, base, put, saver, kept, again: () => void settle(kept ? mine : fields(editor), base, kept) });
}

/** The server has it: show what it made of it, and take back what was said of earlier failures. */
function taken({ post: next, url, media: pictures }: Saved, sent: Fields): void {
  const fresh = !desk.post.id;
  Object.assign(desk.media, pictures);
  desk.post = next;
  // What was asked before this answer may know less of what was explained or set by hand; newer words are asked about anew.
  if (saver.dirty) looker.touch();
  else looker.drop();
  untoast("save");
  clear("submit");
  clear("conflict");
  clear("newer");
  if (fresh) {
    history.replaceState(null, "", url);
    const way = byId("to-history");
    way.querySelector("a")?.setAttribute("href", `${url}/history`);
    way.hidden = false;
    const quick = byId<HTMLAnchorElement>("to-emergency");
    quick.href = `${url}/emergency`;
    quick.hidden = false;
    if (unit instanceof HTMLSelectElement) unit.disabled = true;
  }
  const unchanged = sent.body_html === editor.html();
  // Pictures that came in by other ways have got their place in the library, or were refused.
  if (unchanged && /<img[^>]+src="(?!\/media\/)/.test(editor.html())) editor.set(next.body_html ?? "");
  if (unchanged) underline();
  const badge = document.querySelector(".composer-state .state");
  if (next.status === "draft") badge?.replaceWith(byId<HTMLTemplateElement>("badge-draft").content.cloneNode(true));
  const heading = document.querySelector("h1");
  if (heading) heading.textContent = next.title || say("untitled");
  byId("version").textContent = `${next.revision?.number}.${next.version}`;
  draw();
  void drawPreviews();
}

function underline(): void {
  editor.show((desk.post.revision?.problems ?? []).filter((problem) => problem.field === "body" && !problem.dismissed));
}

function draw(): void {
  drawTabs({
    set(which, overrides) {
      saver.part(which.account_id, overrides);
      void saver.flush();
    },
    type: (which, overrides) => saver.part(which.account_id, overrides),
    leave: () => saver.soon(),
    waiting: (which) => saver.parts[which.account_id] ?? {},
    pictures: () => allPictures(editor).map((item) => ({ sha256: item.sha256, media_id: item.id })),
  });
  drawProblems(found(desk.post), Boolean(desk.post.id), acts);
  drawNotes(desk.post);
  drawFiles(files);
}

async function drawPreviews(): Promise<void> {
  const answer = await fetch(`/posts/${desk.post.id}/previews`, { headers: { "X-Background": "1" } });
  if (answer.ok) byId("previews").innerHTML = await answer.text();
}

function put(given: Fields): void {
  fill(given, editor);
  drawFiles(files);
  drawCounters();
}

/** Crops moved on one picture mean nothing on the next. */
async function centreCrops(): Promise<void> {
  for (const variant of desk.post.variants) {
    if ("cover" in variant.overrides) saver.part(variant.account_id, { cover: null });
  }
  await saver.flush();
}

async function takeImported(imported: Fields): Promise<void> {
  put(imported);
  touch();
  await saver.flush();
}

/** What is exported is what the server has: unsaved words go there first. */
async function exportWord(): Promise<void> {
  byId<HTMLDetailsElement>("more").open = false;
  if (!desk.post.id) saver.dirty = true;
  if (await saver.flush()) {
    untoast("export");
    window.location.assign(`/posts/${desk.post.id}.docx`);
  } else toast(say("noExport"), "error", "export");
}

/** What this browser kept of an earlier visit, to be taken or dropped; when the post was changed since, to be compared. */
function offerKept(): void {
  const kept = saver.kept();
  if (!kept) return;
  if (kept.stale) {
    offerStale(kept);
    return;
  }
  const restore = make("button", { type: "button", class: "btn btn-sm" }, say("restore"));
  const drop = make("button", { type: "button", class: "btn btn-sm" }, say("drop"));
  message("kept", "warn", say("kept", { at: dayAndClock(new Date(kept.at)) }), restore, drop);
  restore.addEventListener("click", () => void mayChange().then((yes) => {
    if (!yes) return;
    saver.parts = kept.parts ?? {};
    put(kept.fields);
    draw();
    touch();
    saver.forget();
    clear("kept");
  }));
  drop.addEventListener("click", () => {
    saver.forget();
    clear("kept");
  });
}

function offerStale(kept: Kept): void {
  const look = make("button", { type: "button", class: "btn btn-sm" }, say("compareKept"));
  const drop = make("button", { type: "button", class: "btn btn-sm" }, say("drop"));
  message("kept", "warn", say("keptStale", { at: dayAndClock(new Date(kept.at)) }), look, drop);
  look.addEventListener("click", () => void mayChange().then((yes) => {
    if (!yes) return;
    saver.parts = kept.parts ?? {};
    void settle(kept.fields, kept.base ?? {}, true);
  }));
  drop.addEventListener("click", () => {
    saver.forget();
    clear("kept");
  });
}

const presence = new Presence({
  post: () => desk.post.id,
  newer({ version, saved_by: who }) {
    if (!saver.idle || version <= desk.post.version) return;
    const load = make("button", { type: "button", class: "btn btn-sm" }, say("loadNewest"));
    message("newer", "info", say("newer", { who }), load);
    load.addEventListener("click", () => location.reload());
  },
  checked(version, problems, byVariant) {
    if (version !== desk.post.version || !desk.post.revision) return;
    const before = JSON.stringify(found(desk.post));
    desk.post.revision.problems = problems;
    for (const variant of desk.post.variants) variant.problems = byVariant[variant.id] ?? variant.problems;
    const now = found(desk.post);
    if (JSON.stringify(now) === before) return;
    drawProblems(now, true, acts);
    if (saver.idle) underline();
  },
});

onTyped(touch);
listenForFiles(files);
phonePreview(async () => {
  if (!desk.post.id) saver.dirty = true;
  if (await saver.flush()) {
    untoast("preview");
    return desk.post.id;
  }
  toast(say("noPreview"), "error", "preview");
  return "";
});
byId("submit-post").addEventListener("click", () => void submit(saver, acts));
onFiles("import-file", (given) => void importFiles(given, begun(editor), takeImported));
byId("import-page").addEventListener("click", () => void importPage(() => begun(editor), takeImported));
byId("export-word").addEventListener("click", () => void exportWord());
window.addEventListener("beforeunload", (event) => {
  if (saver.unsaved && (desk.post.id || begun(editor))) event.preventDefault();
});

/** Another page sent the writer here because of one problem: #problem- and its key or rule. */
function goToNamed(): void {
  const name = location.hash.startsWith("#problem-") ? location.hash.slice("#problem-".length) : "";
  const item = name && found(desk.post).find(({ problem }) => problem.key === name || problem.rule === name);
  if (item) acts.go(item);
}

closeByItself(byId<HTMLDetailsElement>("more"));
put({ ...desk.post } as unknown as Fields);
draw();
underline();
guard(editor);
offerKept();
goToNamed();
