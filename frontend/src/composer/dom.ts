/** Short ways to make elements and find those that the page has. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`#${id} is missing`);
  return found as T;
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** The platform's mark with its name, as the page's template draws it. */
export function mark(platform: string): Node {
  return byId<HTMLTemplateElement>(`mark-${platform}`).content.cloneNode(true);
}

/** A menu of <details> closes by Escape, by a choice, and by a click anywhere else. */
export function closeByItself(menu: HTMLDetailsElement): void {
  document.addEventListener("click", (event) => {
    const inside = menu.contains(event.target as Node);
    if (menu.open && (!inside || (event.target as Element).closest(".more-body button"))) menu.open = false;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });
}
