import { send } from "../lib/http";
import { changeable } from "./agreeing";
import type { Fields } from "./saving";
import type { Post, Problem, Variant } from "./types";

/** What POST /posts/{id}/look answers: what saving these very words would say of them. */
export interface Seen {
  problems: Problem[];
  variants: Pick<Variant, "id" | "problems" | "notes" | "length">[];
}

interface Wiring {
  post(): string;
  fields(): Fields;
  seen(answer: Seen): void;
}

const QUIET = 120;
const WORDS = ["title", "summary", "body_html", "source", "author", "tags", "urgent"];

/** Asks what is to be said of the words as they stand, in every short pause; saving comes later, and by itself. */
export class Looker {
  private timer = 0;
  private asking: AbortController | null = null;
  private composing = false;

  constructor(private readonly wiring: Wiring) {
    // Nothing is drawn under an input method at work: it would lose what it has not put into the text yet.
    document.addEventListener("compositionstart", () => {
      this.composing = true;
      this.drop();
    });
    document.addEventListener("compositionend", () => {
      this.composing = false;
      this.touch();
    });
  }

  /** Something was typed: what was asked before is about another text. */
  touch(): void {
    this.drop();
    if (!this.composing && this.wiring.post() && changeable()) this.timer = window.setTimeout(() => void this.look(), QUIET);
  }

  /** Nothing that was asked is wanted any more. */
  drop(): void {
    window.clearTimeout(this.timer);
    this.asking?.abort();
    this.asking = null;
  }

  private async look(): Promise<void> {
    const all = this.wiring.fields();
    // A picture on its way into the library, as long as a book: the saving that takes it there checks the rest, too.
    if (/src="data:/.test(String(all.body_html))) return;
    const asking = new AbortController();
    this.asking = asking;
    try {
      const words = Object.fromEntries(WORDS.map((name) => [name, all[name]]));
      const answer = await send<Seen>("POST", `/posts/${this.wiring.post()}/look`, words, { background: true, signal: asking.signal });
      if (this.asking === asking) this.wiring.seen(answer);
    } catch {
      // Whatever stands in the way of a look stands in the way of the saving that follows, and that one says so.
      return;
    } finally {
      if (this.asking === asking) this.asking = null;
    }
  }
}

/** `post` with what a look says of it; accounts that it does not know keep what they have. */
export function withSeen(post: Post, { problems, variants }: Seen): Post {
  const found = new Map(variants.map((one) => [one.id, one]));
  return {
    ...post,
    revision: post.revision && { ...post.revision, problems },
    variants: post.variants.map((variant) => ({ ...variant, ...found.get(variant.id) })),
  };
}
