import { type Editor, Extension } from "@tiptap/core";
import type { Node } from "@tiptap/pm/model";
import { Plugin, PluginKey } from "@tiptap/pm/state";
import { Decoration, DecorationSet } from "@tiptap/pm/view";

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
const bare = (node: Node): string => node.textContent.replace(/\s+/g, "");

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

/** Where the fixed parts stand in the document, in their order; fewer than `parts` when some are not there. */
function places(doc: Node, parts: Locked[]): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  doc.forEach((node, offset) => {
    const part = parts[found.length];
    if (part && same(node, part)) found.push({ from: offset, to: offset + node.nodeSize });
  });
  return found;
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
          const kept = places(transaction.doc, parts).length >= places(state.doc, parts).length;
          if (!kept) refused();
          return kept;
        },
        props: { decorations: (state) => key.getState(state) },
      }),
    ],
  });
}

/** The mark of a transaction that may change anything: what the server, an import or a merge puts on the sheet. */
export const freely = FREE;

/** For the editor of templates: a block can be marked as fixed, which stands in its HTML as data-locked. */
export const Lockable = Extension.create({
  name: "lockable",
  addGlobalAttributes() {
    return [
      {
        types: ["paragraph", "heading", "bulletList", "orderedList", "blockquote", "table", "codeBlock", "horizontalRule"],
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

/** The outermost blocks of the selection, whole: all fixed, or all free again when they were. */
export function lock(editor: Editor): void {
  const { $from, $to } = editor.state.selection;
  const { tr, doc } = editor.state;
  const chosen: number[] = [];
  doc.forEach((node, offset, index) => {
    if (index >= $from.index(0) && index <= $to.index(0) && "locked" in node.attrs) chosen.push(offset);
  });
  const on = !chosen.every((offset) => doc.nodeAt(offset)?.attrs.locked);
  chosen.forEach((offset) => tr.setNodeAttribute(offset, "locked", on));
  editor.view.dispatch(tr);
  editor.view.focus();
}

export function isLocked(editor: Editor): boolean {
  return Boolean(editor.state.doc.maybeChild(editor.state.selection.$from.index(0))?.attrs.locked);
}
