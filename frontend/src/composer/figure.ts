import { Node } from "@tiptap/core";
import type { Attributes, Editor } from "@tiptap/core";
import { Image } from "@tiptap/extension-image";
import { NodeSelection } from "@tiptap/pm/state";
import type { Attrs, Node as ModelNode } from "@tiptap/pm/model";

/** What may be ticked of a picture: that it says nothing, and that it is a map. `of` finds the picture in an element. */
function ticks(of: (element: HTMLElement) => Element | null): Attributes {
  const tick = (name: string, key: string): Attributes => ({
    [key]: {
      default: false,
      parseHTML: (element) => Boolean(of(element)?.hasAttribute(name)),
      renderHTML: (attributes) => (attributes[key] ? { [name]: "1" } : {}),
    },
  });
  return { ...tick("data-decorative", "decorative"), ...tick("data-map", "map") };
}

/** A picture in the line. */
export const Picture = Image.extend({
  addAttributes() {
    return { ...this.parent?.(), ...ticks((element) => element) };
  },
});

/** A picture with its caption, as the server keeps it: <figure><img><figcaption>. The caption is its text. */
export const Figure = Node.create({
  name: "figure",
  group: "block",
  content: "text*",
  isolating: true,
  addAttributes() {
    return { src: { default: null }, alt: { default: null }, ...ticks((element) => element.querySelector("img")) };
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
    // That a template fixes it is said of the whole, the rest of the picture.
    const { "data-locked": locked, class: look, ...picture } = HTMLAttributes;
    return ["figure", locked ? { "data-locked": locked, class: look } : {}, ["img", picture], ["figcaption", 0]];
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
  return bare(editor, $from.before(), $from.parent, $from.parent.attrs);
}

/** In the editor of templates: whether the block is fixed, for the one that takes its place. */
const fixedAs = ({ attrs }: ModelNode): Attrs => ("locked" in attrs ? { locked: attrs.locked } : {});

/** The figure at `at` without its caption. */
function bare(editor: Editor, at: number, figure: ModelNode, said: Attrs): boolean {
  const { paragraph, image } = editor.schema.nodes;
  const picture = paragraph.create(fixedAs(figure), image.create({ ...said, src: figure.attrs.src }));
  return editor.chain().command(({ tr }) => Boolean(tr.replaceWith(at, at + figure.nodeSize, picture))).setNodeSelection(at + 1).focus().run();
}

/** What is said of a picture beside its caption. */
interface Said {
  alt: string;
  decorative: boolean;
  map: boolean;
}

export interface Chosen extends Said {
  node: ModelNode;
  at: number;
  caption: string;
}

/** The picture that is selected, or in whose caption the cursor stands. */
export function pictureAt(editor: Editor): Chosen | null {
  const { selection } = editor.state;
  const chosen = selection instanceof NodeSelection ? selection.node : null;
  const caption = selection.$from.parent;
  const [node, at] = chosen && ["image", "figure"].includes(chosen.type.name) ? [chosen, selection.from]
    : caption.type.name === "figure" ? [caption, selection.$from.before()] : [null, 0];
  if (!node) return null;
  const { alt, decorative, map } = node.attrs;
  return { node, at, caption: node.textContent, alt: String(alt ?? ""), decorative: Boolean(decorative), map: Boolean(map) };
}

/** Say this of the picture; with a caption it is a figure, without one a picture in the line. */
export function describe(editor: Editor, { node, at, caption: before }: Chosen, caption: string, said: Said): void {
  const text = caption ? [{ type: "text", text: caption }] : [];
  const block = node.type.name === "image" ? editor.state.doc.resolve(at).parent : node;
  const attrs = { ...fixedAs(block), ...said, src: node.attrs.src };
  if (node.type.name === "image") {
    const chain = editor.chain().focus().setNodeSelection(at);
    if (!caption) chain.updateAttributes("image", { ...said }).run();
    else chain.deleteSelection().insertContent({ type: "figure", attrs, content: text }).run();
  } else if (!caption) {
    bare(editor, at, node, { ...said });
  } else {
    const kept = caption === before ? node.content : editor.schema.text(caption);
    const next = node.type.create(attrs, kept);
    editor.chain().focus().command(({ tr }) => Boolean(tr.replaceWith(at, at + node.nodeSize, next))).run();
  }
}

// A name of a file says nothing (app/posts/holdings.py).
const FILE_NAME = /\.(?:png|jpe?g|gif|bmp|webp|tiff?|heic)$/i;

function undescribed({ type, attrs }: ModelNode): boolean {
  const words = String(attrs.alt ?? "").trim();
  return ["image", "figure"].includes(type.name) && !attrs.decorative && (!words || FILE_NAME.test(words));
}

/**
 * Select the first picture that says nothing to those who cannot see it, in the middle of the screen: at its edge, it would
 * stand behind the bars of a phone. False when there is none.
 */
export function selectUndescribed(editor: Editor): boolean {
  let at = -1;
  editor.state.doc.descendants((node, position) => {
    if (at < 0 && undescribed(node)) at = position;
    return at < 0;
  });
  if (at < 0 || !editor.chain().focus(null, { scrollIntoView: false }).setNodeSelection(at).run()) return false;
  (editor.view.nodeDOM(at) as Element | null)?.scrollIntoView({ block: "center" });
  return true;
}
