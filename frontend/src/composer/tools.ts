import type { Editor } from "@tiptap/core";
import { Extension } from "@tiptap/core";
import { ask } from "./asking";
import { describe, pictureAt } from "./figure";
import { editCaption } from "./captions";
import { editLink } from "./links";
import { fixedAt, isLocked, lock } from "./locked";
import { idle, tableOrders } from "./tables";

function align(editor: Editor, to: string): void {
  const chain = editor.chain().focus();
  if (editor.isActive({ textAlign: to })) chain.unsetTextAlign().run();
  else chain.setTextAlign(to).run();
}

/** Plain text again, links and lists kept: they are no looks. */
function clear(editor: Editor): void {
  const chain = editor.chain().focus().unsetTextAlign();
  for (const mark of ["bold", "italic", "underline", "strike", "superscript", "subscript", "code"]) chain.unsetMark(mark);
  if (editor.isActive("heading")) chain.setParagraph();
  chain.run();
}

const tick = (on: boolean): string => (on ? "1" : "");

async function editPicture(editor: Editor): Promise<void> {
  const picture = pictureAt(editor);
  if (!picture) return;
  const fixed = tick(fixedAt(editor, picture.at, picture.at + picture.node.nodeSize));
  const given = { caption: picture.caption, alt: picture.alt, decorative: tick(picture.decorative), map: tick(picture.map), fixed };
  const { choice, values } = await ask("picture-dialog", given);
  const said = { alt: values.alt, decorative: Boolean(values.decorative), map: Boolean(values.map) };
  if (choice === "ok") describe(editor, picture, values.caption, said);
  else editor.commands.focus();
}

const orders: Record<string, (editor: Editor) => void> = {
  h2: (editor) => editor.chain().focus().toggleHeading({ level: 2 }).run(),
  h3: (editor) => editor.chain().focus().toggleHeading({ level: 3 }).run(),
  bold: (editor) => editor.chain().focus().toggleBold().run(),
  italic: (editor) => editor.chain().focus().toggleItalic().run(),
  underline: (editor) => editor.chain().focus().toggleUnderline().run(),
  strike: (editor) => editor.chain().focus().toggleStrike().run(),
  sup: (editor) => editor.chain().focus().toggleMark("superscript").run(),
  sub: (editor) => editor.chain().focus().toggleMark("subscript").run(),
  clear,
  bullet: (editor) => editor.chain().focus().toggleBulletList().run(),
  ordered: (editor) => editor.chain().focus().toggleOrderedList().run(),
  quote: (editor) => editor.chain().focus().toggleBlockquote().run(),
  center: (editor) => align(editor, "center"),
  right: (editor) => align(editor, "right"),
  link: (editor) => void editLink(editor),
  picture: (editor) => void editPicture(editor),
  table: (editor) => editor.chain().focus().insertTable({ rows: 3, cols: 3, withHeaderRow: true }).run(),
  rule: (editor) => editor.chain().focus().setHorizontalRule().run(),
  undo: (editor) => editor.chain().focus().undo().run(),
  redo: (editor) => editor.chain().focus().redo().run(),
  lock,
  ...tableOrders,
};

/** Keys of the tools that the editor's own parts have none for. */
export const ToolKeys = Extension.create({
  name: "toolKeys",
  addKeyboardShortcuts() {
    return {
      "Mod-k": () => {
        void editLink(this.editor);
        return true;
      },
      "Mod-\\": () => {
        clear(this.editor);
        return true;
      },
    };
  },
});

export function wireTools(tools: HTMLElement, editor: Editor): void {
  tools.addEventListener("click", (event) => {
    const button = (event.target as Element).closest<HTMLElement>("[data-tool]");
    if (button?.dataset.tool === "more") turn(tools, button);
    else if (button && button.getAttribute("aria-disabled") !== "true") orders[button.dataset.tool ?? ""]?.(editor);
  });
  // A picture is clicked to be selected, and twice to be described; one with a caption is not selected by itself.
  editor.view.dom.addEventListener("click", (event) => {
    const picture = event.target as Element;
    if (!editor.isEditable || !picture.matches("figure img")) return;
    const within = editor.state.doc.resolve(editor.view.posAtDOM(picture, 0));
    if (within.parent.type.name === "figure") editor.chain().setNodeSelection(within.before()).focus().run();
  });
  editor.view.dom.addEventListener("dblclick", (event) => {
    const target = event.target as Element;
    if (editor.isEditable && target.matches("img")) void editPicture(editor);
    if (editor.isEditable && target.matches("caption")) {
      editor.commands.setTextSelection(editor.view.posAtDOM(target.parentElement?.querySelector("td, th") ?? target, 0) + 1);
      void editCaption(editor);
    }
  });
}

/** On a phone the tools are two pages, of which one is seen. */
function turn(tools: HTMLElement, button: HTMLElement): void {
  const on = tools.classList.toggle("second");
  button.setAttribute("aria-expanded", String(on));
}

/** Show which tools are on, and which can do something here. */
export function reflect(tools: HTMLElement, editor: Editor): void {
  const active: Record<string, boolean> = {
    lock: isLocked(editor), h2: editor.isActive("heading", { level: 2 }), h3: editor.isActive("heading", { level: 3 }),
    bold: editor.isActive("bold"), italic: editor.isActive("italic"), underline: editor.isActive("underline"),
    strike: editor.isActive("strike"), sup: editor.isActive("superscript"), sub: editor.isActive("subscript"), bullet: editor.isActive("bulletList"), ordered: editor.isActive("orderedList"),
    quote: editor.isActive("blockquote"), link: editor.isActive("link"),
    center: editor.isActive({ textAlign: "center" }), right: editor.isActive({ textAlign: "right" }),
  };
  const inTable = editor.isActive("table");
  tools.querySelectorAll<HTMLElement>("[data-when=table]").forEach((part) => (part.hidden = !inTable));
  for (const button of tools.querySelectorAll<HTMLElement>("[data-tool]")) {
    const name = button.dataset.tool ?? "";
    if (name in active) button.setAttribute("aria-pressed", String(active[name]));
    if (name === "picture") disable(button, !pictureAt(editor));
    else if (inTable && name in tableOrders) disable(button, idle(editor, name));
  }
}

/** Still to be reached by keyboard, so that its title can say what it waits for. */
function disable(button: HTMLElement, on: boolean): void {
  button.setAttribute("aria-disabled", String(on));
}
