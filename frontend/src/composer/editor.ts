import { Editor, getHTMLFromFragment } from "@tiptap/core";
import { TableKit } from "@tiptap/extension-table";
import { TextAlign } from "@tiptap/extension-text-align";
import { Placeholder } from "@tiptap/extensions";
import { DOMParser as ModelParser, type Fragment, type Node } from "@tiptap/pm/model";
import { Selection } from "@tiptap/pm/state";
import { StarterKit } from "@tiptap/starter-kit";
import { send } from "../lib/http";
import { CaptionedTable } from "./captions";
import { freely, Lockable, lockedParts, type Locked } from "./locked";
import { toast, untoast } from "../lib/toast";
import { say } from "../lib/words";
import { Figure, Picture, selectUndescribed } from "./figure";
import { itemsBegun, missing } from "./holding";
import { range } from "./plaintext";
import { MarkedBlock, MarkedCode, Subscript, Superscript } from "./script";
import { reflect, ToolKeys, wireTools } from "./tools";
import type { Media, Problem } from "./types";
import { Underlines, underlineKey } from "./underline";

export interface Body {
  html(): string;
  set(html: string): void;
  empty(): boolean;
  show(problems: Problem[]): void;
  jump(start: number, end: number): void;
  /** Select the first picture that has no description yet. */
  undescribed(): void;
  /** Put `text` in the place of the characters `start` to `end`; false when they are not there. */
  replace(start: number, end: number, text: string): boolean;
  insertPicture(media: Media): void;
  /** Read-only it can still be focused, so that the first key is noticed. */
  editable(on: boolean): void;
}

interface Wiring {
  changed(): void;
  unit(): string;
  upload(file: File): Promise<Media | null>;
  noted(notes: string[]): void;
  /** Of a text put in the editor cannot hold these (tags; "#" for words; none: all is held): changed here, it is without them. */
  unheld(what: string[]): void;
  /** What the template of the post fixed. */
  locked?: Locked[];
  /** Blocks can be marked as fixed: this is the editor of a template. */
  lockable?: boolean;
}

/** Without the empty paragraph that the editor keeps below a last table or picture, to go on writing. */
function bare(doc: Node): Fragment {
  const last = doc.lastChild;
  const waiting = doc.childCount > 1 && last?.type.name === "paragraph" && !last.content.size;
  return waiting ? doc.content.cut(0, doc.content.size - last.nodeSize) : doc.content;
}

/** The editor of the body in #editor with its tools. */
export function makeEditor(element: HTMLElement, tools: HTMLElement, html: string, wiring: Wiring): Body {
  const editor = new Editor({
    element,
    content: itemsBegun(html),
    extensions: [
      StarterKit.configure({ heading: { levels: [2, 3, 4] }, link: { openOnClick: false, autolink: false }, code: false, codeBlock: false }),
      MarkedCode,
      MarkedBlock,
      Superscript,
      Subscript,
      Picture.configure({ inline: true, allowBase64: true }),
      TableKit.configure({ table: false }),
      CaptionedTable,
      TextAlign.configure({ types: ["heading", "paragraph"], alignments: ["center", "right", "justify"] }),
      Placeholder.configure({ placeholder: say("startHere") }),
      Figure,
      ToolKeys,
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
    onTransaction: ({ editor: now }) => reflect(tools, now),
  });

  // The text as it was put in: as long as nobody changes it here, it stays as it is to the letter.
  let source = html;
  let untouched = bare(editor.state.doc);
  told();

  function told(): void {
    wiring.unheld(missing(source, editor.getHTML()));
  }

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

  // One slice, so that text pasted into the middle of a paragraph joins it; an empty paragraph gives way to what is pasted,
  // whose first block keeps its looks then.
  function insertHtml(given: string): void {
    const box = new DOMParser().parseFromString(itemsBegun(given), "text/html").body;
    const parser = ModelParser.fromSchema(editor.schema);
    const slice = parser.parseSlice(box);
    const lost = missing(given, getHTMLFromFragment(parser.parse(box).content, editor.schema));
    if (lost.length) wiring.unheld(lost);
    const { tr, selection: { $from, empty } } = editor.state;
    const within = $from.depth ? $from.node(-1) : null;
    const [from, to] = $from.depth ? [$from.index(-1), $from.indexAfter(-1)] : [0, 0];
    const bare = empty && $from.parent.type.name === "paragraph" && !$from.parent.content.size;
    if (bare && slice.size && within?.canReplace(from, to, slice.content)) {
      const end = $from.before() + slice.content.size;
      tr.replaceWith($from.before(), $from.after(), slice.content);
      tr.setSelection(Selection.near(tr.doc.resolve(end), -1));
    } else tr.replaceSelection(slice);
    editor.view.dispatch(tr.scrollIntoView());
    editor.view.focus();
  }

  async function insertFiles(files: File[]): Promise<void> {
    for (const file of files) {
      const media = await wiring.upload(file);
      if (media) insertPicture(media);
    }
  }

  function insertPicture(media: Media): void {
    // The name of a file says nothing to those who cannot see it: the problem list asks for words.
    editor.chain().focus().insertContent({ type: "image", attrs: { src: media.url, alt: media.alt ?? "" } }).run();
  }

  wireTools(tools, editor);
  reflect(tools, editor);

  return {
    html() {
      if (bare(editor.state.doc).eq(untouched)) return source;
      return editor.isEmpty ? "" : editor.getHTML();
    },
    set(given) {
      editor.chain().setMeta(freely, true).setContent(itemsBegun(given), { emitUpdate: false }).run();
      [source, untouched] = [given, bare(editor.state.doc)];
      told();
    },
    empty: () => editor.isEmpty,
    show: (problems) => editor.view.dispatch(editor.state.tr.setMeta(underlineKey, problems)),
    jump(start, end) {
      const place = range(editor.state.doc, start, end);
      if (place) editor.chain().focus().setTextSelection(place).scrollIntoView().run();
      else editor.commands.focus();
    },
    undescribed() {
      if (!selectUndescribed(editor)) editor.commands.focus();
    },
    replace(start, end, text) {
      const place = range(editor.state.doc, start, end);
      if (!place) return false;
      if (place.caption) {
        const { at, words } = place.caption(text);
        editor.view.dispatch(editor.state.tr.setNodeAttribute(at, "caption", words));
        return true;
      }
      editor.view.dispatch(editor.state.tr.insertText(text, place.from, place.to).scrollIntoView());
      return true;
    },
    insertPicture,
    editable(on) {
      editor.setEditable(on, false);
      if (on) editor.view.dom.removeAttribute("tabindex");
      else editor.view.dom.setAttribute("tabindex", "0");
    },
  };
}
