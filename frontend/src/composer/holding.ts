/**
 * What the editor cannot hold of a text: told before it is lost. Two texts are the same here when they read and look the same:
 * the wrappers that the editor writes its own way (paragraphs in cells and items, <tbody>, the order of marks) do not count.
 */
const MARKS = new Set(["strong", "em", "u", "s", "sub", "sup", "code", "a"]);
const THROUGH = new Set(["thead", "tbody", "tfoot"]);
const DRAWN = new Set(["colgroup", "col"]);
const KEPT: Record<string, string[]> = {
  a: ["href"], img: ["src", "alt", "data-decorative", "data-map"], ol: ["start"], td: ["colspan", "rowspan"], th: ["colspan", "rowspan"],
};
const SAME_AS_NONE = new Set(["colspan=1", "rowspan=1", "start=1", "alt="]);

interface Token {
  /** "#text" or the tag of what begins here. */
  what: string;
  text: string;
}

function described(element: Element): string {
  const kept = (KEPT[element.localName] ?? []).flatMap((name) => (element.hasAttribute(name) ? [`${name}=${element.getAttribute(name)}`] : []));
  const side = /text-align:\s*(center|right|justify)/.exec(element.getAttribute("style") ?? "");
  return [...kept.filter((one) => !SAME_AS_NONE.has(one)), ...(side ? [side[1]] : [])].join(" ");
}

function tokens(html: string): Token[] {
  const found: Token[] = [];
  const walk = (node: Node, marks: string[], verbatim: boolean): void => {
    if (node instanceof Text) {
      const text = verbatim ? node.data : node.data.replace(/[ \t\r\n\f]+/g, " ");
      const what = `#${[...new Set(marks)].sort().join("|")}`;
      const last = found[found.length - 1];
      if (last?.what === what) last.text += text;
      else if (text) found.push({ what, text });
      return;
    }
    if (!(node instanceof Element) || DRAWN.has(node.localName)) return;
    const tag = node.localName;
    const inside = (): void => node.childNodes.forEach((child) => walk(child, marks, verbatim || tag === "pre"));
    if (MARKS.has(tag) && !(tag === "code" && verbatim)) {
      node.childNodes.forEach((child) => walk(child, [...marks, `${tag} ${described(node)}`.trim()], verbatim));
    } else if (tag === "code" || THROUGH.has(tag)) inside();
    else {
      found.push({ what: tag, text: `${described(node)} ${tag === "img" ? marks.filter((mark) => mark.startsWith("a ")).join("") : ""}`.trim() });
      inside();
      if (!["img", "br", "hr"].includes(tag)) found.push({ what: `/${tag}`, text: "" });
    }
  };
  new DOMParser().parseFromString(html, "text/html").body.childNodes.forEach((node) => walk(node, [], false));
  return tidied(found);
}

const isBlock = (token: Token | undefined): boolean => !token || (!token.what.startsWith("#") && token.what !== "img" && token.what !== "br");
const CELL = /^(?:td|th|li|blockquote|table)$/;

/** Without blanks around blocks, and without the paragraphs that only wrap what stands in a cell or an item. */
function tidied(given: Token[]): Token[] {
  const pre = { depth: 0 };
  let kept = given.map((token) => ({ ...token }));
  kept.forEach((token, at) => {
    pre.depth += Number(token.what === "pre") - Number(token.what === "/pre");
    if (!token.what.startsWith("#")) return;
    if (pre.depth) token.text = token.text.replace(/\n$/, "");
    else {
      const last = kept[at - 1];
      if (isBlock(last) || last.what === "br" || (last.what.startsWith("#") && / $/.test(last.text))) token.text = token.text.replace(/^ /, "");
      if (isBlock(kept[at + 1]) || kept[at + 1].what === "br") token.text = token.text.replace(/ $/, "");
    }
  });
  kept = kept.filter((token) => !token.what.startsWith("#") || token.text);
  kept = kept.filter((token, at) => token.what !== "br" || !isBlock(kept[at + 1]));
  // Paragraphs are lines: what matters is where one begins, and its side. Below a block begins one, wrapped or not.
  kept = kept.flatMap((token, at) => {
    const below = at && !isBlock(token) && (kept[at - 1].what.startsWith("/") || kept[at - 1].what === "hr");
    return below ? [{ what: "p", text: "" }, token] : [token];
  });
  const lines: Token[] = [];
  for (const token of kept) {
    if (token.what === "/p") continue;
    const last = lines[lines.length - 1];
    if (token.what === "p" && !token.text && last && CELL.test(last.what)) continue;
    lines.push(token);
  }
  return lines.filter((token, at) => token.what !== "p" || (lines[at + 1] && !/^(?:p$|\/)/.test(lines[at + 1].what) && !/^(?:ul|ol|table|h\d|blockquote|pre|figure|hr)$/.test(lines[at + 1].what)));
}

/**
 * What `held` (the editor's own) has not of `given`: names of tags, "#" for words, "?" where it only stands otherwise; empty when
 * nothing is lost. */
export function missing(given: string, held: string): string[] {
  const [before, after] = [tokens(given), tokens(held)];
  if (JSON.stringify(before) === JSON.stringify(after)) return [];
  const left = count(after);
  const lost = new Set<string>();
  for (const [key, times] of count(before)) if (times > (left.get(key) ?? 0)) lost.add(key.split(" ")[0]);
  const words = (all: Token[]): string => all.filter(({ what }) => what.startsWith("#")).map(({ text }) => text).join("").replace(/\s/g, "");
  if (words(before) !== words(after)) lost.add("#");
  return lost.size ? [...lost] : ["?"];
}

/** How often each tag (with what it says) and each mark stands. */
function count(all: Token[]): Map<string, number> {
  const found = new Map<string, number>();
  const add = (key: string): void => void found.set(key, (found.get(key) ?? 0) + 1);
  for (const { what, text } of all) {
    if (what.startsWith("#")) what.slice(1).split("|").filter(Boolean).forEach((mark) => [...text.replace(/\s/g, "")].forEach(() => add(mark)));
    else if (!what.startsWith("/") && what !== "p") add(`${what} ${text}`.trim());
  }
  return found;
}

/** `html` for the editor, whose items begin with a line of their own: those that begin with a list get an empty one, which is
 * not kept when it stays empty. */
export function itemsBegun(html: string): string {
  if (!html.includes("<li")) return html;
  const { body } = new DOMParser().parseFromString(html, "text/html");
  for (const item of body.querySelectorAll("li")) {
    const first = [...item.childNodes].find((node) => !(node instanceof Text) || node.data.trim());
    if (first instanceof Element && /^(?:ul|ol|table|h[2-4]|blockquote|pre|figure|hr)$/.test(first.localName)) item.prepend(document.createElement("p"));
  }
  return body.innerHTML;
}
