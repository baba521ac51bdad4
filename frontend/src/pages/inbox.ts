import "./inbox.css";

/** The inbox: keys, the counter of the composer, the thread kept at its end. */

const typing = (target: EventTarget | null): boolean => {
  const at = target as HTMLElement;
  return at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName);
};

function move(step: 1 | -1): void {
  const rows = [...document.querySelectorAll<HTMLAnchorElement>("[data-talk]")];
  if (rows.length === 0) return;
  const at = rows.findIndex((row) => row.classList.contains("chosen"));
  const next = at < 0 ? (step === 1 ? 0 : rows.length - 1) : at + step;
  rows[next]?.click();
}

const dialog = document.querySelector<HTMLDialogElement>("[data-keys-dialog]");
const composer = document.querySelector<HTMLTextAreaElement>("#reply-text");

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target === composer) {
    event.preventDefault();
    composer?.form?.requestSubmit();
    return;
  }
  if (typing(event.target) || event.ctrlKey || event.metaKey || event.altKey || dialog?.open) return;
  const act: Record<string, () => void> = {
    j: () => move(1),
    k: () => move(-1),
    r: () => composer?.focus(),
    e: () => document.querySelector<HTMLFormElement>("[data-resolve]")?.requestSubmit(),
    "?": () => dialog?.showModal(),
  };
  const chosen = act[event.key];
  if (!chosen) return;
  event.preventDefault();
  chosen();
});

document.querySelector("[data-keys]")?.addEventListener("click", () => dialog?.showModal());

/** 字 as the platforms count them: two ASCII characters make one. */
function lengthOf(text: string): number {
  let halves = 0;
  for (const character of text) halves += (character.codePointAt(0) ?? 0) < 128 ? 1 : 2;
  return Math.ceil(halves / 2);
}

const counter = document.querySelector<HTMLElement>("[data-count]");
function count(): void {
  if (!composer || !counter) return;
  const limit = Number(composer.dataset.limit ?? "0");
  const used = lengthOf(composer.value.trim());
  counter.textContent = `${used}/${limit}`;
  counter.classList.toggle("over", used > limit);
}
composer?.addEventListener("input", count);
count();

/** The newest message in view, unless the person has scrolled up to read. */
let followed = true;
function follow(): void {
  const thread = document.querySelector<HTMLElement>(".thread");
  if (thread && followed) thread.scrollTop = thread.scrollHeight;
  thread?.addEventListener("scroll", () => {
    followed = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 60;
  });
}
follow();
document.addEventListener("htmx:afterSettle", (event) => {
  if ((event.target as HTMLElement).id === "inbox-thread") follow();
});
document.querySelector(".talk.chosen")?.scrollIntoView({ block: "nearest" });
