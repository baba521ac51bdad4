import { send } from "../lib/http";
import { say } from "../lib/words";
import { unit } from "./desk";
import { message } from "./messages";
import type { Fields } from "./saving";

interface Imported {
  fields: Fields;
  notes: string[];
  missing: string[];
}

/** A document and its pictures; `take` puts its fields on the sheet. */
export async function importFiles(files: File[], begun: boolean, take: (fields: Fields) => Promise<void>): Promise<void> {
  if (begun && !window.confirm(say("sureImport"))) return;
  const form = new FormData();
  files.forEach((file) => form.append("file", file));
  form.append("unit_id", unit.value);
  const wait = message("import", "info", say("importingNow"));
  try {
    const result = await send<Imported>("POST", "/posts/import", form);
    if (result.notes.length) message("import", result.missing.length ? "warn" : "ok", `${say("imported")}\n${result.notes.join("\n")}`);
    await take(result.fields);
  } catch (error) {
    message("import", "error", (error as Error).message);
  } finally {
    wait.remove();
  }
}
