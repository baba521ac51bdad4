import { toast } from "../lib/toast";

const SHOWN = 15_000;

/** Says what was done, with a button that takes it back; stays while it has the mouse or the focus. */
export function toastWithUndo(text: string, label: string, undo: () => void): void {
  toast(text);
  const note = document.querySelector<HTMLElement>("#toasts .note:last-child");
  if (!note) return;
  // A copy: the plain one goes after six seconds, which is too soon for a change of mind.
  const lasting = note.cloneNode(true) as HTMLElement;
  note.replaceWith(lasting);
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-sm toast-undo";
  button.textContent = label;
  button.addEventListener("click", () => {
    lasting.remove();
    undo();
  });
  lasting.querySelector(".btn-close")?.addEventListener("click", () => lasting.remove());
  lasting.querySelector(".btn-close")?.before(button);
  const go = (): void => {
    if (lasting.matches(":hover, :focus-within")) window.setTimeout(go, 1000);
    else lasting.remove();
  };
  window.setTimeout(go, SHOWN);
}
