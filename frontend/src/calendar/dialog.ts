/** The question for an hour: by keyboard and on a phone, and before a post from the tray is put on the schedule. */
export interface Question {
  title: string;
  post: string;
  hint: string;
  at: string;
}

const part = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

/** The hour chosen (local wall-clock), or null when the person thought better of it. */
export function askForHour(question: Question): Promise<string | null> {
  const dialog = part<HTMLDialogElement>("calendar-dialog");
  const at = part<HTMLInputElement>("calendar-dialog-at");
  part("calendar-dialog-title").textContent = question.title;
  part("calendar-dialog-post").textContent = question.post;
  part("calendar-dialog-hint").textContent = question.hint;
  const yes = dialog.querySelector<HTMLButtonElement>("button[value=yes]");
  if (yes) yes.textContent = question.title;
  at.value = question.at;
  dialog.returnValue = "";
  dialog.showModal();
  at.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? at.value : null), { once: true });
  });
}
