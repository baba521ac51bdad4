import type { Calendar } from "@event-calendar/core";
import { Refusal, word } from "../lib/http";
import { toast } from "../lib/toast";
import { say } from "../lib/words";

/** A black-out or a free slot, in wall-clock hours; `html` names it. */
export interface Silence {
  start: string;
  end: string;
  html: string;
}

export interface Feed {
  events: Calendar.EventInput[];
  /** Day -> what the accounts may still be given (HTML of our own template). */
  heads: Record<string, string>;
  silences: Silence[];
  /** Free slots of the accounts' timetables, of a week. */
  slots: Silence[];
  cut: string;
  offset: string;
}

/** Reads the posts of a range. A later question overtakes an earlier one: its late answer is thrown away. */
export class Reader {
  heads: Record<string, string> = {};
  silences: Silence[] = [];
  slots: Silence[] = [];
  private newest = 0;
  private quietly = false;

  constructor(
    private readonly url: string,
    private readonly took: (feed: Feed) => void,
  ) {}

  /** The next question is nobody's work: it keeps no session alive, and its failure is not worth a word. */
  hush(): void {
    this.quietly = true;
  }

  async read(start: string, end: string): Promise<Calendar.EventInput[]> {
    const mine = ++this.newest;
    const quietly = this.quietly;
    this.quietly = false;
    try {
      const feed = await ask(`${this.url}?start=${start.slice(0, 10)}&end=${end.slice(0, 10)}`, quietly);
      if (mine !== this.newest) throw new Refusal("", 0, {});
      this.heads = feed.heads;
      this.silences = feed.silences;
      this.slots = feed.slots;
      this.took(feed);
      return feed.events;
    } catch (error) {
      if (mine === this.newest && !quietly) toast(say("notLoaded", { why: (error as Error).message }), "error");
      throw error;
    }
  }
}

async function ask(url: string, quietly: boolean): Promise<Feed> {
  const headers: Record<string, string> = { Accept: "application/json", ...(quietly ? { "X-Background": "1" } : {}) };
  let answer: Response;
  try {
    answer = await fetch(url, { headers, credentials: "same-origin" });
  } catch {
    throw new Refusal(word("Offline"), 0, {});
  }
  const json = (answer.headers.get("Content-Type") ?? "").includes("json");
  const body = json ? ((await answer.json()) as Record<string, unknown>) : {};
  if (!answer.ok || !json) throw new Refusal(String(body.message ?? word("Failed")), answer.status, body);
  return body as unknown as Feed;
}
