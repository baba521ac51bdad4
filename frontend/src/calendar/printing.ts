import type { Calendar } from "@event-calendar/core";
import { VIEWS } from "./look";

/** Prints the list, which paper can hold: the grids scroll. Afterwards the view is what it was. */
export function printList(ec: Calendar, drawn: () => boolean): void {
  const before = ec.getView().type;
  if (before !== VIEWS.list) ec.setOption("view", VIEWS.list);
  const back = (): void => {
    if (before !== VIEWS.list) ec.setOption("view", before);
  };
  window.addEventListener("afterprint", back, { once: true });
  let patience = 50;
  const go = (): void => {
    if (!drawn() && patience-- > 0) window.setTimeout(go, 100);
    else window.print();
  };
  window.setTimeout(go, 50);
}
