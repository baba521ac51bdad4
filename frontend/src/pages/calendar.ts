import "@event-calendar/core/index.css";
import "../calendar/calendar.css";
import { createCalendar, type Calendar } from "@event-calendar/core";
import { say } from "../lib/words";
import { askForHour } from "../calendar/dialog";
import { Reader, type Feed } from "../calendar/feed";
import { folded } from "../calendar/folding";
import { dayHead, firstView, looks, plugins, VIEWS } from "../calendar/look";
import { dropWish, moveTo, moveToNext, moving, type Kind } from "../calendar/moving";
import { nextSlot, objections } from "../calendar/objections";
import { printList } from "../calendar/printing";
import { behind, slotsBehind } from "../calendar/silence";
import { listenForDrops, type Dropped } from "../calendar/tray";
import { later, minutesBetween, nextFullHour, now, shown } from "../calendar/wall";

/** The calendar: weeks, months and a list of posts by their hours; dragging moves what has not gone yet. */
const REFRESH = 30_000;
// Nearer than this it goes out before anybody can take it back: ask first.
const SOON = 15;

const box = document.getElementById("calendar") as HTMLElement;
const tray = document.getElementById("tray") as HTMLElement;
const asked = new URLSearchParams(location.search);
let offset = box.dataset.offset ?? "+00:00";
let dragging = false;
let ec: Calendar | undefined;

const reader = new Reader(box.dataset.feed ?? "", took);
// The posts as they were read, by id: those listed together are no events of the calendar's own.
const posts = new Map<string, Calendar.EventInput>();

let drawnFor = "";

async function events(info: Calendar.FetchInfo): Promise<Calendar.EventInput[]> {
  const found = await reader.read(info.startStr, info.endStr);
  posts.clear();
  found.forEach((event) => posts.set(String(event.id), event));
  drawnFor = ec?.getView().type ?? firstView(asked.get("view"));
  if (drawnFor === VIEWS.list) return found;
  const shownPosts = drawnFor === VIEWS.week ? folded(found) : found;
  const slots = drawnFor === VIEWS.week ? slotsBehind(reader.slots) : [];
  return [...behind(reader.silences, drawnFor === VIEWS.month), ...slots, ...shownPosts];
}

function took(feed: Feed): void {
  const cut = document.getElementById("calendar-cut");
  if (cut) {
    cut.hidden = !feed.cut;
    cut.querySelector("span")?.replaceChildren(feed.cut);
  }
  drawHeads();
  if (feed.offset !== offset) {
    offset = feed.offset;
    ec?.setOption("timeZone", offset);
  }
}

/** The week's heads are drawn again once what the accounts may be given is known. */
function drawHeads(): void {
  if (!ec) return;
  const { heads } = reader;
  ec.setOption("dayHeaderFormat", dayHead(ec.getView().type, heads));
  ec.setOption("listDaySideFormat", (day) => ({ html: heads[shown(day).slice(0, 10)] ?? "" }));
}

/** Everything anew: a move changes chips, quotas and the tray. */
function refresh(): void {
  ec?.refetchEvents();
  document.body.dispatchEvent(new Event("calendar-changed"));
}

function remember(): void {
  const date = ec?.getOption("date");
  if (!ec || !(date instanceof Date)) return;
  const view = Object.keys(VIEWS).find((name) => VIEWS[name] === ec?.getView().type) ?? "week";
  history.replaceState(null, "", `?view=${view}&date=${shown(date).slice(0, 10)}`);
  drawHeads();
  // Weeks and lists show the same days: the calendar would keep the events as they were made for the other.
  if (drawnFor && drawnFor !== ec.getView().type) ec.refetchEvents();
}

/** What the chip knows of its post. */
interface Known {
  at: string;
  seen: string;
  planned: boolean;
}

async function dropped(info: Calendar.EventDropInfo): Promise<void> {
  const known = info.event.extendedProps as unknown as Known;
  const to = later(known.at, info.delta.days * 86400 + info.delta.seconds);
  if (to === known.at) return;
  const post = String(info.event.id);
  // Until the answer is there nobody drags it on, and the page does not draw it anew.
  moving.add(post);
  const found = await objections(post, to);
  moving.delete(post);
  const away = minutesBetween(now(offset), to);
  const soon = away >= 0 && away < SOON && !known.planned;
  const hour = soon || found.length ? await ask(post, String(info.event.title), to, known.seen, known.planned) : to;
  if (hour === null || !(await moveTo(post, hour, known.seen, kindOf(known.planned), refresh))) info.revert();
}

const kindOf = (planned: boolean): Kind => (planned ? "wish" : "time");

/** The dialog; what goes out nearly at once, and what speaks against the hour, is said there. */
function ask(post: string, title: string, at: string, seen: string, planned = false): Promise<string | null> {
  const away = minutesBetween(now(offset), at);
  const hint = planned ? say("planAs") : seen ? say("rescheduleAs") : say("scheduleAs");
  return askForHour({
    title: planned ? say("plan") : seen ? say("reschedule") : say("schedule"),
    post: title,
    hint: away < SOON && away >= 0 && !planned ? `${say("soon")} ${hint}` : hint,
    at,
    check: (hour) => objections(post, hour),
    next: () => nextSlot(post),
  });
}

async function askAndMove(post: string, title: string, at: string, seen: string, planned = false): Promise<void> {
  const hour = await ask(post, title, at, seen, planned);
  if (hour) await moveTo(post, hour, seen, kindOf(planned), refresh);
}

function fromTray(what: Dropped): void {
  const soonest = nextFullHour(offset);
  const day = what.at.slice(0, 10);
  const morning = `${day}T09:00`;
  const hour = what.wholeDay ? (morning < soonest && day === soonest.slice(0, 10) ? soonest : morning) : what.at;
  void askAndMove(what.post, what.title, hour, "");
}

ec = createCalendar(box, plugins, {
  ...looks,
  view: firstView(asked.get("view")),
  date: /^\d{4}-\d\d-\d\d$/.test(asked.get("date") ?? "") ? (asked.get("date") ?? "") : box.dataset.today,
  timeZone: offset,
  dayHeaderFormat: dayHead("", {}),
  eventSources: [{ events }],
  datesSet: remember,
  viewDidMount: remember,
  dragConstraint: (info) => !moving.has(String(info.event.id)),
  eventDragStart: () => {
    dragging = true;
  },
  eventDragStop: () => {
    // After the click that ends the drag, which must not open the post.
    window.setTimeout(() => {
      dragging = false;
    });
  },
  eventDrop: (info) => void dropped(info),
});
listenForDrops(ec, box, tray, fromTray);

box.addEventListener(
  "click",
  (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-move]");
    if (!dragging && !button) return;
    event.preventDefault();
    event.stopPropagation();
    const found = button && !dragging ? posts.get(button.dataset.move ?? "") : null;
    if (!found) return;
    const { at, seen, planned } = found.extendedProps as unknown as Known;
    void askAndMove(String(found.id), String(found.title), at, seen, planned);
  },
  true,
);
// The button of a chip is pressed, not dragged.
box.addEventListener(
  "pointerdown",
  (event) => {
    if ((event.target as Element).closest("[data-move], .places-more")) event.stopPropagation();
  },
  true,
);
tray.addEventListener("click", (event) => {
  const button = (event.target as Element).closest<HTMLElement>("button");
  if (!button) return;
  const { schedule, next, wish, drop, title = "", at = "", seen = "" } = button.dataset;
  const hour = at && minutesBetween(now(offset), at) > 0 ? at : nextFullHour(offset);
  if (schedule) void askAndMove(schedule, title, hour, "");
  if (wish) void askAndMove(wish, title, hour, seen, true);
  if (drop) void dropWish(drop, at, seen, refresh);
  if (next && !moving.has(next)) void moveToNext(next, "", refresh);
});
document.getElementById("calendar-print")?.addEventListener("click", () => {
  if (ec) printList(ec, () => drawnFor === VIEWS.list);
});

function freshen(): void {
  const busy = dragging || moving.size > 0 || document.querySelector("dialog[open]") !== null;
  if (document.hidden || busy) return;
  reader.hush();
  ec?.refetchEvents();
}
window.setInterval(freshen, REFRESH);
document.addEventListener("visibilitychange", freshen);
