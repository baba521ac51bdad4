import { type Refusal, send } from "../lib/http";
import { desk } from "./desk";
import { byId } from "./dom";
import { clear, message } from "./messages";
import { drawProblems, found, type Acts } from "./problems";
import type { Saver } from "./saving";
import type { Problem } from "./types";

/** Save and send for review; refused, say why and go to the first thing in the way. */
export async function submit(saver: Saver, acts: Acts): Promise<void> {
  const button = byId("submit-post");
  button.setAttribute("aria-busy", "true");
  try {
    if (!desk.post.id) saver.dirty = true;
    if (!(await saver.flush())) return;
    clear("submit");
    await send("POST", `/posts/${desk.post.id}/submission`);
    location.href = `/posts/${desk.post.id}`;
  } catch (error) {
    message("submit", "error", (error as Error).message);
    // What only handing in finds out (no channel chosen) stands in the list, too, so that it tells as many as the refusal.
    const said = ((error as Refusal).body?.problems ?? []) as Problem[];
    const all = [...found(desk.post), ...said.filter((problem) => problem.rule === "post.accounts").map((problem) => ({ problem, variant: null }))];
    drawProblems(all, true, acts);
    const blocks = all.filter((item) => item.problem.severity === "block");
    byId("problems").scrollIntoView({ block: "nearest" });
    const first = blocks[0] ?? all.find(({ problem }) => said.some((one) => one.rule === problem.rule && one.key === problem.key));
    if (first) acts.go(first);
  } finally {
    button.removeAttribute("aria-busy");
  }
}
