import type { Editor } from "@tiptap/core";
import { say } from "../lib/words";
import { ask } from "./asking";

const WHOLE = /^(https?:\/\/[^\s/]+\.?[^\s]*|mailto:[^\s@]+@[^\s@]+|tel:[+\d][\d -]+)$/i;
const HOST = /^[\p{L}\d-]+(\.[\p{L}\d-]+)+([/?#:]\S*)?$/u;

/** An address as it was meant: www.x.cn and a@x.cn have their beginning left out; "" for what is none. */
export function whole(given: string): string {
  if (WHOLE.test(given)) return given;
  if (/^[^\s@:]+@[^\s@]+\.[^\s@]+$/.test(given)) return `mailto:${given}`;
  return HOST.test(given) ? `https://${given}` : "";
}

/** Ask for the address and the words of the link at the cursor. */
export async function editLink(editor: Editor): Promise<void> {
  const old = String(editor.getAttributes("link").href ?? "");
  if (old) editor.chain().extendMarkRange("link").run();
  const { from, to, empty } = editor.state.selection;
  const chosen = editor.state.doc.textBetween(from, to, " ");
  const plain = empty || chosen === editor.state.doc.textBetween(from, to, "\0", "\0");
  const { choice, values } = await ask("link-dialog", { href: old, text: chosen, old, plain: plain ? "1" : "" }, ({ href }) => (whole(href) ? "" : say("badLink")));
  const chain = editor.chain().focus().setTextSelection({ from, to });
  if (choice === "remove") chain.unsetLink().run();
  if (choice !== "ok") return void (choice || editor.commands.focus());
  const href = whole(values.href);
  const text = values.text || chosen || values.href;
  if (!plain || text === chosen) chain.setLink({ href }).run();
  else chain.insertContent({ type: "text", text, marks: [{ type: "link", attrs: { href } }] }).run();
}
