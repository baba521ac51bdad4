import type { Calendar } from "@event-calendar/core";
import type { Silence } from "./feed";
import { later } from "./wall";

/** Black-outs behind the posts: their very hours in a week, the days they touch in a month. */
export function behind(silences: Silence[], wholeDays: boolean): Calendar.EventInput[] {
  return silences.map((silence, at) => ({
    id: `silence-${at}`,
    display: "background",
    allDay: wholeDays,
    start: wholeDays ? silence.start.slice(0, 10) : silence.start,
    end: wholeDays ? later(`${later(silence.end.slice(0, 16), -60).slice(0, 10)}T00:00`, 86400).slice(0, 10) : silence.end,
    classNames: ["silence"],
    extendedProps: { html: silence.html },
  }));
}

/** Slots that nobody has taken, faintly behind the posts of a week. */
export function slotsBehind(slots: Silence[]): Calendar.EventInput[] {
  return slots.map((slot, at) => ({
    id: `slot-${at}`,
    display: "background",
    start: slot.start,
    end: slot.end,
    classNames: ["slot"],
    extendedProps: { html: slot.html },
  }));
}
