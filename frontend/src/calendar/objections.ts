import { send } from "../lib/http";

/** What speaks against an hour, in the server's words; "refuse": it would not be scheduled so. */
export interface Objection {
  severity: "refuse" | "warn";
  message: string;
}

/** Asks before anything is changed. No answer is no objection: the order itself is judged again. */
export async function objections(post: string, at: string): Promise<Objection[]> {
  try {
    return (await send<{ conflicts: Objection[] }>("POST", `/calendar/posts/${post}/conflicts`, { at })).conflicts;
  } catch {
    return [];
  }
}

/** The next hour that is free for all accounts of the post; refused in words when there is none. */
export async function nextSlot(post: string): Promise<string> {
  return (await send<{ at: string }>("GET", `/calendar/posts/${post}/slot`)).at;
}
