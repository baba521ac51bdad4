/** The editor of a template: the body with parts that can be fixed; the form is an ordinary one. */
import "../composer/composer.css";
import { byId } from "../composer/dom";
import { makeEditor } from "../composer/editor";
import { heldOut } from "../composer/unheld";
import { upload } from "../composer/pictures";
import { toast } from "../lib/toast";

const body = byId<HTMLTextAreaElement>("body-html");
const unit = byId<HTMLInputElement | HTMLSelectElement>("unit");

const editor = makeEditor(byId("editor"), byId("tools"), body.value, {
  changed: () => undefined,
  unit: () => unit.value,
  upload: (file) => upload(file, unit.value, "picture"),
  noted: (notes) => notes.forEach((note) => toast(note, "warn")),
  unheld: (what) => what.length && toast(heldOut(what), "warn", "unheld"),
  lockable: true,
});

// Before lib/forms marks the form as being sent.
byId("template").addEventListener("submit", () => (body.value = editor.html()));
