import { say } from "../lib/words";
import { desk } from "./desk";
import { byId, make, mark } from "./dom";
import { drawOverrides, showLength, type Picture } from "./overrides";
import type { Variant } from "./types";

interface Wiring {
  set(variant: Variant, overrides: Record<string, unknown>): void;
  type(variant: Variant, overrides: Record<string, unknown>): void;
  leave(): void;
  waiting(variant: Variant): Record<string, unknown>;
  pictures(): Picture[];
}

const all = (): HTMLElement[] => [...byId("tabs").querySelectorAll<HTMLElement>("[role=tab]")];

/** Show one tab's panel, and the phone of its account. */
export function open(tab: string): void {
  for (const button of all()) {
    const on = button.id === tab;
    button.setAttribute("aria-selected", String(on));
    button.tabIndex = on ? 0 : -1;
    byId(button.dataset.panel ?? "").hidden = !on;
  }
  const account = tab.replace("tab-", "");
  document.querySelector(`.phone[data-account="${account}"]`)?.scrollIntoView({ block: "nearest", inline: "start" });
}

// Where somebody is typing or sliding, nothing is drawn anew under their hands.
const BUSY = "textarea, input:not([type=checkbox]):not([type=radio]):not([type=file])";
let wired: Wiring | null = null;

/** One tab for each account that the post is for. */
export function drawTabs(wiring: Wiring): void {
  wired = wiring;
  const wanted = new Set(desk.post.variants.map((variant) => `tab-${variant.account_id}`));
  for (const old of all()) {
    if (old.id === "tab-base" || wanted.has(old.id)) continue;
    if (old.getAttribute("aria-selected") === "true") open("tab-base");
    byId(old.dataset.panel ?? "").remove();
    old.remove();
  }
  for (const variant of desk.post.variants) drawTab(variant, wiring);
}

/** What tabs say of their accounts while the words change: the fields in their panels stay as they are. */
export function drawHeads(): void {
  for (const variant of desk.post.variants) {
    const tab = document.getElementById(`tab-${variant.account_id}`);
    if (tab) drawHead(tab, variant);
    document.querySelectorAll<HTMLElement>(`#panel-${variant.account_id} [data-length]`).forEach((counter) => showLength(counter, variant));
    // Beside the text, where the tabs may have been scrolled away.
    const { used, limit, unit } = variant.length;
    const caption = document.querySelector(`.phone[data-account="${variant.account_id}"] figcaption .num`);
    if (caption) caption.textContent = `${used}/${limit} ${unit}`;
  }
}

function drawHead(tab: HTMLElement, variant: Variant): void {
  tab.replaceChildren(mark(variant.platform), ` ${variant.account_name}`);
  const { used, limit, unit } = variant.length;
  const counter = make("span", { title: say("lengthOf", { used, limit, unit }) });
  showLength(counter, variant);
  tab.append(counter);
  const blocks = variant.problems.filter((problem) => problem.severity === "block").length;
  if (blocks) tab.append(make("span", { class: "count-block", title: say("blocking", { n: blocks }) }, String(blocks)));
  if (Object.keys(variant.overrides).length) tab.append(make("span", { class: "count-set", title: say("partsByHand") }, "✎"));
}

function drawTab(variant: Variant, wiring: Wiring): void {
  drawHead(document.getElementById(`tab-${variant.account_id}`) ?? makeTab(variant.account_id), variant);
  const panel = byId(`panel-${variant.account_id}`);
  if (panel.contains(document.activeElement) && document.activeElement?.matches(BUSY)) return;
  drawOverrides(panel, variant, {
    ...wiring,
    forms: (which) => desk.accounts.find((account) => account.id === which.account_id)?.forms ?? [],
    choices: (which) => desk.accounts.find((account) => account.id === which.account_id)?.choices ?? [],
    audience: (which) => desk.accounts.find((account) => account.id === which.account_id)?.audience ?? false,
    limit: (which, field) => desk.accounts.find((account) => account.id === which.account_id)?.limits[field] ?? 0,
  });
}

function makeTab(account: string): HTMLElement {
  const id = `tab-${account}`;
  const panel = make("div", { class: "card-body", id: `panel-${account}`, role: "tabpanel", "aria-labelledby": id, hidden: "" });
  byId("panel-base").parentElement?.append(panel);
  // Left, it is drawn as it stands by now; what is clicked in it does that by itself.
  panel.addEventListener("focusout", (event) => {
    if (!(event.target as Element).matches(BUSY) || panel.contains(event.relatedTarget as Node | null)) return;
    window.setTimeout(() => {
      const variant = desk.post.variants.find((one) => one.account_id === account);
      if (variant && wired && panel.isConnected) drawTab(variant, wired);
    });
  });
  const tab = make("button", { type: "button", role: "tab", id, "data-panel": panel.id, "aria-controls": panel.id, "aria-selected": "false", tabindex: "-1" });
  byId("tabs").append(tab);
  return tab;
}

byId("tabs").addEventListener("click", (event) => {
  const tab = (event.target as Element).closest<HTMLElement>("[role=tab]");
  if (tab) open(tab.id);
});
byId("tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = all();
  const next = tabs[(tabs.indexOf(event.target as HTMLElement) + step + tabs.length) % tabs.length];
  open(next.id);
  next.focus();
});
