"""What changed between two revisions, for reviewers: field by field, character by character."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from app.accounts.connections import capabilities
from app.accounts.models import Account
from app.checks.plaintext import plain_text
from app.posts.comparing import PARTS
from app.posts.models import Revision
from connectors.labels import MADE

Kind = Literal["same", "ins", "del"]

_FIELDS = (("title", "标题"), ("summary", "摘要"), ("source", "信息来源"), ("author", "作者"))
# Unchanged text around a change that readers need.
_CONTEXT = 30


@dataclass(frozen=True, kw_only=True)
class Piece:
    kind: Kind
    text: str


@dataclass(frozen=True, kw_only=True)
class Change:
    """One changed field with its Chinese name, as pieces to be shown in order."""

    name: str
    pieces: tuple[Piece, ...]


def changes(old: Revision, new: Revision) -> list[Change]:
    """Every field that differs."""
    pairs = [(name, getattr(old, key), getattr(new, key)) for key, name in _FIELDS]
    pairs += [
        (name, MADE.get(getattr(old, key), ""), MADE.get(getattr(new, key), ""))
        for key, name in (("ai_text", "文字使用 AI"), ("ai_images", "图片使用 AI"))
    ]
    pairs.append(("标签", "、".join(old.tags), "、".join(new.tags)))
    pairs.append(("正文", plain_text(old.body_html), plain_text(new.body_html)))
    found = [Change(name=name, pieces=compare(before, after)) for name, before, after in pairs if before != after]
    if old.body_html != new.body_html and not any(change.name == "正文" for change in found):
        found.append(_told("正文", "文字未变，排版、链接或图片有改动。"))
    if old.cover_media_id != new.cover_media_id:
        found.append(_told("封面", "已更换。"))
    if old.attachments != new.attachments:
        found.append(_told("附件", f"由 {len(old.attachments)} 个变为 {len(new.attachments)} 个，或已更换。"))
    return found + _of_variants(old, new)


def compare(before: str, after: str) -> tuple[Piece, ...]:
    """`before` and `after` as pieces; long unchanged stretches are shortened to what stands around a change."""
    pieces: list[Piece] = []
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            pieces.append(Piece(kind="same", text=before[i1:i2]))
            continue
        if i2 > i1:
            pieces.append(Piece(kind="del", text=before[i1:i2]))
        if j2 > j1:
            pieces.append(Piece(kind="ins", text=after[j1:j2]))
    return tuple(_shortened(pieces))


def _shortened(pieces: Sequence[Piece]) -> list[Piece]:
    shown = []
    for at, piece in enumerate(pieces):
        text = piece.text
        if piece.kind == "same" and len(text) > 3 * _CONTEXT:
            head = text[:_CONTEXT] if at else ""
            tail = text[-_CONTEXT:] if at < len(pieces) - 1 else ""
            text = f"{head}…{tail}"
        shown.append(Piece(kind=piece.kind, text=text))
    return shown


def _told(name: str, words: str) -> Change:
    return Change(name=name, pieces=(Piece(kind="ins", text=words),))


def _of_variants(old: Revision, new: Revision) -> list[Change]:
    """Accounts that came or went, and parts that were set by hand."""
    before = {variant.account_id: variant for variant in old.variants}
    after = {variant.account_id: variant for variant in new.variants}
    found = [_told(after[key].account.name, "新增这个发布账号。") for key in after if key not in before]
    found += [
        Change(name=before[key].account.name, pieces=(Piece(kind="del", text="不再发布到这个账号。"),))
        for key in before
        if key not in after
    ]
    for key in after.keys() & before.keys():
        if before[key].overrides != after[key].overrides:
            parts = _named(after[key].account, before[key].overrides, after[key].overrides)
            found.append(_told(after[key].account.name, f"手工设定的部分有改动（{'、'.join(parts)}），请看预览。"))
    return found


def _named(account: Account, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """The parts that differ, in the words of the composer and the history."""
    chosen = {choice.key: choice.label for choice in capabilities(account).choices}
    differing = {name for name in {*old, *new} if old.get(name) != new.get(name)}
    named = {**PARTS, **chosen}
    found = [label for name, label in named.items() if name in differing]
    return list(dict.fromkeys([*found, *(["其他设置"] if differing - set(named) else [])]))
