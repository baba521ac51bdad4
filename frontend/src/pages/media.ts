import { csrfToken, word } from "../lib/http";

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

/** True when the server took the file. fetch() tells no upload progress, XMLHttpRequest does. */
function upload(url: string, file: File): Promise<boolean> {
  const { progress, words } = line(file.name);
  const body = new FormData();
  body.append("file", file);
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress.value = event.loaded / event.total;
    });
    request.addEventListener("loadend", () => {
      const taken = request.status === 201;
      progress.hidden = true;
      words.textContent = taken ? (form?.dataset.done ?? "✓") : `${form?.dataset.failed ?? ""}${reason(request)}`;
      if (!taken) words.className = "text-danger";
      resolve(taken);
    });
    request.send(body);
  });
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
  let refused = 0;
  for (const file of files) {
    if (!(await upload(form.action, file))) refused += 1;
  }
  if (button) button.disabled = false;
  if (input) input.value = "";
  if (!refused) window.location.reload();
});
