import { DayGrid, Interaction, List, TimeGrid, type Calendar } from "@event-calendar/core";
import { say } from "../lib/words";
import { shown } from "./wall";

const locale = document.documentElement.dataset.locale || "zh-CN";

/** The address's word for a view -> the calendar's. */
export const VIEWS: Record<string, string> = { week: "timeGridWeek", month: "dayGridMonth", list: "listWeek" };

// The grids stand on subgrid; a browser without it gets the list, which tells the same.
const grids = CSS.supports("grid-template-columns", "subgrid");

export const plugins = [TimeGrid, DayGrid, List, Interaction];

/** The view to begin with: the address's, else the list on a phone and the week on a desk. */
export function firstView(asked: string | null): string {
  if (!grids) return VIEWS.list;
  return VIEWS[asked ?? ""] ?? (window.matchMedia("(max-width: 767.98px)").matches ? VIEWS.list : VIEWS.week);
}

const form = (options: Intl.DateTimeFormatOptions): ((day: Date) => string) => {
  const format = new Intl.DateTimeFormat(locale, options);
  return (day) => format.format(day);
};
const weekday = form({ weekday: "short" });
const monthDay = form({ month: "numeric", day: "numeric" });

const fullDay = new Intl.DateTimeFormat(locale, { year: "numeric", month: "long", day: "numeric" });

/** "2026年11月23日 – 29日"; browsers write Chinese ranges with slashes only. */
function weekTitle(first: Date, last: Date): string {
  if (!locale.startsWith("zh")) return fullDay.formatRange(first, last);
  const same = first.getMonth() === last.getMonth();
  return `${fullDay.format(first)} – ${form(same ? { day: "numeric" } : { month: "long", day: "numeric" })(last)}`;
}

/** Heads of the days: name, date, and in the week what the accounts may still be given. */
export function dayHead(view: string, heads: Record<string, string>): (day: Date) => Calendar.Content {
  if (view === VIEWS.month) return weekday;
  return (day) => ({
    html: `<span class="day-name">${weekday(day)} <span class="num">${monthDay(day)}</span></span>${heads[shown(day).slice(0, 10)] ?? ""}`,
  });
}

/** The chip's own markup with the hour that is shown just now (while it is dragged: the new one). */
function chip(info: Calendar.EventContentInfo): Calendar.Content {
  const template = document.createElement("template");
  template.innerHTML = String(info.event.extendedProps.html ?? "");
  const time = template.content.querySelector(".chip-time");
  if (time) time.textContent = info.timeText;
  return { domNodes: Array.from(template.content.childNodes) };
}

export const looks: Calendar.Options = {
  locale,
  firstDay: 1,
  nowIndicator: true,
  allDaySlot: false,
  slotDuration: "00:30:00",
  snapDuration: "00:15:00",
  slotHeight: 28,
  scrollTime: "07:30:00",
  slotEventOverlap: false,
  lazyFetching: false,
  editable: false,
  eventStartEditable: true,
  eventDurationEditable: false,
  longPressDelay: 500,
  displayEventEnd: false,
  dayMaxEvents: true,
  eventTimeFormat: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  slotLabelFormat: { hour: "2-digit", minute: "2-digit", hourCycle: "h23" },
  listDayFormat: { month: "long", day: "numeric", weekday: "long" },
  headerToolbar: {
    start: "prev,today,next title",
    center: "",
    end: grids ? Object.values(VIEWS).join(",") : "",
  },
  buttonText: (known) => ({
    ...known,
    today: say("today"),
    prev: say("previous"),
    next: say("next"),
    close: say("close"),
    timeGridWeek: say("week"),
    dayGridMonth: say("month"),
    listWeek: say("list"),
  }),
  views: {
    timeGridWeek: { height: "max(420px, calc(100vh - 190px))", titleFormat: weekTitle },
    listWeek: { titleFormat: weekTitle },
    dayGridMonth: { height: "max(560px, calc(100vh - 190px))" },
  },
  moreLinkContent: (more) => say("more", { n: more.num }),
  noEventsContent: () => say("nothing"),
  eventContent: chip,
};
