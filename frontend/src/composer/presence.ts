import { csrfToken } from "../lib/http";
import { byId, make } from "./dom";
import type { Problem } from "./types";

const BEAT = 20_000;

interface Answer {
  others: { name: string; words: string }[];
  version: number;
  problems: Problem[];
  by_variant: Record<string, Problem[]>;
  saved_by: string;
}

interface Wiring {
  post(): string;
  /** Somebody else has saved a version; only told while nothing of ours is unsaved. */
  newer(answer: Answer): void;
  /** What is known of this version by now: links are looked at after the text was saved. */
  checked(version: number, problems: Problem[], byVariant: Record<string, Problem[]>): void;
}

/** Tells every twenty seconds that the post is open here, and shows who else has it open. */
export class Presence {
  private keyed = 0;
  private told = 0;

  constructor(private readonly wiring: Wiring) {
    window.setInterval(() => void this.beat(), BEAT);
    window.addEventListener("pagehide", () => this.leave());
    window.addEventListener("pageshow", (event) => event.persisted && void this.beat());
    void this.beat();
  }

  typed(): void {
    this.keyed = Date.now();
    // The first key is told at once: whoever else is here should know before they begin.
    if (this.keyed - this.told > BEAT) void this.beat();
  }

  async beat(): Promise<void> {
    const id = this.wiring.post();
    if (!id) return;
    const typed = Date.now() - this.keyed < BEAT;
    if (typed) this.told = Date.now();
    try {
      const answer = await fetch(`/posts/${id}/presence`, {
        method: "POST",
        headers: { "X-CSRFToken": csrfToken(), "X-Background": "1", Accept: "application/json", "Content-Type": "application/json" },
        body: JSON.stringify({ typed }),
        credentials: "same-origin",
      });
      if (!answer.ok) return;
      const told = (await answer.json()) as Answer;
      this.draw(told);
      this.wiring.newer(told);
      this.wiring.checked(told.version, told.problems, told.by_variant);
    } catch {
      // Away or restarting: the next beat tells again.
      return;
    }
  }

  private draw({ others }: Answer): void {
    const box = byId("present");
    box.hidden = !others.length;
    byId("present-words").replaceChildren(...others.map((one) => make("span", { class: "present-one" }, one.words)));
  }

  private leave(): void {
    const id = this.wiring.post();
    if (!id) return;
    const form = new FormData();
    form.append("csrf_token", csrfToken());
    navigator.sendBeacon(`/posts/${id}/presence/end`, form);
  }
}
