import { Mark } from "@tiptap/core";
import { Code } from "@tiptap/extension-code";
import { CodeBlock } from "@tiptap/extension-code-block";

/** Raised and lowered text: m², H₂O. What is the one is not the other. */
const script = (name: string, tag: "sup" | "sub", key: string): Mark =>
  Mark.create({
    name,
    excludes: "superscript subscript",
    parseHTML: () => [{ tag }, { style: `vertical-align=${tag === "sup" ? "super" : "sub"}` }],
    renderHTML: () => [tag, 0],
    addKeyboardShortcuts() {
      return { [key]: () => this.editor.commands.toggleMark(name) };
    },
  });

export const Superscript = script("superscript", "sup", "Mod-.");
export const Subscript = script("subscript", "sub", "Mod-,");

/** Code may be bold, a link or raised, too: the server keeps it so. */
export const MarkedCode = Code.extend({ excludes: "code" });
export const MarkedBlock = CodeBlock.extend({ marks: "_" });
