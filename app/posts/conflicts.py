"""Two people changed one post: what each made of it since they last agreed, side by side, with a proposal for each place.

A place that only one of them changed is proposed as that one has it; where both did, nothing is right by itself: the
writer's own words are proposed, since they stand nowhere else yet. Nothing is saved here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select

from app.accounts.models import Account
from app.db import db
from app.errors import NotFound
from app.media.models import Media
from app.posts.choosing import clean_paste
from app.posts.comparing import Block, Section, compare_contents
from app.posts.history import CHANGED, ON_REVISION, last_change, state_of
from app.posts.merging import Choice, merged
from app.posts.models import Post
from app.posts.wording import compare_texts
from app.units.access import Actor, visible
from app.units.models import User
from app.words import N_

# Of tags, attachments and accounts: more could not be saved.
_MOST_LISTED = 500


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
    ours = _content(actor, {**mine, "body_html": cleaned}, theirs)
    before = _content(actor, base, theirs) if base else {}
    newest = last_change(post.id)
    author = db.session.get(User, newest.actor_id) if newest is not None else None
    return Conflict(
        version=post.version,
        who=author.name if author is not None else "",
        at=newest.at if newest is not None else post.updated_at,
        sections=[_shown(section, ours, theirs, before) for section in _sections(actor, theirs, ours)],
        blocks=_blocks(theirs["body_html"], ours["body_html"], before.get("body_html")),
    )


def _content(actor: Actor, given: Mapping[str, Any], fallback: Mapping[str, Any]) -> dict[str, Any]:
    """`given` in the form of State.content; what it does not name is as in `fallback`."""
    content = {name: given.get(name, fallback[name]) for name in (*ON_REVISION, "urgent", "account_ids")}
    for name in ("title", "summary", "source", "author"):
        content[name] = " ".join(str(content[name] or "").split())
    for name in ("tags", "attachments", "account_ids"):
        listed = content[name] if isinstance(content[name], list) else []
        content[name] = [str(item) for item in listed[:_MOST_LISTED]]
    content["attachment_names"] = {**_files(actor, content["attachments"]), **fallback["attachment_names"]}
    return content


def _sections(actor: Actor, theirs: Mapping[str, Any], mine: Mapping[str, Any]) -> list[Section]:
    # The body is compared by itself.
    found = compare_contents(theirs, {**mine, "body_html": theirs["body_html"]})
    if theirs["account_ids"] != mine["account_ids"]:
        names = _accounts(actor, theirs["account_ids"], mine["account_ids"])
        old, new = ("、".join(names.get(key, key) for key in one["account_ids"]) for one in (theirs, mine))
        pieces = compare_texts(old, new)
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
    return [_proposed(block, choice) for block, choice in merged(theirs, mine, base)]


def _proposed(block: Block, choice: Choice) -> dict[str, Any]:
    return {
        "kind": block.kind,
        "label": block.label,
        "pieces": [asdict(piece) for piece in block.pieces],
        "mine": block.new,
        "theirs": block.old,
        "choice": choice,
    }


def _files(actor: Actor, media_ids: Sequence[str]) -> dict[str, str]:
    """{id: name} of the items that the actor may see: anybody can write any id into a request."""
    query = select(Media.id, Media.name).where(Media.id.in_(media_ids), visible(actor, "media.read", Media.unit_id))
    return {row.id: row.name for row in db.session.execute(query)} if media_ids else {}


def _accounts(actor: Actor, chosen: Sequence[str], given: Sequence[str]) -> dict[str, str]:
    """{id: name} of the post's own accounts, which its readers know, and of those given that the actor may see."""
    may = or_(Account.id.in_(chosen), visible(actor, "account.read", Account.unit_id))
    query = select(Account.id, Account.name).where(Account.id.in_([*chosen, *given]), may)
    return {row.id: row.name for row in db.session.execute(query)}
