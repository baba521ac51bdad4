import { send } from "../lib/http";
import { say } from "../lib/words";
import { byId, make } from "./dom";
import type { Fields, Parts } from "./saving";
import type { Media, Post } from "./types";

type Choice = "mine" | "theirs" | "both";

interface Piece {
  kind: "same" | "ins" | "del";
  text: string;
}
/** A place where two texts differ; `pieces` lead from theirs to mine, `choice` is the proposal ("both": both changed it). */
interface Place<T> {
  label: string;
  told?: string;
  pieces: Piece[];
  mine: T;
  theirs: T;
  choice: Choice;
}
interface Section extends Place<unknown> {
  name: string;
}
interface Block extends Place<string> {
  kind: "same" | "changed" | "look" | "ins" | "del";
}
/** What POST /posts/{id}/comparison answers. */
export interface Comparison {
  version: number;
  who: string;
  at: string;
  sections: Section[];
  blocks: Block[];
  post: Post;
  media: Record<string, Media>;
}
export type Way = "mine" | "theirs" | "merged" | "copy" | "later";
export interface Settled {
  way: Way;
  fields: Fields;
  /** Of the parts that both set by hand, those of mine that shall stand. */
  parts: Parts;
}
/** A part of one account's version that both set by hand since `before` (null: not known). */
export interface Clash extends Place<unknown> {
  account: string;
  part: string;
}

/** Where what I set by hand of accounts' versions meets what somebody else set there. */
export function clashes(parts: Parts, before: Post | null, newest: Post): Clash[] {
  const overridden = (post: Post | null, account: string, part: string): string =>
    JSON.stringify(post?.variants.find((one) => one.account_id === account)?.overrides[part] ?? null);
  return Object.entries(parts).flatMap(([account, own]) => Object.entries(own).flatMap(([part, mine]) => {
    const variant = newest.variants.find((one) => one.account_id === account);
    const theirs = variant?.payload[part];
    const unchanged = before && overridden(before, account, part) === overridden(newest, account, part);
    if (!variant || unchanged || JSON.stringify(theirs) === JSON.stringify(mine)) return [];
    const words = typeof theirs === "string" && typeof mine === "string";
    const pieces: Piece[] = words ? [{ kind: "del", text: theirs }, { kind: "ins", text: mine }] : [];
    const told = words ? undefined : say("setByBoth");
    return [{ account, part, label: `${variant.account_name} · ${say(`part_${part}`)}`, told, pieces, mine, theirs, choice: "both" as const }];
  }));
}

export const compare = (postId: string, mine: Fields, base: Fields): Promise<Comparison> =>
  send<Comparison>("POST", `/posts/${postId}/comparison`, { mine, base });

/** Whether both say the same after all. */
export const agree = (found: Comparison): boolean => !found.sections.length && found.blocks.every((block) => block.kind === "same");

/** Show both, and ask what shall stand: all of mine, all of theirs, what is chosen place by place, or mine as a post of its own. */
export function ask(found: Comparison, mine: Fields, theirs: Fields, clashing: Clash[], own: Parts): Promise<Settled> {
  const dialog = byId<HTMLDialogElement>("conflict");
  byId("conflict-lead").textContent = say("conflictLead", { who: found.who || say("somebody"), at: found.at });
  const sections = found.sections.map((section) => ({ section, row: draw(section, false) }));
  const blocks = found.blocks.map((block) => ({ block, row: block.kind === "same" ? null : draw(block, Boolean(block.mine && block.theirs)) }));
  const byHand = clashing.map((clash) => ({ clash, row: draw(clash, false) }));
  const rows = [...byHand.map(({ clash, row }) => ({ place: clash as Place<unknown>, row })), ...sections.map(({ section, row }) => ({ place: section as Place<unknown>, row })), ...blocks.flatMap(({ block, row }) => (row ? [{ place: block as Place<unknown>, row }] : []))];
  const open = rows.filter(({ place }) => place.choice === "both").map(({ row }) => row.box);
  const sure = rows.filter(({ place }) => place.choice !== "both").map(({ row }) => row.box);
  byId("conflict-open").replaceChildren(...open);
  byId("conflict-open-note").textContent = open.length ? say("conflictOpen", { n: open.length }) : say("conflictNone");
  byId("conflict-sure").replaceChildren(...sure);
  byId("conflict-sure-note").textContent = say("conflictSure", { n: sure.length });
  byId("conflict-sure-box").hidden = !sure.length;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((answer) =>
    dialog.addEventListener("close", () => {
      const way = (dialog.returnValue || "later") as Way;
      const merged = (): Fields => ({
        ...theirs,
        ...Object.fromEntries(sections.filter(({ row }) => row.choice() === "mine").map(({ section }) => [section.name, section.mine])),
        body_html: blocks.map(({ block, row }) => html(block, row?.choice() ?? "theirs")).join(""),
      });
      const given = way === "merged" ? byHand.filter(({ row }) => row.choice() !== "mine").map(({ clash }) => clash) : [];
      const left = ([account, set]: [string, Record<string, unknown>]): [string, Record<string, unknown>] =>
        [account, Object.fromEntries(Object.entries(set).filter(([part]) => !given.some((one) => one.account === account && one.part === part)))];
      const parts = way === "theirs" || way === "copy" ? {} : Object.fromEntries(Object.entries(own).map(left).filter(([, set]) => Object.keys(set).length));
      answer({ way, fields: way === "mine" ? mine : way === "merged" ? merged() : theirs, parts });
    }, { once: true }),
  );
}

function html(block: Block, choice: Choice): string {
  if (choice === "both") return block.theirs + block.mine;
  return choice === "mine" ? block.mine : block.theirs;
}

let drawn = 0;

/** One place with its difference and its choice; a choice of both is offered for text that may stand twice. */
function draw(place: Place<unknown>, twice: boolean): { box: HTMLElement; choice(): Choice } {
  const name = `conflict-${(drawn += 1)}`;
  const box = make("fieldset", { class: "conflict-place" }, make("legend", {}, place.label));
  if (place.told) box.append(make("p", { class: "text-muted" }, place.told));
  if (place.pieces.length) box.append(make("p", { class: "change" }, ...place.pieces.map(drawPiece)));
  const ways: Choice[] = twice ? ["mine", "theirs", "both"] : ["mine", "theirs"];
  const inputs = ways.map((way) => {
    const input = make("input", { type: "radio", class: "form-check-input", name, value: way });
    input.checked = way === (place.choice === "theirs" ? "theirs" : "mine");
    return input;
  });
  box.append(make("div", { class: "conflict-ways" }, ...inputs.map((input) =>
    make("label", { class: "form-check form-check-inline" }, input, " ", make("span", { class: "form-check-label" }, say(`choose_${input.value}`))))));
  return { box, choice: () => (inputs.find((input) => input.checked)?.value ?? "mine") as Choice };
}

function drawPiece(piece: Piece): Node | string {
  if (piece.kind === "same") return piece.text;
  return make(piece.kind, {}, make("span", { class: "visually-hidden" }, say(piece.kind === "ins" ? "ofMine" : "ofTheirs")), piece.text);
}
