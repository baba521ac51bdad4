import htmx from "htmx.org";
import { csrfToken, word } from "./http";
import { NEEDED, prove } from "./proof";
import { toast } from "./toast";

htmx.config.allowEval = false;
htmx.config.includeIndicatorStyles = false;
htmx.config.historyCacheSize = 0;
htmx.config.selfRequestsOnly = true;

document.addEventListener("htmx:configRequest", (event) => {
  const detail = (event as CustomEvent).detail;
  detail.headers["X-CSRFToken"] = csrfToken();
  // Polls and loads are nobody's work: they must not keep an abandoned session alive.
  const cause: Event | undefined = detail.triggeringEvent;
  if (!cause || cause.type === "load" || cause.type === "htmx:load") detail.headers["X-Background"] = "1";
});

// The person must first prove to be there: asked in a dialog, then the same request is sent again.
document.addEventListener("htmx:beforeOnLoad", (event) => {
  const { xhr, requestConfig } = (event as CustomEvent).detail;
  if (xhr.status !== 403 || !xhr.getResponseHeader(NEEDED)) return;
  event.preventDefault();
  const { verb, path, elt: source, target, formData: values } = requestConfig;
  void prove().then((proven) => (proven ? htmx.ajax(verb, path, { source, target, values }) : undefined));
});

document.addEventListener("htmx:responseError", (event) => {
  const { xhr, requestConfig } = (event as CustomEvent).detail;
  if (requestConfig?.headers?.["X-Background"]) return;
  let words = "";
  try {
    words = String(JSON.parse(xhr.responseText).message ?? "");
  } catch {
    words = "";
  }
  toast(words || word("Failed"), "error");
});

document.addEventListener("htmx:sendError", (event) => {
  const background = Boolean((event as CustomEvent).detail.requestConfig?.headers?.["X-Background"]);
  document.documentElement.dataset.offline = "1";
  if (!background) toast(word("Offline"), "error");
});
document.addEventListener("htmx:afterOnLoad", () => delete document.documentElement.dataset.offline);

export default htmx;
