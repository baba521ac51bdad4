import { byId } from "./dom";
import type { Data, Media, Post } from "./types";

const data = JSON.parse(byId("composer-data").textContent ?? "{}") as Data;

/** What lies on the writer's desk: the post as the server last told it, and what was chosen since. */
export const desk = {
  accounts: data.accounts,
  sites: data.sites,
  post: data.post as Post,
  media: data.media as Record<string, Media>,
  cover: data.post.cover_media_id ?? null,
  attachments: data.post.attachments ?? [],
  locked: data.locked,
};

export const unit = byId<HTMLInputElement | HTMLSelectElement>("unit");

const channels = (): HTMLInputElement[] => [...byId("channels").querySelectorAll<HTMLInputElement>("input[name=account]")];

/** Ids of the accounts that the post is for. */
export const chosen = (): string[] => channels().filter((box) => box.checked).map((box) => box.value);

export function choose(accounts: string[]): void {
  channels().forEach((box) => (box.checked = accounts.includes(box.value)));
  offer();
}

/** Only accounts of the unit and of those below it are offered: the others go out by another unit's review. */
function offer(): void {
  const path = (unit instanceof HTMLSelectElement ? unit.selectedOptions[0] : unit)?.dataset.path ?? "/";
  let left = 0;
  for (const box of channels()) {
    const label = box.closest("label");
    if (!label) continue;
    const within = (label.dataset.path ?? path).startsWith(path);
    // Another unit was chosen: what it cannot send to is not chosen any more. Of a saved post it stays to be taken out.
    if (!within && !desk.post.id) box.checked = false;
    label.hidden = !within && !box.checked;
    left += Number(!within);
  }
  byId("channels-why").hidden = !left;
}

unit.addEventListener("change", offer);
offer();
