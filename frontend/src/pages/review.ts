/** The item under review: Y approves, N returns, each after a confirmation; a return needs a reason. */
import "../composer/composer.css";
import { phonePreview } from "../composer/phone";
import Alpine from "@alpinejs/csp";

Alpine.data("decision", () => ({
  // Somebody wants to return it and has not said why.
  needed: false,
  giveBack(event: Event): void {
    const comment = this.$refs.comment as HTMLTextAreaElement;
    if (comment.value.trim()) return;
    event.preventDefault();
    this.needed = true;
    comment.focus();
  },
  said(): void {
    this.needed = false;
  },
  press(event: KeyboardEvent): void {
    const at = event.target as HTMLElement;
    // A key held down would decide the next post as well.
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return;
    const button = { y: this.$refs.approve, n: this.$refs.back }[event.key.toLowerCase()];
    if (!button) return;
    event.preventDefault();
    button.click();
  },
}));

// The opinion being written outlives a remark, a question to a higher unit and a reload of the page, in this tab.
function keepOpinion(box: HTMLTextAreaElement): void {
  const key = `opinion:${box.dataset.opinion}`;
  // What the server sends back with a refusal is newer.
  if (!box.value) box.value = sessionStorage.getItem(key) ?? "";
  box.addEventListener("input", () => sessionStorage.setItem(key, box.value));
}
const opinion = document.querySelector<HTMLTextAreaElement>("[data-opinion]");
if (opinion) keepOpinion(opinion);

// A passage that is selected in the text is the one to be remarked on.
function takeSelection(): void {
  const selection = document.getSelection();
  const quote = document.querySelector<HTMLInputElement>("[data-remark-quote]");
  if (!quote || !selection || selection.isCollapsed) return;
  const at = selection.anchorNode?.parentElement;
  if (!at?.closest("[data-remarkable]")) return;
  quote.value = selection.toString().replace(/\s+/g, " ").trim().slice(0, 300);
  settleQuote(quote);
}

// What was said of the passage before is not true of this one.
function settleQuote(quote: HTMLInputElement): void {
  quote.classList.remove("is-invalid");
  quote.removeAttribute("aria-invalid");
  document.getElementById("quote-error")?.remove();
}
document
  .querySelector<HTMLInputElement>("[data-remark-quote]")
  ?.addEventListener("input", (event) => settleQuote(event.target as HTMLInputElement));
document.addEventListener("selectionchange", takeSelection);
// It may have been selected before this script was there.
takeSelection();

phonePreview();
