/** What is found stands below the search box while one types: arrows choose, Enter opens, Esc closes. */

const form = document.querySelector<HTMLFormElement>("form[data-searching]");
const box = form?.querySelector<HTMLInputElement>("#shell-search");
const list = form?.querySelector<HTMLElement>("#shell-found");
const PAUSE = 180;

let timer = 0;
let asked: AbortController | null = null;

if (form && box && list) {
  const options = (): HTMLElement[] => [...list.querySelectorAll<HTMLElement>("[role=option]")];
  const chosen = (): number => options().findIndex((option) => option.getAttribute("aria-selected") === "true");

  const choose = (place: number): void => {
    const all = options();
    all.forEach((option, number) => option.setAttribute("aria-selected", String(number === place)));
    const option = all[place];
    if (option) {
      box.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    } else {
      box.removeAttribute("aria-activedescendant");
    }
  };

  const show = (open: boolean): void => {
    list.hidden = !open;
    box.setAttribute("aria-expanded", String(open));
    if (!open) choose(-1);
  };

  const close = (): void => {
    window.clearTimeout(timer);
    asked?.abort();
    show(false);
  };

  const ask = async (): Promise<void> => {
    asked?.abort();
    const q = box.value.trim();
    if (!q) return show(false);
    const mine = (asked = new AbortController());
    try {
      const answer = await fetch(`${form.dataset.searching ?? ""}?${new URLSearchParams({ q }).toString()}`, {
        headers: { "HX-Request": "true" },
        signal: mine.signal,
      });
      // Signed out, or the system is away: Enter leads to the page that tells.
      if (!answer.ok || mine.signal.aborted) return show(false);
      list.innerHTML = await answer.text();
      if (!mine.signal.aborted) show(document.activeElement === box || list.contains(document.activeElement));
    } catch (error) {
      if (!mine.signal.aborted) {
        console.warn("search", error);
        show(false);
      }
    }
  };

  box.addEventListener("input", (event) => {
    if ((event as InputEvent).isComposing) return;
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void ask(), PAUSE);
  });
  box.addEventListener("compositionend", () => box.dispatchEvent(new Event("input")));
  box.addEventListener("focus", () => {
    if (box.value.trim() && list.childElementCount) show(true);
  });
  box.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const all = options();
    if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !list.hidden && all.length) {
      event.preventDefault();
      // One place more than there are: none is chosen, the box itself is.
      const places = all.length + 1;
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose(((chosen() + 1 + step + places) % places) - 1);
    } else if (event.key === "Enter" && !list.hidden && chosen() >= 0) {
      event.preventDefault();
      all[chosen()]?.click();
    }
  });
  form.addEventListener("submit", (event) => {
    if (!box.value.trim()) event.preventDefault();
  });
  document.addEventListener("pointerdown", (event) => {
    if (!form.contains(event.target as Node)) close();
  });
  form.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !form.contains(event.relatedTarget as Node)) close();
  });
}
