import { toast } from "./toast";

/** The frame's own behaviour: theme switch, "/" for search, copying, the clock of the top bar. */

type Theme = "light" | "dark";

function currentTheme(): Theme {
  return document.documentElement.getAttribute("data-bs-theme") === "dark" ? "dark" : "light";
}

document.addEventListener("click", (event) => {
  const target = (event.target as Element).closest<HTMLElement>("[data-theme-toggle], [data-copy], [data-print]");
  if (!target) return;
  if (target.hasAttribute("data-theme-toggle")) {
    const next: Theme = currentTheme() === "dark" ? "light" : "dark";
    localStorage.setItem("tandem-theme", next);
    document.documentElement.setAttribute("data-bs-theme", next);
  } else if (target.dataset.copy !== undefined) {
    void navigator.clipboard.writeText(target.dataset.copy).then(() => toast(target.dataset.copied ?? "✓"));
  } else {
    window.print();
  }
});

window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", (query) => {
  if (!localStorage.getItem("tandem-theme")) {
    document.documentElement.setAttribute("data-bs-theme", query.matches ? "dark" : "light");
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = event.target as HTMLElement;
  if (at.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(at.tagName)) return;
  const boxes = document.querySelectorAll<HTMLInputElement>("#shell-search, #search-q");
  const search = [...boxes].find((box) => box.offsetParent !== null);
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});
