import type { Node } from "@tiptap/pm/model";
import { captionOf } from "./captions";

/**
 * The plain text of the editor's document with the position of every character: the rule of app/checks/plaintext.py.
 * Each run of a text block between line breaks is a line; blanks collapse to one space and fall away at its ends; lines
 * without text are left out; lines are joined by LF. Offsets count code points. The caption of a table is a line before its
 * rows; `captions` has its table's position at each of its characters, which have no place in the document but stand for
 * the table's first cell.
 */
export function positions(doc: Node): { text: string; at: number[]; ends: number[]; captions: (number | undefined)[] } {
  interface Char { char: string; at: number; caption?: number }
  const lines: Char[][] = [];
  doc.descendants((block, start) => {
    const words = captionOf(block);
    if (words) lines.push(Array.from(words, (char) => ({ char, at: firstText(block, start), caption: start })));
    if (!block.isTextblock) return true;
    let line: Char[] = [];
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
  const out: Char[] = [];
  for (const line of lines) {
    while (line.length && line[0].char === " ") line.shift();
    while (line.length && line[line.length - 1].char === " ") line.pop();
    if (!line.length) continue;
    if (out.length) out.push({ char: "\n", at: out[out.length - 1].at + 1 });
    out.push(...line);
  }
  const at = out.map((item) => item.at);
  const ends = out.map((item) => item.at + (item.caption === undefined ? item.char.length : 0));
  return { text: out.map((item) => item.char).join(""), at, ends, captions: out.map((item) => item.caption) };
}

function firstText(table: Node, at: number): number {
  let found = at + 1;
  table.descendants((node, offset) => {
    if (found === at + 1 && node.isTextblock) found = at + 1 + offset + 1;
    return found === at + 1;
  });
  return found;
}

/** The document positions of the characters `start` to `end`; of a caption also how it reads with others in their place. */
export interface Range {
  from: number;
  to: number;
  caption?: (text: string) => { at: number; words: string };
}

/** Null when the characters are not there. */
export function range(doc: Node, start: number, end: number): Range | null {
  const { at, ends, captions } = positions(doc);
  if (start < 0 || end > at.length || start >= end) return null;
  const table = captions[start];
  if (table === undefined) return { from: at[start], to: Math.max(at[start], ends[end - 1]) };
  const first = captions.indexOf(table);
  const chars = Array.from(captionOf(doc.nodeAt(table) as Node));
  const put = (text: string): string => [...chars.slice(0, start - first), text, ...chars.slice(end - first)].join("");
  return { from: at[start], to: at[start], caption: (text) => ({ at: table, words: put(text) }) };
}

/** UTF-16 index of the code point `offset`, for inputs. */
export function unitIndex(text: string, offset: number): number {
  return Array.from(text).slice(0, offset).join("").length;
}
