import { byId, make } from "./dom";
import type { Post, Problem, Variant } from "./types";
import { say } from "../lib/words";

const LOOKS = { block: "red", warn: "amber", advise: "blue" } as const;

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
  const order = { block: 0, warn: 1, advise: 2 };
  return all.sort((a, b) => order[a.problem.severity] - order[b.problem.severity]);
}

const channel = (variant: Variant): string => `${say(`platform_${variant.platform}`)} · ${variant.account_name}`;

/** Draw the list; each entry is a button that goes to the place. What was never saved was never checked. */
export function drawProblems(list: Found[], saved: boolean, go: (item: Found) => void): void {
  const box = byId("problems");
  box.replaceChildren(
    ...list.map((item) => {
      const { problem, variant } = item;
      const where = variant ? `${channel(variant)}：` : "";
      const button = make(
        "button",
        { type: "button", class: "problem-go", "data-rule": problem.rule },
        make("span", { class: `state state-${LOOKS[problem.severity]}` }, say(`severity_${problem.severity}`)),
        make("span", {}, `${where}${problem.message}`),
      );
      button.addEventListener("click", () => go(item));
      return make("li", {}, button);
    }),
  );
  if (!list.length) box.append(make("li", { class: "text-muted" }, say(saved ? "noProblems" : "notChecked")));
  const blocks = list.filter((item) => item.problem.severity === "block").length;
  byId("problem-count").textContent = list.length ? say("counted", { blocks, others: list.length - blocks }) : "";
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
