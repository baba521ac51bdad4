/** Local wall-clock as the server speaks it, "2026-11-23T10:00": reckoned with without the computer's own time zone. */
const MINUTE = 60_000;

function instant(at: string): number {
  const [year, month, day, hour, minute] = at.split(/\D/).map(Number);
  return Date.UTC(year, month - 1, day, hour || 0, minute || 0);
}

const written = (value: number): string => new Date(value).toISOString().slice(0, 16);

/** `at`, so many seconds later. */
export const later = (at: string, seconds: number): string => written(instant(at) + seconds * 1000);

/** The wall-clock that a Date of the calendar shows. */
export function shown(date: Date): string {
  return written(Date.UTC(date.getFullYear(), date.getMonth(), date.getDate(), date.getHours(), date.getMinutes()));
}

/** Now, at `offset` ("+08:00") from UTC. */
export function now(offset: string): string {
  const [hours, minutes] = offset.slice(1).split(":").map(Number);
  return written(Date.now() + (offset.startsWith("-") ? -1 : 1) * (hours * 60 + minutes) * MINUTE);
}

/** Minutes from `from` to `to`, negative when `to` is earlier. */
export const minutesBetween = (from: string, to: string): number => (instant(to) - instant(from)) / MINUTE;

export const nextFullHour = (offset: string): string => `${later(now(offset), 3600).slice(0, 13)}:00`;

const locale = document.documentElement.dataset.locale || "zh-CN";
const day: Intl.DateTimeFormatOptions = { month: "long", day: "numeric", weekday: "short", timeZone: "UTC" };
const dayFormat = new Intl.DateTimeFormat(locale, day);
const hourFormat = new Intl.DateTimeFormat(locale, { ...day, hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

/** As people read it, in the page's language; of a whole day without the clock. */
export const spoken = (at: string, wholeDay = false): string => (wholeDay ? dayFormat : hourFormat).format(instant(at));
