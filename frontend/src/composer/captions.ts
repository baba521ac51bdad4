import type { Editor } from "@tiptap/core";
import { Table, TableView } from "@tiptap/extension-table";
import type { DOMOutputSpec, Node } from "@tiptap/pm/model";
import { ask } from "./asking";

/** Draws the words above a table: not among its rows, and not to be typed into. */
class CaptionedView extends TableView {
  constructor(...given: ConstructorParameters<typeof TableView>) {
    super(...given);
    const words = captionOf(this.node);
    if (!words) return;
    const shown = this.table.createCaption();
    shown.textContent = words;
    shown.contentEditable = "false";
  }
}

/** A table with its caption, as the server keeps it: words alone, the first child. What a table holds are rows: it is an attribute. */
export const CaptionedTable = Table.extend({
  addAttributes() {
    const parseHTML = (element: HTMLElement): string =>
      (element.querySelector(":scope > caption")?.textContent ?? "").replace(/\s+/g, " ").trim();
    return { ...this.parent?.(), caption: { default: "", parseHTML, rendered: false } };
  },
  parseHTML() {
    return [...(this.parent?.() ?? []), { tag: "caption", ignore: true }];
  },
  renderHTML(given) {
    const [tag, attributes, ...rest] = this.parent?.(given) as [string, ...unknown[]];
    const words = captionOf(given.node);
    return [tag, attributes, ...(words ? [["caption", words]] : []), ...rest] as unknown as DOMOutputSpec;
  },
}).configure({ resizable: false, View: CaptionedView });

export const captionOf = (node: Node): string => String((node.type.name === "table" && node.attrs.caption) || "");

/** Ask for the caption of the table in which the cursor stands. */
export async function editCaption(editor: Editor): Promise<void> {
  const { $from } = editor.state.selection;
  let depth = $from.depth;
  while (depth > 0 && $from.node(depth).type.name !== "table") depth -= 1;
  if (!depth) return;
  const at = $from.before(depth);
  const { choice, values } = await ask("table-dialog", { caption: captionOf($from.node(depth)) });
  const words = values.caption.replace(/\s+/g, " ").trim();
  if (choice === "ok") editor.view.dispatch(editor.state.tr.setNodeAttribute(at, "caption", words));
  editor.commands.focus();
}
