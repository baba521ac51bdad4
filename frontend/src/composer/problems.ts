import { byId, make } from "./dom";
import type { Post, Problem, Variant } from "./types";
import { dayAndClock, say } from "../lib/words";

const LOOKS = { block: "red", due: "red", warn: "amber", advise: "blue" } as const;

/** How it is told: pictures without words for those who cannot see them only warn, but are not handed in on screen (app/review/submitting.py). */
const weight = ({ rule, severity, dismissed }: Problem): keyof typeof LOOKS =>
  rule === "media.alt" && severity === "warn" && !dismissed ? "due" : severity;

export interface Found {
  problem: Problem;
  // null: a problem of the text itself, else of this account's version.
  variant: Variant | null;
}

/** Every problem once: those of the text, then those of single accounts. */
export function found(post: Post): Found[] {
  const own = post.revision?.problems ?? [];
  const seen = new Set(own.map((problem) => JSON.stringify(problem)));
  const all: Found[] = own.map((problem) => ({ problem, variant: null }));
  for (const variant of post.variants) {
    for (const problem of variant.problems) {
      if (!seen.has(JSON.stringify(problem))) all.push({ problem, variant });
    }
  }
  const order = Object.keys(LOOKS);
  const rank = ({ problem }: Found): number => order.indexOf(weight(problem)) + (problem.dismissed ? 9 : 0);
  return all.sort((a, b) => rank(a) - rank(b));
}

const channel = (variant: Variant): string => `${say(`platform_${variant.platform}`)} · ${variant.account_name}`;

/** What can be done about a problem of the list. */
export interface Acts {
  go(item: Found): void;
  fixable(item: Found): boolean;
  fix(item: Found): void;
  explain(item: Found): void;
  takeBack(item: Found): void;
}

/** Draw the list; each entry is a button that goes to the place. What was never saved was never checked. */
export function drawProblems(list: Found[], saved: boolean, acts: Acts): void {
  const box = byId("problems");
  box.replaceChildren(...list.map((item) => entry(item, acts)));
  if (!list.length) box.append(make("li", { class: "text-muted" }, say(saved ? "noProblems" : "notChecked")));
  const open = list.filter((item) => !item.problem.dismissed).map((item) => weight(item.problem));
  const many = (one: keyof typeof LOOKS): number => open.filter((other) => other === one).length;
  const counts = { blocks: many("block"), due: many("due"), others: many("warn") + many("advise") };
  byId("problem-count").textContent = list.length ? say(counts.due ? "countedDue" : "counted", counts) : "";
}

function entry(item: Found, acts: Acts): HTMLElement {
  const { problem, variant } = item;
  const where = variant ? `${channel(variant)}：` : "";
  const look = problem.dismissed ? "grey" : LOOKS[weight(problem)];
  const word = say(problem.dismissed ? "explained" : `severity_${weight(problem)}`);
  const go = make(
    "button",
    { type: "button", class: "problem-go", "data-rule": problem.rule },
    make("span", { class: `state state-${look}` }, word),
    make("span", {}, `${where}${problem.message}`),
  );
  go.addEventListener("click", () => acts.go(item));
  const line = make("li", { class: problem.dismissed ? "problem-explained" : "" }, go);
  const buttons: HTMLElement[] = [];
  if (problem.dismissed) {
    const { reason, by_name, at } = problem.dismissed;
    line.append(make("p", { class: "problem-said" }, say("said", { reason, who: by_name, at: dayAndClock(new Date(at)) })));
    buttons.push(act(say("takeBack"), () => acts.takeBack(item)));
  } else {
    if (acts.fixable(item)) buttons.push(act(say("fixTo", { to: problem.suggestion }), () => acts.fix(item), "problem-fix"));
    if (problem.key) buttons.push(act(say("explain"), () => acts.explain(item), "problem-explain"));
  }
  if (buttons.length) line.append(make("div", { class: "problem-acts" }, ...buttons));
  return line;
}

function act(words: string, run: () => void, look = ""): HTMLElement {
  const button = make("button", { type: "button", class: `btn btn-sm ${look}` }, words);
  button.addEventListener("click", run);
  return button;
}

/** What adapting and cleaning changed. */
export function drawNotes(post: Post): void {
  const lines = [...(post.revision?.notes ?? []).map((text) => [say("importing"), text])];
  for (const variant of post.variants) lines.push(...variant.notes.map((note) => [channel(variant), note.message]));
  byId("notes").replaceChildren(
    ...lines.map(([who, text]) => make("li", {}, make("span", { class: "text-muted" }, `${who} · `), text)),
  );
  byId("note-count").textContent = lines.length ? String(lines.length) : "";
}
