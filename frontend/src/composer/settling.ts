import { send, type Refusal } from "../lib/http";
import { toast, untoast } from "../lib/toast";
import { say } from "../lib/words";
import { agree, ask, compare, type Comparison } from "./conflict";
import { desk, unit } from "./desk";
import { make } from "./dom";
import { clear, message } from "./messages";
import type { Fields, Saver } from "./saving";
import { fieldsOf } from "./sheet";
import type { Saved } from "./types";

interface Wiring {
  mine: Fields;
  base: Fields;
  put(fields: Fields): void;
  saver: Saver;
  /** Ask once more. */
  again(): void;
}

let asking = false;

/** Two people saved: compare, ask, put on the sheet what shall stand, and save that. Later is a way, too: then a note stays. */
export async function settleConflict(wiring: Wiring): Promise<void> {
  if (asking) return;
  asking = true;
  try {
    await settled(wiring);
  } finally {
    asking = false;
  }
}

async function settled(wiring: Wiring): Promise<void> {
  let found: Comparison;
  try {
    found = await compare(desk.post.id, wiring.mine, wiring.base);
  } catch (error) {
    remind(wiring, (error as Refusal).message);
    return;
  }
  if (agree(found)) {
    await take(wiring, found, fieldsOf(found.post));
    return;
  }
  const { way, fields } = await ask(found, wiring.mine, fieldsOf(found.post));
  if (way === "later") remind(wiring, say("conflict"));
  else if (way === "copy") await copy(wiring, found);
  else {
    await take(wiring, found, fields);
    if (way === "theirs") offerBack(wiring);
  }
}

async function take({ put, saver }: Wiring, found: Comparison, fields: Fields): Promise<void> {
  Object.assign(desk.media, found.media);
  desk.post = found.post;
  put(fields);
  clear("conflict");
  await saver.settle(found.post);
  clear("kept");
  saver.forget();
}

/** The writer's text as a post of its own; this one goes on as the other left it. */
async function copy(wiring: Wiring, found: Comparison): Promise<void> {
  const title = say("copyTitle", { title: String(wiring.mine.title ?? "") }).slice(0, 200);
  try {
    const made = await send<Saved>("POST", "/posts", { ...wiring.mine, title, unit_id: unit.value });
    untoast("copy");
    await take(wiring, found, fieldsOf(found.post));
    message("aside", "ok", say("copied"), make("a", { class: "btn btn-sm", href: made.url, target: "_blank", rel: "noopener" }, say("openCopy")));
  } catch (error) {
    toast((error as Refusal).message, "error", "copy");
    remind(wiring, say("conflict"));
  }
}

/** Theirs was taken; mine stands nowhere else, and can be put back while this page is open. */
function offerBack({ mine, put, saver }: Wiring): void {
  const back = make("button", { type: "button", class: "btn btn-sm" }, say("takeBack"));
  message("aside", "info", say("aside"), back);
  back.addEventListener("click", () => {
    put(mine);
    saver.touch();
    clear("aside");
  });
}

function remind(wiring: Wiring, words: string): void {
  const open = make("button", { type: "button", class: "btn btn-sm" }, say("settleNow"));
  message("conflict", "error", words, open);
  open.addEventListener("click", () => wiring.again());
}
