import { send } from "../lib/http";
import { desk } from "./desk";
import { byId } from "./dom";
import { clear, message } from "./messages";
import { found, type Found } from "./problems";
import type { Saver } from "./saving";

/** Save and send for review; refused, say why and go to the first thing in the way. */
export async function submit(saver: Saver, go: (item: Found) => void): Promise<void> {
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
    const blocks = found(desk.post).filter((item) => item.problem.severity === "block");
    byId("problems").scrollIntoView({ block: "nearest" });
    if (blocks.length) go(blocks[0]);
  } finally {
    button.removeAttribute("aria-busy");
  }
}
