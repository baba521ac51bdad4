import { say } from "../lib/words";

const NAMES: Record<string, string> = {
  "#": "held_words", img: "held_img", a: "held_a", table: "held_table", td: "held_table", th: "held_table", tr: "held_table", caption: "held_table",
  ol: "held_list", ul: "held_list", li: "held_list", sub: "held_script", sup: "held_script", figure: "held_img", figcaption: "held_img",
};

/** The sentence about what the editor cannot hold: tags as holding.ts names them. */
export function heldOut(what: string[]): string {
  const names = new Set(what.map((one) => say(NAMES[one] ?? "held_look")));
  return say("heldOut", { what: [...names].join("、") });
}
