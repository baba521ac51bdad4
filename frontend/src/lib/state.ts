import "./state.css";
import Alpine from "@alpinejs/csp";

/** Small state that many pages need. Attributes name these properties and methods; see @alpinejs/csp for what they may say. */

/** A form of filters: x-on:change="apply" on a choice that needs no further button. */
Alpine.data("filter", () => ({
  apply(): void {
    (this.$root as HTMLFormElement).requestSubmit();
  },
}));

/** A note that can be put away; who pressed its button by keyboard goes on in the page, not at its top. */
Alpine.data("note", () => ({
  close(): void {
    this.$root.remove();
    document.querySelector<HTMLElement>("#main")?.focus({ preventScroll: true });
  },
}));

/** Menus made of <details>: one open at a time, its first field ready, Escape closes it and goes back to its name. */
Alpine.data("menus", () => ({
  opened(event: Event): void {
    const menu = event.target as HTMLDetailsElement;
    if (!menu.open) return;
    this.$root.querySelectorAll<HTMLDetailsElement>("details[open]").forEach((other) => {
      if (other !== menu) other.open = false;
    });
    menu.querySelector<HTMLElement>("select, input:not([type=hidden]), textarea, button")?.focus();
  },
  close(event: Event): void {
    const menu = (event.target as Element).closest<HTMLDetailsElement>("details[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  },
}));
