import "../media/media.css";
import { csrfToken, word } from "../lib/http";
import { startChoosing } from "../media/choosing";
import { startCutter } from "../media/cutter";

/** Uploads of the library: one line per file with its progress, refusals in the server's own words. */
const form = document.querySelector<HTMLFormElement>("form[data-upload]");
const list = form?.querySelector<HTMLElement>("[data-upload-list]");

function line(name: string): { progress: HTMLProgressElement; words: HTMLElement } {
  const item = document.createElement("li");
  const title = document.createElement("strong");
  title.textContent = name;
  const progress = document.createElement("progress");
  progress.max = 1;
  progress.value = 0;
  progress.setAttribute("aria-label", name);
  const words = document.createElement("span");
  item.append(title, progress, words);
  list?.append(item);
  return { progress, words };
}

type Outcome = "new" | "known" | "refused";

/** What became of a file. fetch() tells no upload progress, XMLHttpRequest does. */
function upload(url: string, file: File): Promise<Outcome> {
  const { progress, words } = line(file.name);
  const body = new FormData();
  body.append("file", file);
  body.append("folder", form?.querySelector<HTMLInputElement>("[name=folder]")?.value ?? "");
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress.value = event.loaded / event.total;
    });
    request.addEventListener("loadend", () => {
      progress.hidden = true;
      if (request.status !== 201) {
        words.textContent = `${form?.dataset.failed ?? ""}${reason(request)}`;
        words.className = "text-danger";
        resolve("refused");
        return;
      }
      const answer = JSON.parse(request.responseText) as { known: boolean; words: string; item: string };
      words.textContent = answer.known ? `${answer.words} ` : (form?.dataset.done ?? "✓");
      if (answer.known) words.append(link(answer.item, form?.dataset.see ?? ""));
      resolve(answer.known ? "known" : "new");
    });
    request.send(body);
  });
}

function link(href: string, text: string): HTMLAnchorElement {
  const made = document.createElement("a");
  made.href = href;
  made.textContent = text;
  return made;
}

function reason(request: XMLHttpRequest): string {
  try {
    return String((JSON.parse(request.responseText) as { message?: string }).message ?? request.status);
  } catch {
    return request.status ? String(request.status) : word("Offline");
  }
}

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = form.querySelector<HTMLInputElement>("input[type=file]");
  const button = form.querySelector<HTMLButtonElement>("button[type=submit]");
  const files = Array.from(input?.files ?? []);
  if (!files.length || button?.disabled) return;
  if (button) button.disabled = true;
  list?.replaceChildren();
  const outcomes: Outcome[] = [];
  for (const file of files) outcomes.push(await upload(form.action, file));
  if (button) button.disabled = false;
  if (input) input.value = "";
  if (outcomes.every((outcome) => outcome === "new")) window.location.reload();
  // What was refused or known stays to be read; the list is renewed when the person is done with it.
  else if (outcomes.includes("new")) list?.append(link(location.href, form.dataset.refresh ?? ""));
});

document.querySelectorAll<HTMLFormElement>("form[data-cut]").forEach(startCutter);
document.querySelectorAll<HTMLFormElement>("form[data-many]").forEach(startChoosing);
