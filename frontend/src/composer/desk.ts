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
}
