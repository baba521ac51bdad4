"""What differs between two states of a post, field by field, the body block by block, each channel by itself. Pure."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lxml import etree
from lxml import html as lxml_html

from app.checks.plaintext import plain_text
from app.posts.history import CHANGED, State, complete
from app.posts.wording import Effort, Piece, compare_texts, likeness, opcodes
from app.words import N_
from connectors.labels import MADE

Kind = Literal["same", "changed", "look", "ins", "del"]

_ALIKE = 0.4
# Partners of a block are looked for so many blocks around its place: in a text that was edited they are not far away.
_NEAR = 8
_TEXTS = ("title", "summary", "source", "author")

# Parts of what an account gets, in the order in which a reader meets them.
PARTS = {
    "form": N_("发布形式"),
    "title": N_("标题"),
    "author": N_("作者"),
    "digest": N_("摘要"),
    "text": N_("文字"),
    "content_html": N_("正文"),
    "cover": N_("封面"),
    "cover_url": N_("封面"),
    "images": N_("图片"),
    "comments": N_("开放留言"),
    "delivery": N_("群发对象"),
}
_TAGS = {
    "h2": N_("大标题"), "h3": N_("小标题"), "h4": N_("小标题"), "ul": N_("列表"), "ol": N_("编号列表"), "table": N_("表格"),
    "blockquote": N_("引用"), "figure": N_("图片"), "hr": N_("分隔线"), "pre": N_("代码"),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Part:
    """One block of a body: `text` its lines, pictures as 〔图片〕; `html` as it is kept."""

    tag: str
    text: str
    html: str


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block before and after ("" where there was none). "look": the words are the same, their layout, links or
    pictures are not."""

    kind: Kind
    old: str
    new: str
    tag: str = "p"
    pieces: tuple[Piece, ...] = ()

    @property
    def label(self) -> str:
        return _TAGS.get(self.tag, N_("段落"))


@dataclass(frozen=True, kw_only=True)
class Section:
    """One field that differs: by `pieces`, by `blocks`, or by `told`, a sentence."""

    name: str
    label: str
    pieces: tuple[Piece, ...] = ()
    blocks: tuple[Block, ...] = ()
    told: str = ""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """What differs for one account; `fate` is "new", "gone" or "" (in both)."""

    account_id: str
    account_name: str
    platform: str
    fate: str
    sections: list[Section] = field(default_factory=list)


def compare_contents(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Section]:
    """Fields of State.content that differ."""
    old, new, effort = complete(old), complete(new), Effort()
    found = [
        Section(name=name, label=CHANGED[name], pieces=compare_texts(old[name] or "", new[name] or "", effort))
        for name in _TEXTS
        if (old[name] or "") != (new[name] or "")
    ]
    if old["body_html"] != new["body_html"]:
        blocks = tuple(compare_bodies(old["body_html"], new["body_html"], effort))
        found.append(Section(name="body_html", label=CHANGED["body_html"], blocks=blocks))
    if old["tags"] != new["tags"]:
        pieces = compare_texts("、".join(old["tags"]), "、".join(new["tags"]))
        found.append(Section(name="tags", label=CHANGED["tags"], pieces=pieces))
    if old["cover_media_id"] != new["cover_media_id"]:
        told = N_("换了封面图。") if old["cover_media_id"] and new["cover_media_id"] else N_("去掉了封面图。")
        told = told if old["cover_media_id"] else N_("加了封面图。")
        found.append(Section(name="cover_media_id", label=CHANGED["cover_media_id"], told=told))
    if old["attachments"] != new["attachments"]:
        pieces = compare_texts(_names(old), _names(new))
        found.append(Section(name="attachments", label=CHANGED["attachments"], pieces=pieces))
    for name in ("ai_text", "ai_images"):
        if old[name] != new[name]:
            pieces = compare_texts(MADE.get(old[name], old[name]), MADE.get(new[name], new[name]))
            found.append(Section(name=name, label=CHANGED[name], pieces=pieces))
    if bool(old.get("urgent")) != bool(new.get("urgent")):
        told = N_("标为紧急。") if new.get("urgent") else N_("不再标为紧急。")
        found.append(Section(name="urgent", label=CHANGED["urgent"], told=told))
    return found


def compare_channels(old: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> list[Channel]:
    """Accounts that came or went, and what differs in what each would have got."""
    before = {channel["account_id"]: channel for channel in old}
    after = {channel["account_id"]: channel for channel in new}
    effort, found = Effort(), []
    for account_id in dict.fromkeys([*after, *before]):
        one, other = before.get(account_id), after.get(account_id)
        shown = other or one or {}
        fate = "" if one and other else "new" if other else "gone"
        sections = list(_parts(one["payload"], other["payload"], effort)) if one and other else []
        if fate or sections:
            named = {name: shown[name] for name in ("account_id", "account_name", "platform")}
            found.append(Channel(**named, fate=fate, sections=sections))
    return found


def compare_states(old: State, new: State) -> tuple[list[Section], list[Channel]]:
    return compare_contents(old.content, new.content), compare_channels(old.channels, new.channels)


def parts_of(html: str) -> list[Part]:
    """The blocks of a sanitised body."""
    if not html.strip():
        return []
    return [_part(node) for node in lxml_html.fragment_fromstring(html, create_parent="div")]


def compare_bodies(old: str, new: str, effort: Effort | None = None) -> list[Block]:
    """Every block of both, in reading order; those that resemble one another side by side."""
    effort = effort or Effort()
    return [pair(one, other, effort) for one, other in compare_parts(parts_of(old), parts_of(new), effort)]


def compare_parts(
    before: Sequence[Part], after: Sequence[Part], effort: Effort
) -> list[tuple[Part | None, Part | None]]:
    """Every block of both, in reading order, with its partner; None where it has none."""
    said, now_said = ([(part.tag, part.text) for part in parts] for parts in (before, after))
    found: list[tuple[Part | None, Part | None]] = []
    for tag, i1, i2, j1, j2 in opcodes(said, now_said, effort):
        if tag == "equal":
            found += zip(before[i1:i2], after[j1:j2], strict=True)
        else:
            found += _paired(before[i1:i2], after[j1:j2], effort)
    return found


def _paired(before: Sequence[Part], after: Sequence[Part], effort: Effort) -> Iterator[tuple[Part | None, Part | None]]:
    """Each new block beside the next old one that resembles it; the others alone."""
    at, most = 0, len(before)
    for number, part in enumerate(after):
        # Behind the last partner, and where it would stand if the blocks between were spread evenly.
        place = number * most // len(after)
        near = {*range(at, min(at + _NEAR, most)), *range(max(at, place - _NEAR), min(place + _NEAR, most))}
        scored = [(likeness(before[i].text, part.text, effort), i) for i in sorted(near)]
        best, where = max(scored, key=lambda pair: (pair[0], -pair[1]), default=(0.0, at))
        if best < _ALIKE:
            yield None, part
            continue
        yield from ((other, None) for other in before[at:where])
        yield before[where], part
        at = where + 1
    yield from ((part, None) for part in before[at:])


def pair(old: Part | None, new: Part | None, effort: Effort) -> Block:
    """What became of a block; one of both there is."""
    if new is None and old is not None:
        return Block(kind="del", old=old.html, new="", tag=old.tag, pieces=(Piece(kind="del", text=old.text),))
    if old is None and new is not None:
        return Block(kind="ins", old="", new=new.html, tag=new.tag, pieces=(Piece(kind="ins", text=new.text),))
    assert old is not None
    assert new is not None
    kind: Kind = "changed"
    if old.html == new.html:
        kind = "same"
    elif old.text == new.text:
        kind = "look"
    return Block(kind=kind, old=old.html, new=new.html, tag=new.tag, pieces=compare_texts(old.text, new.text, effort))


def _part(node: lxml_html.HtmlElement) -> Part:
    html = etree.tostring(node, encoding="unicode", method="html", with_tail=False)
    shown = copy.deepcopy(node)
    for picture in shown.iter("img"):
        alt = (picture.get("alt") or "").strip()
        picture.tail = (f"〔图片：{alt}〕" if alt else "〔图片〕") + (picture.tail or "")
        if picture is shown:
            return Part(tag="figure", text=f"〔图片：{alt}〕" if alt else "〔图片〕", html=html)
    text = plain_text(etree.tostring(shown, encoding="unicode", method="html", with_tail=False))
    return Part(tag=str(node.tag), text=text, html=html)


def _parts(old: Mapping[str, Any], new: Mapping[str, Any], effort: Effort) -> Iterator[Section]:
    """Parts of a payload in which people see a difference; links and the system's own marks are left out."""
    for name, label in PARTS.items():
        one, other = old.get(name), new.get(name)
        if one == other:
            continue
        if name.endswith("_html"):
            yield Section(name=name, label=label, blocks=tuple(compare_bodies(one or "", other or "", effort)))
        elif isinstance(one or other, str) and name not in ("form", "cover_url"):
            yield Section(name=name, label=label, pieces=compare_texts(one or "", other or "", effort))
        else:
            yield Section(name=name, label=label, told=N_("有改动，见各自的预览。"))


def _names(content: Mapping[str, Any]) -> str:
    names = content.get("attachment_names") or {}
    return "、".join(names.get(media_id, media_id) for media_id in content["attachments"])
