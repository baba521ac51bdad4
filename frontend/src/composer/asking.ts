import { byId } from "./dom";

export interface Answer {
  /** The value of the button; "" when the dialog was left. */
  choice: string;
  values: Record<string, string>;
}

/**
 * The page's <dialog> `id` with `values` in its fields ("1" or "" for what is ticked), and what was answered. `check` says what is wrong with them, ""
 * when nothing is: the dialog stays open until then (for the choice "ok"). With "1" as `fixed` it only shows them.
 */
export function ask(id: string, values: Record<string, string>, check: (values: Record<string, string>) => string | Promise<string> = () => ""): Promise<Answer> {
  const dialog = byId<HTMLDialogElement>(id);
  const form = dialog.querySelector("form") as HTMLFormElement;
  const wrong = dialog.querySelector<HTMLElement>("[data-wrong]");
  const fields = [...form.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("input[name], textarea[name]")];
  const ticks = (field: HTMLInputElement | HTMLTextAreaElement): field is HTMLInputElement => field.type === "checkbox";
  const said = (field: HTMLInputElement | HTMLTextAreaElement): string => (!ticks(field) ? field.value.trim() : field.checked ? "1" : "");
  const read = (): Record<string, string> => Object.fromEntries(fields.map((field) => [field.name, said(field)]));
  const complain = (words: string): void => {
    if (wrong) wrong.textContent = words;
    if (wrong) wrong.hidden = !words;
    fields.forEach((field) => field.toggleAttribute("aria-invalid", Boolean(words) && field === fields[0]));
  };
  fields.forEach((field) => {
    if (ticks(field)) field.checked = Boolean(values[field.name]);
    else field.value = values[field.name] ?? "";
  });
  dialog.querySelectorAll<HTMLElement>("[data-only]").forEach((part) => (part.hidden = !values[part.dataset.only ?? ""]));
  const fixed = Boolean(values.fixed);
  for (const field of fields) {
    if (ticks(field)) field.disabled = fixed;
    else field.readOnly = fixed;
  }
  form.querySelectorAll<HTMLElement>("button[value=ok]").forEach((button) => (button.hidden = fixed));
  complain("");
  dialog.returnValue = "";
  form.onsubmit = (event) => {
    const button = event.submitter as HTMLButtonElement | null;
    if (button?.value !== "ok") return;
    event.preventDefault();
    button.setAttribute("aria-busy", "true");
    void Promise.resolve(check(read())).then((words) => {
      button.removeAttribute("aria-busy");
      if (!dialog.open) return;
      if (words) {
        complain(words);
        fields[0]?.focus();
      } else dialog.close("ok");
    });
  };
  dialog.showModal();
  fields[0]?.select();
  return new Promise((answer) => dialog.addEventListener("close", () => answer({ choice: dialog.returnValue, values: read() }), { once: true }));
}
