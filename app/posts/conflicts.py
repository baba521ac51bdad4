"""Two people changed one post: what each made of it since they last agreed, side by side, with a proposal for each place.

A place that only one of them changed is proposed as that one has it; where both did, nothing is right by itself: the
writer's own words are proposed, since they stand nowhere else yet. Nothing is saved here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import select

from app.accounts.models import Account
from app.db import db
from app.errors import NotFound
from app.posts.choosing import clean_paste
from app.posts.comparing import Block, Section, compare_bodies, compare_contents, parts_of
from app.posts.history import CHANGED, ON_REVISION, last_change, names_of_media, state_of
from app.posts.models import Post
from app.posts.wording import compare_texts
from app.units.access import Actor
from app.units.models import User
from app.words import N_

Choice = Literal["mine", "theirs", "both"]


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """`sections`: fields that differ but for the body; `blocks`: the whole body in order. In both, `pieces` lead from
    theirs to mine, and `choice` is the proposal: "mine", "theirs", or "both" where both changed it."""

    version: int
    who: str
    at: datetime
    sections: list[dict[str, Any]]
    blocks: list[dict[str, Any]]


def compare_with_newest(
    actor: Actor, post_id: str, *, mine: Mapping[str, Any], base: Mapping[str, Any], now: datetime
) -> Conflict:
    """`mine`: the composer's fields as they would be saved; `base`: the same as the composer last had them from the
    server ({} when that is not known). Raises NotFound, Forbidden."""
    post = db.session.get(Post, post_id)
    if post is None:
        raise NotFound
    unit = actor.require("post.write", post.unit, see="post.read")
    written = str(mine.get("body_html") or "")
    cleaned = clean_paste(actor, unit_id=unit.id, html=written, now=now, foreign=False).html
    # Cleaning stores pictures and ends the reading of before.
    post = db.session.get(Post, post_id)
    if post is None:
        raise NotFound
    state = state_of(post)
    theirs = {**state.content, "account_ids": [channel["account_id"] for channel in state.channels]}
    ours = _content({**mine, "body_html": cleaned}, theirs)
    before = _content(base, theirs) if base else {}
    newest = last_change(post.id)
    author = db.session.get(User, newest.actor_id) if newest is not None else None
    return Conflict(
        version=post.version,
        who=author.name if author is not None else "",
        at=newest.at if newest is not None else post.updated_at,
        sections=[_shown(section, ours, theirs, before) for section in _sections(theirs, ours)],
        blocks=_blocks(theirs["body_html"], ours["body_html"], before.get("body_html")),
    )


def _content(given: Mapping[str, Any], fallback: Mapping[str, Any]) -> dict[str, Any]:
    """`given` in the form of State.content; what it does not name is as in `fallback`."""
    content = {name: given.get(name, fallback[name]) for name in (*ON_REVISION, "urgent", "account_ids")}
    for name in ("title", "summary", "source", "author"):
        content[name] = " ".join(str(content[name] or "").split())
    for name in ("tags", "attachments", "account_ids"):
        content[name] = [str(item) for item in content[name] or []]
    content["attachment_names"] = names_of_media(content["attachments"])
    return content


def _sections(theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> list[Section]:
    found = [section for section in compare_contents(theirs, mine) if section.name != "body_html"]
    if theirs["account_ids"] != mine["account_ids"]:
        pieces = compare_texts(_accounts(theirs["account_ids"]), _accounts(mine["account_ids"]))
        told = "" if any(piece.kind != "same" for piece in pieces) else N_("渠道的顺序不同。")
        found.append(Section(name="account_ids", label=CHANGED["accounts"], pieces=pieces, told=told))
    return found


def _shown(
    section: Section, mine: Mapping[str, Any], theirs: Mapping[str, Any], base: Mapping[str, Any]
) -> dict[str, Any]:
    name = section.name
    choice: Choice = "both"
    if base:
        choice = "theirs" if mine[name] == base[name] else "mine" if theirs[name] == base[name] else "both"
    return {
        "name": name,
        "label": section.label,
        "told": section.told,
        "pieces": [asdict(piece) for piece in section.pieces],
        "mine": mine[name],
        "theirs": theirs[name],
        "choice": choice,
    }


def _blocks(theirs: str, mine: str, base: str | None) -> list[dict[str, Any]]:
    known = {part.text for part in parts_of(base)} if base is not None else None
    return [_proposed(block, known) for block in compare_bodies(theirs, mine)]


def _proposed(block: Block, known: set[str] | None) -> dict[str, Any]:
    """A block with its proposal; `known` are the texts of the blocks of the common ancestor."""
    shown = {
        "kind": block.kind,
        "label": block.label,
        "pieces": [asdict(piece) for piece in block.pieces],
        "mine": block.new,
        "theirs": block.old,
    }
    return {**shown, "choice": _choice(block, known)}


def _choice(block: Block, known: set[str] | None) -> Choice:
    if block.kind == "same":
        return "theirs"
    if known is None or block.kind == "look":
        return "mine" if block.kind == "look" else "both"
    ours = [part.text for part in parts_of(block.new)]
    others = [part.text for part in parts_of(block.old)]
    # Whoever has what the ancestor has not, or has not what the ancestor and the other have, changed it.
    i_did = any(text not in known for text in ours) or any(text in known for text in others)
    they_did = any(text not in known for text in others) or any(text in known for text in ours)
    return "both" if i_did and they_did else "mine" if i_did else "theirs"


def _accounts(account_ids: Sequence[str]) -> str:
    if not account_ids:
        return ""
    found = {item.id: item.name for item in db.session.scalars(select(Account).where(Account.id.in_(account_ids)))}
    return "、".join(found.get(account_id, account_id) for account_id in account_ids)
