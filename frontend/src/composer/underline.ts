import { Extension } from "@tiptap/core";
import { Plugin, PluginKey } from "@tiptap/pm/state";
import { Decoration, DecorationSet } from "@tiptap/pm/view";
import { range } from "./plaintext";
import type { Problem } from "./types";

const key = new PluginKey<DecorationSet>("problems");

/** Underlines the places of problems; they move with the text until the next check. */
export const Underlines = Extension.create({
  name: "underlines",
  addProseMirrorPlugins() {
    return [
      new Plugin({
        key,
        state: {
          init: () => DecorationSet.empty,
          apply(transaction, old) {
            const problems = transaction.getMeta(key) as Problem[] | undefined;
            if (!problems) return old.map(transaction.mapping, transaction.doc);
            const marks = problems.flatMap((problem) => {
              if (problem.start === null || problem.end === null) return [];
              const place = range(transaction.doc, problem.start, problem.end);
              if (!place) return [];
              // The words above a table are no text of the document: all of it is marked.
              const table = place.caption?.("").at;
              const size = table === undefined ? 0 : transaction.doc.nodeAt(table)?.nodeSize ?? 0;
              if (table !== undefined) return [Decoration.node(table, table + size, { class: "found-caption", title: problem.message })];
              return [Decoration.inline(place.from, place.to, { class: `found found-${problem.severity}`, title: problem.message })];
            });
            return DecorationSet.create(transaction.doc, marks);
          },
        },
        props: { decorations: (state) => key.getState(state) },
      }),
    ];
  },
});

export const underlineKey = key;
