import type { Calendar } from "@event-calendar/core";
import { say } from "../lib/words";
import { later, minutesBetween } from "./wall";

// So many stand side by side in a day of the week and can still be read; more of them share one place, a line each.
const SIDE_BY_SIDE = 2;
const LINE_MINUTES = 22;

// As the server's chip has it; the calendar fills in the hour of events of its own.
const EMPTY_TIME = '<span class="chip-time num"></span>';

type Event = Calendar.EventInput;

const from = (event: Event): string => String(event.start).slice(0, 16);
const until = (event: Event): string => String(event.end).slice(0, 16);

/** The events of a week, where more than two overlap as one event that lists them: readable lines instead of strips. */
export function folded(events: Event[]): Event[] {
  const groups: Event[][] = [];
  for (const event of [...events].sort((a, b) => from(a).localeCompare(from(b)))) {
    const last = groups.at(-1);
    const shares = last && last[0] && from(event).slice(0, 10) === from(last[0]).slice(0, 10) && last.some((other) => minutesBetween(from(event), until(other)) > 0);
    if (shares) last.push(event);
    else groups.push([event]);
  }
  return groups.flatMap((group, at) => (group.length > SIDE_BY_SIDE && atOnce(group) > SIDE_BY_SIDE ? [together(group, groups[at + 1])] : group));
}

/** How many of a chain of neighbours really stand at the same moment. */
function atOnce(group: Event[]): number {
  return Math.max(...group.map((one) => group.filter((other) => from(other) <= from(one) && until(other) > from(one)).length));
}

/** A place as long as its lines, but not into the next one's. */
function together(group: Event[], next: Event[] | undefined): Event {
  const start = from(group[0]);
  const needed = later(start, (group.length + 1) * LINE_MINUTES * 60);
  const midnight = `${start.slice(0, 10)}T23:59`;
  const bound = next && from(next[0]) < midnight ? from(next[0]) : midnight;
  const end = [needed, ...group.map(until)].sort().at(-1) ?? needed;
  const lines = group.map((one) => {
    const look = [one.classNames ?? []].flat().join(" ");
    const html = String(one.extendedProps?.html ?? "").replace(EMPTY_TIME, EMPTY_TIME.replace("><", `>${from(one).slice(11)}<`));
    return `<li class="${look}">${html}</li>`;
  });
  return {
    id: `together-${group.map((one) => String(one.id)).join("-")}`,
    start: String(group[0].start),
    end: end > bound ? bound : end,
    title: say("several", { n: group.length }),
    editable: false,
    startEditable: false,
    classNames: ["several"],
    extendedProps: { html: `<p class="several-head">${EMPTY_TIME} ${say("several", { n: group.length })}</p><ul>${lines.join("")}</ul>` },
  };
}
