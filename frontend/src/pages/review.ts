/** The item under review: Y approves, N returns, each after a confirmation; a return needs a reason. */
import "../composer/composer.css";
import { toast } from "../lib/toast";
import { say } from "../lib/words";

const form = document.querySelector<HTMLFormElement>("#decide");
const comment = document.querySelector<HTMLTextAreaElement>("#comment");

function press(id: string): void {
  const button = document.querySelector<HTMLButtonElement>(id);
  if (form && button) form.requestSubmit(button);
}

form?.addEventListener("submit", (event) => {
  const button = (event as SubmitEvent).submitter as HTMLButtonElement | null;
  if (button?.value !== "returned" || !comment) return;
  if (!comment.value.trim()) {
    event.preventDefault();
    delete form.dataset.busy;
    button.removeAttribute("aria-busy");
    toast(say("reasonNeeded"), "warn");
    comment.focus();
  }
});

document.addEventListener("keydown", (event) => {
  const at = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return;
  const key = event.key.toLowerCase();
  if (key === "y") press("#approve");
  else if (key === "n") {
    if (comment?.value.trim() && !window.confirm(say("sureReturn"))) return;
    press("#return");
  } else return;
  event.preventDefault();
});
