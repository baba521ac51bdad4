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

// A passage that is selected in the text is the one to be remarked on.
function takeSelection(): void {
  const selection = document.getSelection();
  const quote = document.querySelector<HTMLInputElement>("[data-remark-quote]");
  if (!quote || !selection || selection.isCollapsed) return;
  const at = selection.anchorNode?.parentElement;
  if (at?.closest("[data-remarkable]")) quote.value = selection.toString().replace(/\s+/g, " ").trim().slice(0, 300);
}
document.addEventListener("selectionchange", takeSelection);
// It may have been selected before this script was there.
takeSelection();

phonePreview();
