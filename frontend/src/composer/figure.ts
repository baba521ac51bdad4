import { Node } from "@tiptap/core";
import type { Editor } from "@tiptap/core";
import { NodeSelection } from "@tiptap/pm/state";
import type { Node as ModelNode } from "@tiptap/pm/model";

/** A picture with its caption, as the server keeps it: <figure><img><figcaption>. The caption is its text. */
export const Figure = Node.create({
  name: "figure",
  group: "block",
  content: "text*",
  isolating: true,
  addAttributes() {
    return { src: { default: null }, alt: { default: null } };
  },
  parseHTML() {
    return [{
      tag: "figure",
      contentElement: "figcaption",
      getAttrs: (element) => {
        const pictures = element.querySelectorAll("img");
        const whole = pictures.length === 1 && element.querySelectorAll("figcaption").length === 1;
        return whole ? { src: pictures[0].getAttribute("src"), alt: pictures[0].getAttribute("alt") } : false;
      },
    }];
  },
  renderHTML({ HTMLAttributes }) {
    return ["figure", ["img", HTMLAttributes], ["figcaption", 0]];
  },
  addKeyboardShortcuts() {
    return {
      Enter: () => leave(this.editor),
      Backspace: () => undo(this.editor),
    };
  },
});

/** Below the caption goes on the text, not another picture. */
function leave(editor: Editor): boolean {
  const { $from } = editor.state.selection;
  if ($from.parent.type.name !== "figure") return false;
  const after = $from.after();
  return editor.chain().insertContentAt(after, { type: "paragraph" }).setTextSelection(after + 1).scrollIntoView().run();
}

/** An empty caption that is deleted leaves the picture. */
function undo(editor: Editor): boolean {
  const { $from, empty } = editor.state.selection;
  if (!empty || $from.parent.type.name !== "figure" || $from.parent.content.size) return false;
  return bare(editor, $from.before(), $from.parent, String($from.parent.attrs.alt ?? ""));
}

/** The figure at `at` without its caption. */
function bare(editor: Editor, at: number, figure: ModelNode, alt: string): boolean {
  const { paragraph, image } = editor.schema.nodes;
  const picture = paragraph.create(null, image.create({ src: figure.attrs.src, alt }));
  return editor.chain().command(({ tr }) => Boolean(tr.replaceWith(at, at + figure.nodeSize, picture))).setNodeSelection(at + 1).focus().run();
}

export interface Picture {
  node: ModelNode;
  at: number;
  caption: string;
  alt: string;
}

/** The picture that is selected, or in whose caption the cursor stands. */
export function pictureAt(editor: Editor): Picture | null {
  const { selection } = editor.state;
  const chosen = selection instanceof NodeSelection ? selection.node : null;
  const caption = selection.$from.parent;
  const [node, at] = chosen && ["image", "figure"].includes(chosen.type.name) ? [chosen, selection.from]
    : caption.type.name === "figure" ? [caption, selection.$from.before()] : [null, 0];
  return node && { node, at, caption: node.textContent, alt: String(node.attrs.alt ?? "") };
}

/** Give the picture these words; with a caption it is a figure, without one a picture in the line. */
export function describe(editor: Editor, { node, at, caption: before }: Picture, caption: string, alt: string): void {
  const text = caption ? [{ type: "text", text: caption }] : [];
  if (node.type.name === "image") {
    const chain = editor.chain().focus().setNodeSelection(at);
    if (!caption) chain.updateAttributes("image", { alt }).run();
    else chain.deleteSelection().insertContent({ type: "figure", attrs: { src: node.attrs.src, alt }, content: text }).run();
  } else if (!caption) {
    bare(editor, at, node, alt);
  } else {
    const kept = caption === before ? node.content : editor.schema.text(caption);
    const next = node.type.create({ src: node.attrs.src, alt }, kept);
    editor.chain().focus().command(({ tr }) => Boolean(tr.replaceWith(at, at + node.nodeSize, next))).run();
  }
}
