import { Refusal, send } from "../lib/http";
import { changeable, mayChange } from "./agreeing";
import type { Post, Saved } from "./types";
import { clock, say } from "../lib/words";

/** What stands in the fields, as PATCH /posts/{id} takes it. */
export type Fields = Record<string, unknown>;

/** What was set by hand of accounts' versions and is not saved yet: by account, by part of its payload. */
export type Parts = Record<string, Record<string, unknown>>;

export interface Kept {
  at: number;
  fields: Fields;
  base?: Fields;
  parts?: Parts;
  stale: boolean;
}

interface Wiring {
  fields(): Fields;
  /** The same as the server last had them. */
  base(): Fields;
  saved(answer: Saved, sent: Fields): void;
  said(text: string, kind: "ok" | "busy" | "error"): void;
  refused(error: Refusal): void;
  conflict(): void;
}

const QUIET = 1200;
const AGAIN = 8000;

/** Somebody else saved meanwhile. */
const overtaken = (error: Refusal): boolean => error.status === 409 && typeof error.body?.version === "number";

/** Saves what was changed a moment after the last key, one request at a time; nothing typed is ever thrown away. */
export class Saver {
  dirty = false;
  parts: Parts = {};
  private timer = 0;
  private running: Promise<boolean> | null = null;
  private stopped = false;
  private keptAt = "";
  private waiting: { method: string; path: string; body?: object } | null = null;

  constructor(private post: Post, private readonly wiring: Wiring) {}

  /** Something was typed: save soon. */
  touch(): void {
    this.later(() => (this.dirty = true));
  }

  /** Parts of one account's version were set by hand, or with null are to be automatic again: save soon. */
  part(account: string, overrides: Record<string, unknown>): void {
    this.later(() => (this.parts[account] = { ...this.parts[account], ...overrides }));
  }

  private later(note: () => void): void {
    if (!changeable()) {
      void this.agreed().then((yes) => yes && this.later(note));
      return;
    }
    note();
    this.wiring.said(say("unsaved"), "busy");
    this.keep();
    window.clearTimeout(this.timer);
    if (!this.stopped) this.timer = window.setTimeout(() => void this.flush(), QUIET);
  }

  /** A field was left: save now, unless it must be settled first whose text stands. */
  soon(): void {
    if (!this.stopped) void this.flush();
  }

  /** Something stands on the sheet that the server has not got. */
  get unsaved(): boolean {
    return this.dirty || Object.keys(this.parts).length > 0;
  }

  /** Save now; true when everything is saved. */
  async flush(): Promise<boolean> {
    window.clearTimeout(this.timer);
    while (this.running) await this.running;
    if (!this.unsaved) return true;
    this.running = this.dirty ? this.save() : this.saveParts();
    const done = await this.running;
    this.running = null;
    if (done && this.unsaved) return this.flush();
    return done;
  }

  /** Another request that answers with the post, in line with the savings. */
  async ask(method: string, path: string, body?: object): Promise<void> {
    if (!(await this.agreed())) return;
    do {
      if (!(await this.flush())) return;
    } while (this.running);
    this.running = this.set(method, path, body);
    await this.running;
    this.running = null;
  }

  private async set(method: string, path: string, body?: object): Promise<boolean> {
    try {
      const { version } = this.post;
      const answer = await (body ? send<Saved>(method, path, { ...body, version }) : send<Saved>(method, `${path}?version=${version}`));
      this.take(answer, this.dirty ? {} : this.wiring.fields());
      return true;
    } catch (error) {
      // Set again once it is settled whose text stands.
      if (overtaken(error as Refusal)) this.waiting = { method, path, body };
      this.failed(error as Refusal);
      return false;
    }
  }

  /** Whatever way a change came: without the person's word nothing is sent, and the sheet is drawn as the server has it. */
  private async agreed(): Promise<boolean> {
    if (await mayChange()) return true;
    location.reload();
    return false;
  }

  /** Nothing waits and nothing is on its way. */
  get idle(): boolean {
    return !this.unsaved && !this.running;
  }

  /** The person has settled what becomes of the newer text `newest`, and it stands in the fields: save that; whether it
   * is saved, and nobody was faster once more. */
  async settle(newest: Post): Promise<boolean> {
    this.post = newest;
    this.stopped = false;
    this.dirty = true;
    this.keep();
    const { waiting } = this;
    this.waiting = null;
    const done = await this.flush();
    if (done && waiting) await this.ask(waiting.method, waiting.path, waiting.body);
    return done;
  }

  private async save(): Promise<boolean> {
    const sent = this.wiring.fields();
    this.dirty = false;
    this.wiring.said(say("saving"), "busy");
    try {
      const answer = this.post.id
        ? await send<Saved>("PATCH", `/posts/${this.post.id}`, { ...sent, version: this.post.version })
        : await send<Saved>("POST", "/posts", sent);
      this.take(answer, sent);
      return true;
    } catch (error) {
      this.dirty = true;
      this.failed(error as Refusal);
      return false;
    }
  }

  /** The parts of one account, by its version as it is now: a revision opened meanwhile has others. */
  private async saveParts(): Promise<boolean> {
    const [account] = Object.keys(this.parts);
    const given = this.parts[account];
    const variant = this.post.variants.find((one) => one.account_id === account);
    delete this.parts[account];
    // Typed and taken back is nothing to be set by hand; an account that was taken out has no version.
    const overrides = Object.fromEntries(Object.entries(given).filter(([name, value]) => value !== variant?.payload[name]));
    if (!variant || !Object.keys(overrides).length) {
      this.done();
      return true;
    }
    this.wiring.said(say("saving"), "busy");
    try {
      const answer = await send<Saved>("PATCH", `/posts/${this.post.id}/variants/${variant.id}`, { overrides, version: this.post.version });
      this.take(answer, this.dirty ? {} : this.wiring.fields());
      return true;
    } catch (error) {
      this.parts[account] = { ...given, ...this.parts[account] };
      this.failed(error as Refusal);
      return false;
    }
  }

  private take(answer: Saved, sent: Fields): void {
    localStorage.removeItem(this.place());
    this.post = answer.post;
    this.wiring.saved(answer, sent);
    this.done();
  }

  private done(): void {
    if (this.unsaved) this.keep();
    else {
      localStorage.removeItem(this.place());
      this.wiring.said(say("saved", { at: clock(new Date()) }), "ok");
    }
  }

  private failed(error: Refusal): void {
    if (overtaken(error)) {
      this.stopped = true;
      this.wiring.said(say("overtaken"), "error");
      this.wiring.conflict();
      return;
    }
    this.wiring.said(say("notSaved"), "error");
    this.wiring.refused(error);
    // Away or restarting: try again by itself. What was refused waits for the person.
    if (error.status === 0 || error.status >= 500) this.timer = window.setTimeout(() => void this.flush(), AGAIN);
  }

  private place(): string {
    return `tandem-draft-${this.post.id || "new"}`;
  }

  private aside(): string {
    return `${this.place()}-aside`;
  }

  /** A copy in this browser until the server has it. */
  private keep(): void {
    try {
      localStorage.setItem(this.place(), JSON.stringify({ at: Date.now(), version: this.post.version, fields: this.wiring.fields(), base: this.wiring.base(), parts: this.parts }));
    } catch {
      // Full or forbidden storage: the page itself still holds everything.
      return;
    }
  }

  /** What this browser kept unsaved of this very post, if any; `stale`: the post was changed since. */
  kept(): Kept | null {
    const raw = localStorage.getItem(this.aside()) ?? localStorage.getItem(this.place());
    if (!raw) return null;
    // Put aside, where what is typed now does not take its place; a new post gets another place once it is saved.
    this.keptAt = this.aside();
    localStorage.setItem(this.keptAt, raw);
    localStorage.removeItem(this.place());
    const found = JSON.parse(raw) as Omit<Kept, "stale"> & { version: number };
    return { ...found, stale: found.version !== this.post.version };
  }

  /** What was kept of an earlier visit has been taken, dropped or settled. */
  forget(): void {
    localStorage.removeItem(this.keptAt || this.aside());
  }
}
