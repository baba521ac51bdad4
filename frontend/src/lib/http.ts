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

export function csrfToken(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="csrf-token"]')?.content ?? "";
}

/** `body` as JSON, or FormData as it is; the parsed JSON answer. */
export async function send<T>(method: string, url: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { "X-CSRFToken": csrfToken(), Accept: "application/json" };
  let content: BodyInit | undefined;
  if (body instanceof FormData) content = body;
  else if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    content = JSON.stringify(body);
  }
  let answer: Response;
  try {
    answer = await fetch(url, { method, headers, body: content, credentials: "same-origin" });
  } catch {
    throw new Refusal("网络不通，内容没有送达。可能是断网或系统正在重启。请稍后重试，内容仍保留在本页。", 0, {});
  }
  const type = answer.headers.get("Content-Type") ?? "";
  const parsed: unknown = type.includes("json") ? await answer.json() : await answer.text();
  if (!answer.ok) {
    const fields = (typeof parsed === "object" && parsed !== null ? parsed : {}) as Record<string, unknown>;
    throw new Refusal(String(fields.message ?? `${answer.status}`), answer.status, fields);
  }
  return parsed as T;
}
