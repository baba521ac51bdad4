/** Choosing many items of the library: all of the page by one box, a run of them with Shift, none with Escape. */
export function startChoosing(form: HTMLFormElement): void {
  const boxes = Array.from(document.querySelectorAll<HTMLInputElement>("input[data-choose]"));
  const all = form.querySelector<HTMLInputElement>("[data-all]");
  const none = form.querySelector<HTMLButtonElement>("[data-none]");
  const said = form.querySelector<HTMLElement>("[data-chosen]");
  const before = said?.textContent ?? "";
  let last: HTMLInputElement | null = null;

  function show(): void {
    const chosen = boxes.filter((box) => box.checked).length;
    form.toggleAttribute("data-any", chosen > 0);
    if (said) said.textContent = chosen ? (form.dataset.count ?? "{n}").replace("{n}", String(chosen)) : before;
    if (all) {
      all.checked = chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    }
    if (none) none.hidden = chosen === 0;
  }

  function choose(which: HTMLInputElement[], on: boolean): void {
    for (const box of which) box.checked = on;
    show();
  }

  for (const box of boxes) {
    box.addEventListener("click", (event) => {
      if (event.shiftKey && last && last !== box) {
        const [from, to] = [boxes.indexOf(last), boxes.indexOf(box)].sort((a, b) => a - b) as [number, number];
        choose(boxes.slice(from, to + 1), box.checked);
      }
      last = box;
      show();
    });
    // Enter would send the form: it leads to what can be done.
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      if (form.hasAttribute("data-any")) form.querySelector<HTMLElement>("[data-acts] input")?.focus();
    });
  }
  all?.addEventListener("change", () => choose(boxes, all.checked));
  none?.addEventListener("click", () => {
    choose(boxes, false);
    all?.focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && form.hasAttribute("data-any") && !(event.target as Element).closest("dialog")) {
      choose(boxes, false);
    }
  });
  // Enter in a field presses the button beside it, not the first of the form.
  form.addEventListener("keydown", (event) => {
    const field = event.target as HTMLElement;
    if (event.key !== "Enter" || field.tagName !== "INPUT" || (field as HTMLInputElement).type === "checkbox") return;
    event.preventDefault();
    field.closest(".input-group")?.querySelector("button")?.click();
  });
  form.querySelectorAll("[data-all-row]").forEach((row) => row.removeAttribute("hidden"));
  form.setAttribute("data-ready", "");
  // A page that the browser brings back keeps its ticks.
  window.addEventListener("pageshow", show);
  show();
}
