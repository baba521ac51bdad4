import { send } from "../lib/http";
import { toast } from "../lib/toast";
import { say } from "../lib/words";
import { toastWithUndo } from "./undo";

interface Answer {
  said: string;
  seen: string;
  /** The hour to go back to, "" for off the schedule, null for no way back. */
  undo: string | null;
}

/** "time": on the schedule; "wish": only meant for an hour. */
export type Kind = "time" | "wish";

/** Posts being moved just now: they are not dragged again before the answer. */
export const moving = new Set<string>();

const path = (post: string, kind: string): string => `/calendar/posts/${post}/${kind}`;

/** Asks the server; true when it agreed. `seen`: the hour that was shown, "" for none. `after` in any case. */
export async function moveTo(post: string, at: string, seen: string, kind: Kind, after: () => void): Promise<boolean> {
  return asked(post, after, async () => {
    offerUndo(post, kind, await send<Answer>("PUT", path(post, kind), { at, seen }), after);
  });
}

/** Into the next free slot of all its accounts, undone like a drag. */
export async function moveToNext(post: string, seen: string, after: () => void): Promise<boolean> {
  return asked(post, after, async () => {
    offerUndo(post, "time", await send<Answer>("POST", path(post, "slot"), { seen }), after);
  });
}

/** Meant for no hour any more; undone by meaning it for `at` again. */
export async function dropWish(post: string, at: string, seen: string, after: () => void): Promise<boolean> {
  return asked(post, after, async () => {
    const { said } = await send<Answer>("DELETE", path(post, "wish"), { seen });
    toastWithUndo(said, say("undo"), () => void moveTo(post, at, "", "wish", after));
  });
}

function offerUndo(post: string, kind: Kind, answer: Answer, after: () => void): void {
  const back = answer.undo;
  if (back === null) toast(answer.said);
  else toastWithUndo(answer.said, say("undo"), () => void takeBack(post, kind, back, answer.seen, after));
}

function takeBack(post: string, kind: Kind, at: string, seen: string, after: () => void): Promise<boolean> {
  return asked(post, after, async () => {
    if (at) await send("PUT", path(post, kind), { at, seen });
    else await send("DELETE", path(post, kind), { seen });
    toast(say("undone"));
  });
}

async function asked(post: string, after: () => void, work: () => Promise<void>): Promise<boolean> {
  moving.add(post);
  try {
    await work();
    return true;
  } catch (error) {
    toast((error as Error).message, "error");
    return false;
  } finally {
    moving.delete(post);
    after();
  }
}
