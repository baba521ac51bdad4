import type { Locked } from "./locked";

/** What the server tells the composer: the post of the API contract, accounts with their limits, media by id. */
export interface Problem {
  rule: string;
  severity: "block" | "warn" | "advise";
  field: string;
  start: number | null;
  end: number | null;
  message: string;
  suggestion: string;
  // "" where nobody can explain it away.
  key: string;
  dismissed?: { reason: string; by_name: string; at: string };
}
export interface Variant {
  id: string;
  account_id: string;
  account_name: string;
  platform: string;
  payload: Record<string, unknown>;
  sha256: string;
  overrides: Record<string, unknown>;
  notes: { kind: string; message: string }[];
  problems: Problem[];
  length: { used: number; limit: number; unit: string };
}
export interface Post {
  id: string;
  unit_id: string;
  version: number;
  status: string;
  title?: string;
  summary?: string;
  body_html?: string;
  source?: string;
  author?: string;
  tags?: string[];
  urgent?: boolean;
  cover_media_id?: string | null;
  attachments?: string[];
  account_ids: string[];
  corrects_id?: string | null;
  ai_text?: string;
  ai_images?: string;
  revision?: { id: string; number: number; notes: string[]; problems: Problem[] };
  variants: Variant[];
}
export interface Media {
  id: string;
  url: string;
  sha256: string;
  name: string;
  alt?: string;
  content_type: string;
}
export interface Account {
  id: string;
  name: string;
  platform: string;
  limits: Record<string, number>;
  forms: Form[];
  choices: Choice[];
  audience: boolean;
}
/** One shape that a post may take on a platform; the first of them is the default. */
export interface Form {
  key: string;
  label: string;
}
/** A way of adapting that an author may choose; without an override `automatic` tells what happens. It changes `part`. */
export interface Choice {
  key: string;
  label: string;
  part: string;
  automatic: string;
  options: Form[];
}
export interface Data {
  post: Post;
  accounts: Account[];
  media: Record<string, Media>;
  /** By unit: the websites from which pages may be fetched. */
  sites: Record<string, string[]>;
  locked: Locked[];
}
export interface Saved {
  post: Post;
  url: string;
  media: Record<string, Media>;
}
