import { Editor } from "@tiptap/core";
import { Image } from "@tiptap/extension-image";
import { TableKit } from "@tiptap/extension-table";
import { TextAlign } from "@tiptap/extension-text-align";
import { Placeholder } from "@tiptap/extensions";
import { DOMParser as ModelParser } from "@tiptap/pm/model";
import { StarterKit } from "@tiptap/starter-kit";
import { send } from "../lib/http";
import { freely, Lockable, lockedParts, type Locked } from "./locked";
import { toast, untoast } from "../lib/toast";
import { range } from "./plaintext";
import type { Media, Problem } from "./types";
import { Underlines, underlineKey } from "./underline";
import { say } from "../lib/words";

export interface Body {
  html(): string;
  set(html: string): void;
  empty(): boolean;
  show(problems: Problem[]): void;
  jump(start: number, end: number): void;
  insertPicture(media: Media): void;
  /** Read-only it can still be focused, so that the first key is noticed. */
  editable(on: boolean): void;
}

interface Wiring {
  changed(): void;
  unit(): string;
  upload(file: File): Promise<Media | null>;
  noted(notes: string[]): void;
  /** What the template of the post fixed. */
  locked?: Locked[];
  /** Blocks can be marked as fixed: this is the editor of a template. */
  lockable?: boolean;
}

/** The editor of the body in #editor with its tools. */
export function makeEditor(element: HTMLElement, tools: HTMLElement, html: string, wiring: Wiring): Body {
  const editor = new Editor({
    element,
    content: html,
    extensions: [
      StarterKit.configure({ heading: { levels: [2, 3, 4] }, link: { openOnClick: false, autolink: false } }),
      Image.configure({ inline: true, allowBase64: true }),
      TableKit.configure({ table: { resizable: false } }),
      TextAlign.configure({ types: ["heading", "paragraph"], alignments: ["center", "right", "justify"] }),
      Placeholder.configure({ placeholder: say("startHere") }),
      Underlines,
      ...(wiring.locked?.length ? [lockedParts(wiring.locked, () => toast(say("lockedPart"), "warn", "locked"))] : []),
      ...(wiring.lockable ? [Lockable] : []),
    ],
    editorProps: {
      attributes: { role: "textbox", "aria-multiline": "true", "aria-labelledby": "editor-label", class: "prose-body" },
      handlePaste: (_view, event) => take(event.clipboardData, event),
      handleDrop: (_view, event, _slice, moved) => !moved && take((event as DragEvent).dataTransfer, event),
    },
    onUpdate: () => wiring.changed(),
    onTransaction: () => reflect(),
  });

  function take(data: DataTransfer | null, event: Event): boolean {
    const pictures = Array.from(data?.files ?? []).filter((file) => file.type.startsWith("image/"));
    const pasted = data?.getData("text/html") ?? "";
    if (pasted && !pasted.includes("data-pm-slice")) {
      event.preventDefault();
      void insertForeign(pasted);
      return true;
    }
    if (!pictures.length) return false;
    event.preventDefault();
    void insertFiles(pictures);
    return true;
  }

  async function insertForeign(foreign: string): Promise<void> {
    try {
      const cleaned = await send<{ html: string; notes: string[] }>("POST", "/posts/paste", { unit_id: wiring.unit(), html: foreign });
      insertHtml(cleaned.html);
      untoast("paste");
      wiring.noted(cleaned.notes);
    } catch (error) {
      toast((error as Error).message, "error", "paste");
    }
  }

  // One slice, so that text pasted into the middle of a paragraph joins it.
  function insertHtml(given: string): void {
    const box = new DOMParser().parseFromString(given, "text/html").body;
    const slice = ModelParser.fromSchema(editor.schema).parseSlice(box);
    editor.view.dispatch(editor.state.tr.replaceSelection(slice).scrollIntoView());
    editor.view.focus();
  }

  async function insertFiles(files: File[]): Promise<void> {
    for (const file of files) {
      const media = await wiring.upload(file);
      if (media) insertPicture(media);
    }
  }

  function insertPicture(media: Media): void {
    const alt = media.name.replace(/\.[a-z]+$/i, "");
    editor.chain().focus().insertContent({ type: "image", attrs: { src: media.url, alt } }).run();
  }

  function askLink(): void {
    const old = String(editor.getAttributes("link").href ?? "");
    const href = window.prompt(say("askLink"), old || "https://");
    if (href === null) return;
    const chain = editor.chain().focus().extendMarkRange("link");
    if (!href.trim() || href.trim() === "https://") chain.unsetLink().run();
    else chain.setLink({ href: href.trim() }).run();
  }

  const align = (to: string): void => {
    const chain = editor.chain().focus();
    if (editor.isActive({ textAlign: to })) chain.unsetTextAlign().run();
    else chain.setTextAlign(to).run();
  };
  // The outermost blocks of the selection, whole: all fixed, or all free again when they were.
  const lock = (): void => {
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
  };
  const isLocked = (): boolean => Boolean(editor.state.doc.maybeChild(editor.state.selection.$from.index(0))?.attrs.locked);
  const orders: Record<string, () => void> = {
    lock,
    h2: () => editor.chain().focus().toggleHeading({ level: 2 }).run(),
    h3: () => editor.chain().focus().toggleHeading({ level: 3 }).run(),
    bold: () => editor.chain().focus().toggleBold().run(),
    italic: () => editor.chain().focus().toggleItalic().run(),
    underline: () => editor.chain().focus().toggleUnderline().run(),
    strike: () => editor.chain().focus().toggleStrike().run(),
    bullet: () => editor.chain().focus().toggleBulletList().run(),
    ordered: () => editor.chain().focus().toggleOrderedList().run(),
    quote: () => editor.chain().focus().toggleBlockquote().run(),
    center: () => align("center"),
    right: () => align("right"),
    link: askLink,
    table: () => editor.chain().focus().insertTable({ rows: 3, cols: 3, withHeaderRow: true }).run(),
    row: () => editor.chain().focus().addRowAfter().run(),
    column: () => editor.chain().focus().addColumnAfter().run(),
    rule: () => editor.chain().focus().setHorizontalRule().run(),
    undo: () => editor.chain().focus().undo().run(),
    redo: () => editor.chain().focus().redo().run(),
  };
  tools.addEventListener("click", (event) => {
    const name = (event.target as Element).closest<HTMLElement>("[data-tool]")?.dataset.tool;
    if (name) orders[name]?.();
  });

  function reflect(): void {
    const active: Record<string, boolean> = {
      lock: isLocked(), h2: editor.isActive("heading", { level: 2 }), h3: editor.isActive("heading", { level: 3 }),
      bold: editor.isActive("bold"), italic: editor.isActive("italic"), underline: editor.isActive("underline"),
      strike: editor.isActive("strike"), bullet: editor.isActive("bulletList"), ordered: editor.isActive("orderedList"),
      quote: editor.isActive("blockquote"), link: editor.isActive("link"),
      center: editor.isActive({ textAlign: "center" }), right: editor.isActive({ textAlign: "right" }),
    };
    for (const button of tools.querySelectorAll<HTMLElement>("[data-tool]")) {
      const name = button.dataset.tool ?? "";
      if (name in active) button.setAttribute("aria-pressed", String(active[name]));
      else if (name === "row" || name === "column") button.hidden = !editor.isActive("table");
    }
  }
  reflect();

  return {
    html: () => (editor.isEmpty ? "" : editor.getHTML()),
    set: (given) => editor.chain().setMeta(freely, true).setContent(given, { emitUpdate: false }).run(),
    empty: () => editor.isEmpty,
    show: (problems) => editor.view.dispatch(editor.state.tr.setMeta(underlineKey, problems)),
    jump(start, end) {
      const place = range(editor.state.doc, start, end);
      if (place) editor.chain().focus().setTextSelection(place).scrollIntoView().run();
      else editor.commands.focus();
    },
    insertPicture,
    editable(on) {
      editor.setEditable(on, false);
      if (on) editor.view.dom.removeAttribute("tabindex");
      else editor.view.dom.setAttribute("tabindex", "0");
    },
  };
}
