import { send, type Refusal } from "../lib/http";
import { toast, untoast } from "../lib/toast";
import { say } from "../lib/words";
import { agree, ask, clashes, compare, type Comparison } from "./conflict";
import { desk, unit } from "./desk";
import { make } from "./dom";
import { clear, message } from "./messages";
import type { Fields, Parts, Saver } from "./saving";
import { fieldsOf } from "./sheet";
import type { Saved } from "./types";

interface Wiring {
  mine: Fields;
  base: Fields;
  put(fields: Fields): void;
  saver: Saver;
  /** What is settled is the copy of an earlier visit, not what stands on the sheet. */
  kept: boolean;
  /** Ask once more. */
  again(): void;
}

let asking = false;

/** Two people saved: compare, ask, put on the sheet what shall stand, and save that. Later is a way, too: then a note stays. */
export async function settleConflict(wiring: Wiring): Promise<void> {
  if (asking) return;
  asking = true;
  let saved: Saving | undefined;
  try {
    saved = await settled(wiring);
  } finally {
    asking = false;
  }
  // Not asking any more: who is overtaken once more while this is saved is asked again.
  await saved?.();
}

type Saving = () => Promise<void>;

/** What is left to do, when it is to be saved. */
async function settled(wiring: Wiring): Promise<Saving | undefined> {
  let found: Comparison;
  try {
    found = await compare(desk.post.id, wiring.mine, wiring.base);
  } catch (error) {
    remind(wiring, (error as Refusal).message);
    return undefined;
  }
  const own = wiring.saver.parts;
  const clashing = clashes(own, wiring.kept ? null : desk.post, found.post);
  if (agree(found) && !clashing.length) return take(wiring, found, fieldsOf(found.post));
  const { way, fields, parts } = await ask(found, wiring.mine, fieldsOf(found.post), clashing, own);
  if (way === "later") {
    remind(wiring, say("conflict"));
    return undefined;
  }
  if (way === "copy") return copy(wiring, found, own);
  wiring.saver.parts = parts;
  const saving = take(wiring, found, fields);
  if (way === "theirs") offerBack(wiring, own);
  return saving;
}

function take({ put, saver, kept }: Wiring, found: Comparison, fields: Fields): Saving {
  Object.assign(desk.media, found.media);
  desk.post = found.post;
  put(fields);
  clear("conflict");
  return async () => {
    if (!(await saver.settle(found.post)) || !kept) return;
    clear("kept");
    saver.forget();
  };
}

/** The writer's text as a post of its own; this one goes on as the other left it. */
async function copy(wiring: Wiring, found: Comparison, own: Parts): Promise<Saving | undefined> {
  const title = say("copyTitle", { title: String(wiring.mine.title ?? "") }).slice(0, 200);
  try {
    const made = await send<Saved>("POST", "/posts", { ...wiring.mine, title, unit_id: unit.value });
    let { post } = made;
    for (const [account, overrides] of Object.entries(own)) {
      const variant = post.variants.find((one) => one.account_id === account);
      if (variant) ({ post } = await send<Saved>("PATCH", `/posts/${post.id}/variants/${variant.id}`, { overrides, version: post.version }));
    }
    wiring.saver.parts = {};
    untoast("copy");
    message("aside", "ok", say("copied"), make("a", { class: "btn btn-sm", href: made.url, target: "_blank", rel: "noopener" }, say("openCopy")));
    return take(wiring, found, fieldsOf(found.post));
  } catch (error) {
    toast((error as Refusal).message, "error", "copy");
    remind(wiring, say("conflict"));
    return undefined;
  }
}

/** Theirs was taken; mine stands nowhere else, and can be put back while this page is open. */
function offerBack({ mine, put, saver }: Wiring, own: Parts): void {
  const back = make("button", { type: "button", class: "btn btn-sm" }, say("takeMine"));
  message("aside", "info", say("aside"), back);
  back.addEventListener("click", () => {
    put(mine);
    saver.parts = own;
    saver.touch();
    clear("aside");
  });
}

function remind(wiring: Wiring, words: string): void {
  const open = make("button", { type: "button", class: "btn btn-sm" }, say("settleNow"));
  message("conflict", "error", words, open);
  open.addEventListener("click", () => wiring.again());
}
