import { byId } from "./dom";
import type { Body } from "./editor";
import { unitIndex } from "./plaintext";
import type { Found } from "./problems";
import { choices, inputs } from "./sheet";
import { open } from "./tabs";
import type { Problem } from "./types";

/** Go to the place of a problem and mark its words. */
export function go({ problem, variant }: Found, editor: Body): void {
  if (variant) {
    open(`tab-${variant.account_id}`);
    const part = document.getElementById(`override-${variant.account_id}-${problem.field}`);
    part?.closest("details")?.setAttribute("open", "");
    (part ?? byId(`panel-${variant.account_id}`)).scrollIntoView({ block: "center" });
    if (part) select(part, problem);
    return;
  }
  open("tab-base");
  if (problem.field === "body") {
    byId("editor").scrollIntoView({ block: "center" });
    if (problem.rule === "media.alt") editor.undescribed();
    else editor.jump(problem.start ?? 0, problem.end ?? 0);
  } else if (problem.field in inputs) select(inputs[problem.field], problem);
  else if (problem.field in choices) select(choices[problem.field], problem);
  else if (problem.field === "account_ids") byId("channels").scrollIntoView({ block: "center" });
  else byId("attachments").scrollIntoView({ block: "center" });
}

function select(field: HTMLElement, problem: Problem): void {
  field.focus();
  if ((field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) && problem.start !== null && problem.end !== null) {
    field.setSelectionRange(unitIndex(field.value, problem.start), unitIndex(field.value, problem.end));
  }
}
