import { say } from "../lib/words";
import { desk, unit } from "./desk";
import { byId, make } from "./dom";
import type { Body } from "./editor";
import { pick } from "./picker";
import { onFiles, picturesIn, thumb, upload } from "./pictures";
import type { Media } from "./types";

interface Wiring {
  editor(): Body;
  changed(): void;
  /** Another cover than before was chosen. */
  covered(): void;
}

/** A file into the library and onto the desk; null after saying why it was refused. */
export async function take(file: File, only?: "picture"): Promise<Media | null> {
  const item = await upload(file, unit.value, only);
  if (item) desk.media[item.id] = item;
  return item;
}

/** For the places where only a picture will do: a document is refused when it is chosen, not when the post is saved. */
export const takePicture = (file: File): Promise<Media | null> => take(file, "picture");

/** The pictures of cover and body, each once. */
export function allPictures(body: Body): Media[] {
  const inBody = picturesIn(body.html()).map((sha256) => Object.values(desk.media).find((item) => item.sha256 === sha256) ?? { id: "", url: `/media/${sha256}`, sha256, name: "", content_type: "image/*" });
  const front = desk.cover && desk.media[desk.cover] ? [desk.media[desk.cover]] : [];
  return [...front, ...inBody.filter((item) => item.id !== desk.cover)];
}

/** The cover with its choices, and the attachments. */
export function drawFiles(wiring: Wiring): void {
  const shown = desk.cover ? desk.media[desk.cover] : undefined;
  byId("cover").replaceChildren(shown ? make("img", { src: shown.url, alt: say("cover"), class: "cover-shown" }) : make("span", { class: "text-muted" }, say("noCover")));
  byId("cover-clear").hidden = !desk.cover;
  const choices = allPictures(wiring.editor()).filter((item) => item.id);
  byId("cover-choices").replaceChildren(...choices.map((item) => thumb(item.url, say("asCover", { name: item.name }), item.id === desk.cover, () => setCover(item.id, wiring))));
  byId("attachments").replaceChildren(...desk.attachments.map((id) => {
    const remove = make("button", { type: "button", class: "btn btn-sm btn-link" }, say("remove"));
    remove.addEventListener("click", () => setAttachments(desk.attachments.filter((other) => other !== id), wiring));
    return make("li", {}, desk.media[id]?.name ?? id, " ", remove);
  }));
}

function setCover(id: string | null, wiring: Wiring): void {
  desk.cover = id;
  drawFiles(wiring);
  wiring.changed();
  wiring.covered();
}

function setAttachments(ids: string[], wiring: Wiring): void {
  desk.attachments = ids;
  drawFiles(wiring);
  wiring.changed();
}

export function listenForFiles(wiring: Wiring): void {
  byId("cover-clear").addEventListener("click", () => setCover(null, wiring));
  onFiles("image-file", (files) => void Promise.all(files.map(takePicture)).then((items) => items.forEach((item) => item && wiring.editor().insertPicture(item))));
  onFiles("cover-file", (files) => void takePicture(files[0]).then((item) => item && setCover(item.id, wiring)));
  onFiles("attachment-file", (files) => void Promise.all(files.map((file) => take(file))).then((items) =>
    setAttachments([...new Set([...desk.attachments, ...items.flatMap((item) => (item ? [item.id] : []))])], wiring)));
  listenForPicks(wiring);
}

/** The same three places, with what lies in the library already. */
function listenForPicks(wiring: Wiring): void {
  const known = (item: Media): Media => (desk.media[item.id] = item);
  const onPick = (id: string, kind: "image" | "", described: boolean, chosen: (item: Media) => void): void =>
    byId(id).addEventListener("click", () => pick(kind, described, (item) => chosen(known(item))));
  onPick("pick-picture", "image", true, (item) => wiring.editor().insertPicture(item));
  onPick("pick-cover", "image", false, (item) => setCover(item.id, wiring));
  onPick("pick-attachment", "", false, (item) => setAttachments([...new Set([...desk.attachments, item.id])], wiring));
}
