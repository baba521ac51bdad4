import { send } from "../lib/http";
import { toast, untoast } from "../lib/toast";
import { byId, make } from "./dom";
import type { Media } from "./types";

/** Put a file into the unit's library, with `only` nothing but a picture; null after saying why it was refused. */
export async function upload(file: File, unitId: string, only?: "picture"): Promise<Media | null> {
  const form = new FormData();
  form.append("file", file);
  form.append("unit_id", unitId);
  if (only) form.append("only", only);
  try {
    const item = await send<Media & { known: boolean; words: string }>("POST", "/library", form);
    untoast(`upload ${file.name}`);
    if (item.known) toast(item.words, "ok");
    return item;
  } catch (error) {
    toast(`${file.name}：${(error as Error).message}`, "error", `upload ${file.name}`);
    return null;
  }
}

export function onFiles(id: string, take: (files: File[]) => void): void {
  const input = byId<HTMLInputElement>(id);
  input.addEventListener("change", () => {
    const files = Array.from(input.files ?? []);
    input.value = "";
    if (files.length) take(files);
  });
}

/** SHA-256s of the library's pictures in `html`, in order. */
export function picturesIn(html: string): string[] {
  return [...new Set([...html.matchAll(/src="\/media\/([0-9a-f]{64})"/g)].map((match) => match[1]))];
}

export function thumb(url: string, label: string, pressed: boolean, act: () => void): HTMLElement {
  const button = make("button", { type: "button", class: "thumb", "aria-label": label, "aria-pressed": String(pressed) }, make("img", { src: url, alt: "" }));
  button.addEventListener("click", act);
  return button;
}
