import { Refusal, send } from "../lib/http";
import { say } from "../lib/words";
import { make } from "./dom";
import type { Variant } from "./types";

interface Tag {
  id: number;
  name: string;
  people: number | null;
}
export interface Audience {
  is_to_all: boolean;
  tag_id?: number;
  tag_name?: string;
}

/** What was read of each account while the page is open: the fields are drawn anew after every saving. */
const read = new Map<string, Tag[]>();

/** Everybody or one tag's people; the tags are asked of the platform when somebody wants to see them. */
export function audienceChoice(id: string, variant: Variant, set: (audience: Audience) => void): HTMLElement[] {
  const now = ((variant.payload.delivery as { audience?: Audience })?.audience ?? { is_to_all: true });
  const select = make("select", { id, class: "form-select" });
  const said = make("span", { class: "text-muted small", role: "status" });
  const fill = (): void => {
    const tags = read.get(variant.account_id) ?? [];
    const chosen = now.is_to_all || tags.some((tag) => tag.id === now.tag_id) ? [] : [{ id: now.tag_id ?? 0, name: now.tag_name ?? String(now.tag_id), people: null }];
    const options = [...chosen, ...tags].map((tag) => make("option", { value: String(tag.id) }, tag.people === null ? say("tagOnly", { tag: tag.name }) : say("tagPeople", { tag: tag.name, n: tag.people })));
    select.replaceChildren(make("option", { value: "" }, say("everybody")), ...options);
    select.value = now.is_to_all ? "" : String(now.tag_id);
  };
  fill();
  select.addEventListener("change", () => {
    const name = read.get(variant.account_id)?.find((tag) => String(tag.id) === select.value)?.name ?? now.tag_name ?? "";
    set(select.value ? { is_to_all: false, tag_id: Number(select.value), tag_name: name } : { is_to_all: true });
  });
  const button = make("button", { type: "button", class: "btn btn-sm" }, say("readTags"));
  button.addEventListener("click", () => {
    button.disabled = true;
    send<{ tags: Tag[] }>("GET", `/posts/audiences/${variant.account_id}`)
      .then(({ tags }) => {
        read.set(variant.account_id, tags);
        fill();
        said.textContent = tags.length ? say("tagsRead", { n: tags.length }) : say("noTags");
      })
      .catch((error: unknown) => {
        said.textContent = error instanceof Refusal ? error.message : String(error);
      })
      .finally(() => {
        button.disabled = false;
      });
  });
  return [select, make("div", { class: "d-flex gap-2 align-items-center mt-1" }, button, said)];
}
