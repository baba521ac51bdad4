import { byId, make } from "./dom";
import type { Post, Problem, Variant } from "./types";

const WORDS = { block: "阻断", warn: "提醒", advise: "建议" } as const;
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

/** Draw the list; each entry is a button that goes to the place. */
export function drawProblems(list: Found[], go: (item: Found) => void): void {
  const box = byId("problems");
  box.replaceChildren(
    ...list.map((item) => {
      const { problem, variant } = item;
      const where = variant ? `${variant.account_name}：` : "";
      const button = make(
        "button",
        { type: "button", class: "problem-go", "data-rule": problem.rule },
        make("span", { class: `state state-${LOOKS[problem.severity]}` }, WORDS[problem.severity]),
        make("span", {}, `${where}${problem.message}`),
      );
      button.addEventListener("click", () => go(item));
      return make("li", {}, button);
    }),
  );
  if (!list.length) box.append(make("li", { class: "text-muted" }, "没有发现问题。"));
  const blocks = list.filter((item) => item.problem.severity === "block").length;
  byId("problem-count").textContent = list.length ? `${blocks} 阻断 · ${list.length - blocks} 提醒` : "";
}

/** What adapting and cleaning changed. */
export function drawNotes(post: Post): void {
  const lines = [...(post.revision?.notes ?? []).map((text) => ["导入与清理", text])];
  for (const variant of post.variants) lines.push(...variant.notes.map((note) => [variant.account_name, note.message]));
  byId("notes").replaceChildren(
    ...lines.map(([who, text]) => make("li", {}, make("span", { class: "text-muted" }, `${who} · `), text)),
  );
  byId("note-count").textContent = lines.length ? String(lines.length) : "";
}
