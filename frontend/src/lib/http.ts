import { NEEDED, prove } from "./proof";

/** Requests of the pages themselves: CSRF header set, refusals thrown as Refusal with the server's Chinese words. */
export class Refusal extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly body: Record<string, unknown>,
  ) {
    super(message);
  }
}

/** A sentence in the reader's language, from <html data-word-…> (base.html). */
export function word(name: "Close" | "Offline" | "Failed"): string {
  return document.documentElement.dataset[`word${name}`] ?? "";
}

export function csrfToken(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

interface Manner {
  /** Asked by the page itself: it does not keep an abandoned screen signed in. */
  background?: boolean;
  signal?: AbortSignal;
}

/**
 * `body` as JSON, or FormData as it is; the parsed JSON answer. Where the person must first prove to be there, they are
 * asked in a dialog, and the very same request is sent again.
 */
export async function send<T>(method: string, url: string, body?: unknown, { background, signal }: Manner = {}): Promise<T> {
  const headers: Record<string, string> = { "X-CSRFToken": csrfToken(), Accept: "application/json" };
  if (background) headers["X-Background"] = "1";
  let content: BodyInit | undefined;
  if (body instanceof FormData) content = body;
  else if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    content = JSON.stringify(body);
  }
  let answer: Response;
  try {
    answer = await fetch(url, { method, headers, body: content, credentials: "same-origin", signal });
  } catch {
    throw new Refusal(word("Offline"), 0, {});
  }
  if (answer.status === 403 && answer.headers.has(NEEDED) && (await prove())) return send<T>(method, url, body);
  const type = answer.headers.get("Content-Type") ?? "";
  const parsed: unknown = type.includes("json") ? await answer.json() : await answer.text();
  if (!answer.ok) {
    const fields = (typeof parsed === "object" && parsed !== null ? parsed : {}) as Record<string, unknown>;
    throw new Refusal(String(fields.message ?? word("Failed")), answer.status, fields);
  }
  return parsed as T;
}
