import type { Editor } from "@tiptap/core";
import { editCaption } from "./captions";
import { CellSelection, nextCell, selectionCell } from "@tiptap/pm/tables";

/** What can be done to the table in which the cursor stands, by the name of its tool. */
export const tableOrders: Record<string, (editor: Editor) => void> = {
  rowBefore: (editor) => editor.chain().focus().addRowBefore().run(),
  rowAfter: (editor) => editor.chain().focus().addRowAfter().run(),
  columnBefore: (editor) => editor.chain().focus().addColumnBefore().run(),
  columnAfter: (editor) => editor.chain().focus().addColumnAfter().run(),
  merge,
  split: (editor) => editor.chain().focus().splitCell().run(),
  headerRow: (editor) => editor.chain().focus().toggleHeaderRow().run(),
  tableCaption: (editor) => void editCaption(editor),
  rowDelete: (editor) => editor.chain().focus().deleteRow().run(),
  columnDelete: (editor) => editor.chain().focus().deleteColumn().run(),
  tableDelete: (editor) => editor.chain().focus().deleteTable().run(),
};

/** The cells that are selected, or with only one (on a phone nobody drags over several) this and its neighbour. */
function merge(editor: Editor): void {
  const several = manySelected(editor);
  const other = neighbour(editor);
  const chain = editor.chain().focus();
  if (!several && other) chain.setCellSelection({ anchorCell: other.own, headCell: other.next });
  if (several || other) chain.mergeCells().run();
}

function manySelected(editor: Editor): boolean {
  const { selection } = editor.state;
  return selection instanceof CellSelection && selection.$anchorCell.pos !== selection.$headCell.pos;
}

function neighbour(editor: Editor): { own: number; next: number } | null {
  if (!editor.isActive("table")) return null;
  const own = selectionCell(editor.state);
  const next = nextCell(own, "horiz", 1);
  return next ? { own: own.pos, next: next.pos } : null;
}

/** Which of the tools can do nothing now. */
export function idle(editor: Editor, name: string): boolean {
  if (name === "merge") return !manySelected(editor) && !neighbour(editor);
  return name === "split" && !editor.can().splitCell();
}
