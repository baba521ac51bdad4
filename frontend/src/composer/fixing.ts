import { mayChange } from "./agreeing";
import { desk } from "./desk";
import { byId } from "./dom";
import type { Body } from "./editor";
import { go } from "./going";
import { found, type Acts, type Found } from "./problems";
import type { Saver } from "./saving";
import { inputs } from "./sheet";

/** What the list of problems can do: go there, put the suggestion in its place, say why it stays. */
export function actsOn(editor: Body, saver: () => Saver): Acts {
  return {
    go: (item) => go(item, editor),
    fixable,
    fix: (item) => void fix(item, editor, saver()),
    explain: (item) => void explain(item, saver()),
    takeBack: ({ problem }) => void saver().ask("DELETE", `/posts/${desk.post.id}/dismissals/${problem.key}`),
  };
}

/** A place in a text that can be written into from here. Tags are drawn with other marks between them than are checked. */
function fixable({ problem, variant }: Found): boolean {
  if (problem.start === null || problem.end === null || !problem.suggestion) return false;
  if (variant) return typeof variant.overrides[problem.field] === "string" && !problem.field.endsWith("_html");
  return problem.field === "body" || (problem.field in inputs && problem.field !== "tags");
}

/** What was typed (or put right) since the list was drawn has moved the places: the same problem as it stands now. */
async function again(item: Found, saver: Saver): Promise<Found | undefined> {
  if (!(await mayChange()) || !(await saver.flush())) return undefined;
  const away = (one: Found): number => Math.abs((one.problem.start ?? 0) - (item.problem.start ?? 0));
  return found(desk.post).filter((one) => same(one, item)).sort((a, b) => away(a) - away(b))[0];
}

async function fix(item: Found, editor: Body, saver: Saver): Promise<void> {
  const now = await again(item, saver);
  if (!now) return;
  const { problem, variant } = now;
  const [start, end] = [problem.start ?? 0, problem.end ?? 0];
  const put = (text: string): string => {
    const chars = Array.from(text);
    return [...chars.slice(0, start), problem.suggestion, ...chars.slice(end)].join("");
  };
  if (variant) {
    const text = put(String(variant.overrides[problem.field]));
    saver.part(variant.account_id, { [problem.field]: text });
    await saver.flush();
    return;
  }
  if (problem.field === "body") {
    if (!editor.replace(start, end, problem.suggestion)) return;
  } else {
    const input = inputs[problem.field];
    // The server keeps texts without blanks around them: then the places are those of another text.
    if (input.value !== (desk.post as unknown as Record<string, unknown>)[problem.field]) return go(now, editor);
    input.value = put(input.value);
    input.dispatchEvent(new Event("input", { bubbles: true }));
  }
  await saver.flush();
}

function same(one: Found, other: Found): boolean {
  const [a, b] = [one.problem, other.problem];
  if (one.variant?.account_id !== other.variant?.account_id || a.dismissed) return false;
  return a.rule === b.rule && a.field === b.field && a.message === b.message;
}

/** Ask why it stays; the answer goes to the reviewers. */
async function explain(item: Found, saver: Saver): Promise<void> {
  const now = await again(item, saver);
  if (!now) return;
  const { problem } = now;
  const dialog = byId<HTMLDialogElement>("explain");
  const reason = byId<HTMLTextAreaElement>("explain-reason");
  byId("explain-problem").textContent = problem.message;
  reason.value = "";
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((closed) => dialog.addEventListener("close", closed, { once: true }));
  const said = reason.value.trim();
  if (dialog.returnValue !== "save" || !said) return;
  await saver.ask("POST", `/posts/${desk.post.id}/dismissals`, { key: problem.key, reason: said });
}
