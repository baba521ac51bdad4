/** Plain forms: ask before what cannot be undone (data-confirm), and never send twice by a double click. */

/** The question, "{role}" in it being the words that were chosen in the form's field `role`. */
const questionOf = (question: string, form: HTMLFormElement) =>
  question.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const field = form.elements.namedItem(name);
    return field instanceof HTMLSelectElement ? (field.selectedOptions[0]?.text ?? "") : whole;
  });

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
    if (question && !window.confirm(questionOf(question, form))) {
      event.preventDefault();
      event.stopPropagation();
      return;
    }
    // What was typed into another form of the page goes along (data-carry: the field's name): the page comes back with it.
    const carried = form.dataset.carry;
    if (carried) {
      const typed = Array.from(document.querySelectorAll<HTMLInputElement>(`[name="${carried}"]`)).find((one) => one.form !== form);
      const into = form.elements.namedItem(carried);
      if (typed && into instanceof HTMLInputElement) into.value = typed.value;
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
