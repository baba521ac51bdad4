/** Plain forms: ask before what cannot be undone (data-confirm), and never send twice by a double click. */
// "{n}" of a question is how many boxes of data-confirm-counts are ticked; with none there is nothing to ask.
function countedQuestion(form: HTMLFormElement, submitter: HTMLButtonElement | null): string | undefined {
  const counted = submitter?.dataset.confirmCounts;
  if (!counted) return submitter?.dataset.confirm;
  const ticked = form.querySelectorAll(`input[name="${counted}"]:checked`).length;
  return ticked ? submitter.dataset.confirm?.replace("{n}", String(ticked)) : "";
}

document.addEventListener(
  "submit",
  (event) => {
    const form = event.target as HTMLFormElement;
    const submitter = (event as SubmitEvent).submitter as HTMLButtonElement | null;
    const question = countedQuestion(form, submitter) ?? form.dataset.confirm;
    if (question && !window.confirm(question)) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    if (form.dataset.busy) {
      event.preventDefault();
      return;
    }
    if (form.method === "post" && !form.hasAttribute("hx-post") && !form.hasAttribute("data-own-submit")) {
      form.dataset.busy = "1";
      submitter?.setAttribute("aria-busy", "true");
      // A download leaves the page standing: let it be used again.
      setTimeout(() => {
        delete form.dataset.busy;
        submitter?.removeAttribute("aria-busy");
      }, 4000);
    }
  },
  true,
);

// A page restored from the back-forward cache must not show a form as still being sent.
window.addEventListener("pageshow", () => {
  document.querySelectorAll<HTMLFormElement>("form[data-busy]").forEach((form) => delete form.dataset.busy);
});
