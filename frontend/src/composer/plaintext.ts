import type { Node } from "@tiptap/pm/model";

/**
 * The plain text of the editor's document with the position of every character: the rule of app/checks/plaintext.py.
 * Each run of a text block between line breaks is a line; blanks collapse to one space and fall away at its ends; lines
 * without text are left out; lines are joined by LF. Offsets count code points.
 */
export function positions(doc: Node): { text: string; at: number[]; ends: number[] } {
  const lines: { char: string; at: number }[][] = [];
  doc.descendants((block, start) => {
    if (!block.isTextblock) return true;
    let line: { char: string; at: number }[] = [];
    block.forEach((child, offset) => {
      const from = start + 1 + offset;
      if (child.type.name === "hardBreak") {
        lines.push(line);
        line = [];
      } else if (child.isText) {
        let at = from;
        for (const char of child.text ?? "") {
          if (!/[ \t\r\n\f]/.test(char)) line.push({ char, at });
          else if (line[line.length - 1]?.char !== " ") line.push({ char: " ", at });
          at += char.length;
        }
      }
    });
    lines.push(line);
    return false;
  });
  const out: { char: string; at: number }[] = [];
  for (const line of lines) {
    while (line.length && line[0].char === " ") line.shift();
    while (line.length && line[line.length - 1].char === " ") line.pop();
    if (!line.length) continue;
    if (out.length) out.push({ char: "\n", at: out[out.length - 1].at + 1 });
    out.push(...line);
  }
  const at = out.map((item) => item.at);
  return { text: out.map((item) => item.char).join(""), at, ends: out.map((item) => item.at + item.char.length) };
}

/** The document positions of the characters `start` to `end`; null when they are not there. */
export function range(doc: Node, start: number, end: number): { from: number; to: number } | null {
  const { at, ends } = positions(doc);
  if (start < 0 || end > at.length || start >= end) return null;
  return { from: at[start], to: ends[end - 1] };
}

/** UTF-16 index of the code point `offset`, for inputs. */
export function unitIndex(text: string, offset: number): number {
  return Array.from(text).slice(0, offset).join("").length;
}
