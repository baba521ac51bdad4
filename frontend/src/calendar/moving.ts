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

/** Posts being moved just now: they are not dragged again before the answer. */
export const moving = new Set<string>();

const path = (post: string): string => `/calendar/posts/${post}/time`;

/** Asks the server; true when it agreed. `seen`: the hour that was shown, "" for none. `after` in any case. */
export async function moveTo(post: string, at: string, seen: string, after: () => void): Promise<boolean> {
  return asked(post, after, async () => {
    const answer = await send<Answer>("PUT", path(post), { at, seen });
    const back = answer.undo;
    if (back === null) toast(answer.said);
    else toastWithUndo(answer.said, say("undo"), () => void takeBack(post, back, answer.seen, after));
  });
}

function takeBack(post: string, at: string, seen: string, after: () => void): Promise<boolean> {
  return asked(post, after, async () => {
    if (at) await send("PUT", path(post), { at, seen });
    else await send("DELETE", path(post), { seen });
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
