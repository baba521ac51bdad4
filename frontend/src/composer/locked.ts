import { type Editor, Extension } from "@tiptap/core";
import type { Node } from "@tiptap/pm/model";
import { Plugin, PluginKey } from "@tiptap/pm/state";
import { Decoration, DecorationSet } from "@tiptap/pm/view";
import { captionOf } from "./captions";

/**
 * A part of the body that the post's template fixed; `text` is without any blanks, `pictures` are hashes
 * (app/posts/templates_locking.py); posts made before pictures were remembered have none.
 */
export interface Locked {
  text: string;
  words: string;
  pictures?: string[];
}

const FREE = "freely";
const key = new PluginKey<DecorationSet>("locked");

/** Its words with the captions of its tables, without any blanks. */
function bare(node: Node): string {
  if (node.isText) return (node.text ?? "").replace(/\s+/g, "");
  let found = captionOf(node).replace(/\s+/g, "");
  node.forEach((child) => (found += bare(child)));
  return found;
}

/** The hashes of the library's pictures that a block shows, in their order. */
function pictures(block: Node): string[] {
  const found: string[] = [];
  const look = (node: Node): void => {
    const hash = /^\/media\/([0-9a-f]{64})$/.exec(String(node.attrs.src ?? ""));
    if (hash) found.push(hash[1]);
  };
  look(block);
  block.descendants(look);
  return found;
}

const same = (node: Node, part: Locked): boolean =>
  bare(node) === part.text && (!part.pictures || pictures(node).join() === part.pictures.join());

interface Place {
  from: number;
  to: number;
  node: Node;
}

/** Where the fixed parts stand in the document, in their order; fewer than `parts` when some are not there. */
function places(doc: Node, parts: Locked[]): Place[] {
  const found: Place[] = [];
  doc.forEach((node, offset) => {
    const part = parts[found.length];
    if (part && same(node, part)) found.push({ from: offset, to: offset + node.nodeSize, node });
  });
  return found;
}

/** Nothing of a fixed part is another than before, neither its links nor what is said of its pictures to those who cannot see them. */
function untouched(before: Place[], after: Place[]): boolean {
  return before.every(({ node }, number) => after[number]?.node.eq(node));
}

/** Keeps every fixed part as it is: what would change, drop or move one is not done, and `refused` is called. */
export function lockedParts(parts: Locked[], refused: () => void): Extension {
  const draw = (doc: Node): DecorationSet =>
    DecorationSet.create(doc, places(doc, parts).map(({ from, to }) => Decoration.node(from, to, { class: "locked-part", contenteditable: "false" })));
  return Extension.create({
    name: "lockedParts",
    addProseMirrorPlugins: () => [
      new Plugin({
        key,
        state: {
          init: (_config, state) => draw(state.doc),
          apply: (transaction, old) => (transaction.docChanged ? draw(transaction.doc) : old),
        },
        filterTransaction(transaction, state) {
          if (!transaction.docChanged || transaction.getMeta(FREE)) return true;
          const before = places(state.doc, parts);
          const after = places(transaction.doc, parts);
          // What the editor itself sets right after an act (a row that lacks a cell) is not the writer's doing.
          const kept = transaction.getMeta("appendedTransaction") ? after.length >= before.length : untouched(before, after);
          if (!kept) refused();
          return kept;
        },
        props: { decorations: (state) => key.getState(state) },
      }),
    ],
  });
}

/** Whether a template fixed the block that is, or holds, the node from `from` to `to`. */
export function fixedAt(editor: Editor, from: number, to: number): boolean {
  const found = key.getState(editor.state)?.find(from, to) ?? [];
  return found.some((part) => part.from <= from && to <= part.to);
}

/** The mark of a transaction that may change anything: what the server, an import or a merge puts on the sheet. */
export const freely = FREE;

/** For the editor of templates: a block can be marked as fixed, which stands in its HTML as data-locked. */
export const Lockable = Extension.create({
  name: "lockable",
  addGlobalAttributes() {
    return [
      {
        types: ["paragraph", "heading", "bulletList", "orderedList", "blockquote", "table", "figure", "codeBlock", "horizontalRule"],
        attributes: {
          locked: {
            default: false,
            parseHTML: (element) => element.hasAttribute("data-locked"),
            renderHTML: (attributes) => (attributes.locked ? { "data-locked": "1", class: "locked-part" } : {}),
            keepOnSplit: false,
          },
        },
      },
    ];
  },
});

/** Where the outermost blocks of the selection begin; of a block that is selected itself, that one alone. */
function chosenBlocks({ state: { doc, selection } }: Editor): number[] {
  const chosen: number[] = [];
  doc.forEach((node, offset) => {
    if (offset < selection.to && offset + node.nodeSize > selection.from && "locked" in node.attrs) chosen.push(offset);
  });
  return chosen;
}

/** The outermost blocks of the selection, whole: all fixed, or all free again when they were. */
export function lock(editor: Editor): void {
  const { tr, doc } = editor.state;
  const chosen = chosenBlocks(editor);
  const on = !chosen.every((offset) => doc.nodeAt(offset)?.attrs.locked);
  chosen.forEach((offset) => tr.setNodeAttribute(offset, "locked", on));
  editor.view.dispatch(tr);
  editor.view.focus();
}

export function isLocked(editor: Editor): boolean {
  const [first] = chosenBlocks(editor);
  return first !== undefined && Boolean(editor.state.doc.nodeAt(first)?.attrs.locked);
}
