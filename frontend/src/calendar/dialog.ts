import { say } from "../lib/words";
import type { Objection } from "./objections";

/** The question for an hour: by keyboard and on a phone, before a post from the tray is put on the schedule, and whenever
 * something speaks against the hour on which a post was dropped. */
export interface Question {
  title: string;
  post: string;
  hint: string;
  at: string;
  /** What speaks against an hour (local wall-clock). */
  check: (at: string) => Promise<Objection[]>;
  /** The next free slot, for posts that can be put there. */
  next: (() => Promise<string>) | null;
}

const part = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;
const PAUSE = 250;

/** The hour chosen (local wall-clock), or null when the person thought better of it. */
export function askForHour(question: Question): Promise<string | null> {
  const dialog = part<HTMLDialogElement>("calendar-dialog");
  const at = part<HTMLInputElement>("calendar-dialog-at");
  const yes = dialog.querySelector<HTMLButtonElement>("button[value=yes]") as HTMLButtonElement;
  part("calendar-dialog-title").textContent = question.title;
  part("calendar-dialog-post").textContent = question.post;
  part("calendar-dialog-hint").textContent = question.hint;
  part("calendar-dialog-next-line").hidden = question.next === null;
  part("calendar-dialog-next-said").textContent = "";
  at.value = question.at;
  dialog.returnValue = "";
  const over = new AbortController();
  let newest = 0;
  const judge = async (): Promise<void> => {
    const mine = ++newest;
    const found = at.value ? await question.check(at.value) : [];
    if (mine === newest && !over.signal.aborted) show(found, yes, question.title);
  };
  let timer = 0;
  at.addEventListener(
    "input",
    () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(() => void judge(), PAUSE);
    },
    { signal: over.signal },
  );
  part("calendar-dialog-next").addEventListener(
    "click",
    () => {
      if (question.next) void fill(question.next, at).then(judge);
    },
    { signal: over.signal },
  );
  show([], yes, question.title);
  dialog.showModal();
  at.focus();
  void judge();
  return new Promise((resolve) => {
    dialog.addEventListener(
      "close",
      () => {
        over.abort();
        window.clearTimeout(timer);
        resolve(dialog.returnValue === "yes" ? at.value : null);
      },
      { once: true },
    );
  });
}

async function fill(next: () => Promise<string>, at: HTMLInputElement): Promise<void> {
  const said = part("calendar-dialog-next-said");
  said.textContent = "";
  try {
    at.value = await next();
    at.focus();
  } catch (error) {
    said.textContent = (error as Error).message;
  }
}

/** Each objection in words; what would be refused cannot be ordered. */
function show(found: Objection[], yes: HTMLButtonElement, title: string): void {
  const list = part("calendar-dialog-conflicts");
  const refused = found.some((one) => one.severity === "refuse");
  list.replaceChildren(
    ...found.map((one) => {
      const line = document.createElement("p");
      line.className = `note note-${one.severity === "refuse" ? "error" : "warn"}`;
      const words = document.createElement("span");
      const head = document.createElement("strong");
      head.textContent = one.severity === "refuse" ? say("refused") : say("heed");
      words.append(head, one.message);
      line.append(words);
      return line;
    }),
  );
  yes.disabled = refused;
  yes.textContent = found.length && !refused ? say("anyway") : title;
}
