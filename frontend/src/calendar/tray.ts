import type { Calendar } from "@event-calendar/core";
import { shown, spoken } from "./wall";

export interface Dropped {
  post: string;
  title: string;
  /** Local wall-clock; of a whole day in the month's view its beginning. */
  at: string;
  wholeDay: boolean;
}

/** Approved posts are dragged from the tray onto an hour; a label beside the pointer tells which. */
export function listenForDrops(ec: Calendar, calendar: HTMLElement, tray: HTMLElement, dropped: (what: Dropped) => void): void {
  const label = document.createElement("div");
  label.className = "drop-label";
  label.hidden = true;
  document.body.append(label);
  let dragged: { post: string; title: string } | null = null;

  const place = (event: DragEvent): Calendar.DateClickInfo | null =>
    ec.getView().type.startsWith("list") ? null : ec.dateFromPoint(event.clientX, event.clientY);

  tray.addEventListener("dragstart", (event) => {
    const item = (event.target as Element).closest<HTMLElement>("[data-post]");
    if (!item || !event.dataTransfer) return;
    dragged = { post: item.dataset.post ?? "", title: item.dataset.title ?? "" };
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.title);
  });
  tray.addEventListener("dragend", () => {
    dragged = null;
    label.hidden = true;
  });
  calendar.addEventListener("dragover", (event) => {
    const there = dragged && place(event);
    label.hidden = !there;
    if (!there) return;
    event.preventDefault();
    label.textContent = spoken(shown(there.date), there.allDay);
    label.style.left = `${event.clientX + 12}px`;
    label.style.top = `${event.clientY + 12}px`;
  });
  calendar.addEventListener("drop", (event) => {
    const there = dragged && place(event);
    label.hidden = true;
    if (!there || !dragged) return;
    event.preventDefault();
    dropped({ ...dragged, at: shown(there.date), wholeDay: there.allDay });
  });
}
