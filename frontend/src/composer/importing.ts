import { Refusal, send } from "../lib/http";
import { say } from "../lib/words";
import { ask } from "./asking";
import { desk, unit } from "./desk";
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
    await put(await send<Imported>("POST", "/posts/import", form), take);
  } catch (error) {
    message("import", "error", (error as Error).message);
  } finally {
    wait.remove();
  }
}

/** An article of the unit's own website, whose address is asked for; what is wrong with it is said where it is asked. */
export async function importPage(begun: () => boolean, take: (fields: Fields) => Promise<void>): Promise<void> {
  const sites = desk.sites[unit.value] ?? [];
  const got: { result?: Imported } = {};
  const names = document.getElementById("page-sites");
  if (names) names.textContent = sites.length ? say("fromSites", { sites: sites.join("、") }) : say("noSites");
  const { choice } = await ask("page-dialog", { url: "" }, async ({ url }) => {
    try {
      got.result = await send<Imported>("POST", "/posts/import-page", { unit_id: unit.value, url });
      return "";
    } catch (error) {
      return (error as Refusal).message;
    }
  });
  if (choice !== "ok" || !got.result) return;
  if (begun() && !window.confirm(say("sureImport"))) return;
  await put(got.result, take);
}

async function put(result: Imported, take: (fields: Fields) => Promise<void>): Promise<void> {
  if (result.notes.length) message("import", result.missing.length ? "warn" : "ok", `${say("imported")}\n${result.notes.join("\n")}`);
  await take(result.fields);
}
