/** The page's sentences in the reader's language, from <script type="application/json" id="words"> of its template. */
const words = JSON.parse(document.getElementById("words")?.textContent ?? "{}") as Record<string, string>;

/** The sentence `name` with its {values} filled in. */
export function say(name: string, values: Record<string, string | number> = {}): string {
  return (words[name] ?? name).replace(/\{(\w+)\}/g, (_all, key: string) => String(values[key] ?? ""));
}

function shown(at: Date, form: Intl.DateTimeFormatOptions): string {
  const { zone, locale } = document.documentElement.dataset;
  return new Intl.DateTimeFormat(locale || "zh-CN", { ...form, hour12: false, timeZone: zone || undefined }).format(at);
}

/** HH:MM in the console's time zone, whatever the computer's own. */
export const clock = (at: Date): string => shown(at, { hour: "2-digit", minute: "2-digit" });

/** Day and time in the console's time zone. */
export const dayAndClock = (at: Date): string =>
  shown(at, { year: "numeric", month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
