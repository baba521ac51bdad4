import { byId } from "./dom";

/** What can be changed in the composer: everything under the editing section, and the imports in the page's head. */
const PLACES = ".composer-edit, label[for=import-file], #import-file, #import-page";
const WORDS = "input:not([type=checkbox]):not([type=file]):not([type=range]), textarea";
// A click on these changes something; tabs and folds only show.
const CHANGING = "button:not([role=tab], .tool-more), input[type=checkbox], input[type=file], label";
const MOVING = /^(Arrow|Page|Home|End)/;

interface Sheet {
  editable(on: boolean): void;
}

let agreed = true;
let release = (): void => undefined;
let asked: Promise<boolean> | null = null;

/** Whether nothing need be asked (any more) before the post is changed. */
export const changeable = (): boolean => agreed;

/** Whether the post may be changed; asks, when a change would void its review or take down its schedule. */
export async function mayChange(): Promise<boolean> {
  if (agreed) return true;
  asked ??= ask();
  const yes = await asked;
  asked = null;
  if (yes && !agreed) {
    agreed = true;
    release();
  }
  return yes;
}

function ask(): Promise<boolean> {
  const dialog = byId<HTMLDialogElement>("agree");
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) => dialog.addEventListener("close", () => answer(dialog.returnValue === "agree"), { once: true }));
}

/** Where the page carries the question (#agree), keep everything as it is until the person has agreed to change it. */
export function guard(sheet: Sheet): void {
  if (!document.getElementById("agree")) return;
  const hold = (on: boolean): void => {
    agreed = !on;
    sheet.editable(!on);
    document.querySelectorAll<HTMLInputElement>(`.composer-edit :is(${WORDS})`).forEach((field) => (field.readOnly = on));
  };
  hold(true);
  release = () => {
    hold(false);
    document.getElementById("agree-note")?.remove();
  };
  for (const kind of ["click", "mousedown", "keydown", "paste", "cut", "drop", "dragover"]) document.addEventListener(kind, stop, true);
}

function stop(event: Event): void {
  const target = event.target as HTMLElement;
  if (agreed || !target.closest(PLACES) || !changes(event, target)) return;
  event.preventDefault();
  event.stopPropagation();
  // Only lets a drop come here, instead of opening the file in the page's place.
  if (event.type === "dragover") return;
  void mayChange().then((yes) => {
    if (!yes) return;
    if (event.type === "click") target.closest<HTMLElement>(CHANGING)?.click();
    else target.focus();
  });
}

function changes(event: Event, target: HTMLElement): boolean {
  if (event instanceof KeyboardEvent) return keyChanges(event, target);
  if (event.type === "mousedown") return target.matches("input[type=range], select");
  if (event.type !== "click") return true;
  const label = target.closest<HTMLLabelElement>("label");
  return target.closest(CHANGING) !== null && !label?.control?.matches(WORDS);
}

function keyChanges(event: KeyboardEvent, target: HTMLElement): boolean {
  if (target.matches("input[type=range]")) return MOVING.test(event.key);
  // A letter chooses, too, and blank or Enter open the list.
  if (target.matches("select")) return MOVING.test(event.key) || ["Enter", "F4"].includes(event.key) || event.key.length === 1;
  if (!target.matches(WORDS) && !target.closest("#editor")) return false;
  if (event.ctrlKey || event.metaKey) return /^[vxzybiuk\\.,]$/i.test(event.key);
  return event.key.length === 1 || ["Backspace", "Delete", "Enter", "Process"].includes(event.key);
}
