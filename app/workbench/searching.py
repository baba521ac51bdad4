"""One search over what is written, what the public wrote, and people: each kind for who may read it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app.accounts.models import Account
from app.config import current
from app.db import db
from app.errors import Invalid
from app.inbox.contacts import display_name
from app.inbox.searching import found_contacts, found_messages
from app.posts.searching import found_posts, text_of
from app.search.lookup import Found
from app.search.snippets import Piece, snippet
from app.search.tokens import Query, query_of
from app.units.access import Actor, visible
from app.units.searching import found_users
from app.words import N_

# In the order of the page. Colleagues belong to no account, and when they were entered says nothing.
KINDS = {"post": N_("稿件"), "message": N_("消息"), "contact": N_("来信人"), "user": N_("同事")}
_KEYS = {"post": "post.read", "message": "inbox.read", "contact": "inbox.read", "user": "unit.read"}
# Names are shown whole; of texts so much around what was found, less of it before.
_LONGEST, _LENGTH, _BRIEF = 200, 90, 24


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is looked for; "" or None: not narrowed. `since` and `until` are days here, both included."""

    q: str = ""
    kind: str = ""
    account_id: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def narrowed(self) -> bool:
        return bool(self.account_id or self.since or self.until)


@dataclass(frozen=True, kw_only=True)
class Row:
    """One result: the thing itself, its name and the place in its text, in pieces."""

    thing: Any
    title: list[Piece]
    text: list[Piece]


@dataclass(frozen=True, kw_only=True)
class Group:
    """What was found of one kind; `next_cursor` where there is more, `cut` where looking stopped before the page was full."""

    kind: str
    rows: list[Row]
    next_cursor: str | None
    cut: bool


def kinds_for(actor: Actor) -> list[str]:
    """The kinds of which this person may find any."""
    return [kind for kind, key in _KEYS.items() if actor.holds(key)]


def accounts_for(actor: Actor) -> Sequence[Account]:
    """Those that the results may be narrowed to."""
    return db.session.scalars(
        select(Account).where(visible(actor, "account.read", Account.unit_id)).order_by(Account.name, Account.platform)
    ).all()


def day(text: str) -> date | None:
    """The day that an address names. Raises Invalid."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Invalid("没有查找。日期写得不对。请按 2026-07-12 这样填写，或清空日期。") from None


def find(actor: Actor, wanted: Wanted, *, cursor: str | None = None, limit: int, brief: bool = False) -> list[Group]:
    """One group for each kind wanted that the actor may find, with `limit` rows at most; `brief`: a few words of each text.

    Raises Invalid."""
    query = query_of(wanted.q)
    offered = kinds_for(actor)
    kinds = [kind for kind in offered if kind == wanted.kind] if wanted.kind else offered
    if wanted.narrowed:
        kinds = [kind for kind in kinds if kind != "user"]
    length = _BRIEF if brief else _LENGTH
    return [_group(actor, kind, query, wanted, cursor, limit, length) for kind in kinds] if query else []


def _group(actor: Actor, kind: str, query: Query, wanted: Wanted, cursor: str | None, limit: int, length: int) -> Group:
    if kind == "user":
        found: Found[Any] = found_users(actor, query, cursor=cursor, limit=limit)
    else:
        since, until = _moment(wanted.since), _moment(wanted.until, days=1)
        found = _FINDERS[kind](
            actor, query, account_id=wanted.account_id, since=since, until=until, cursor=cursor, limit=limit
        )
    rows = [_ROWS[kind](thing, query, length) for thing in found.items]
    return Group(kind=kind, rows=rows, next_cursor=found.next_cursor, cut=found.cut)


def _moment(day: date | None, days: int = 0) -> datetime | None:
    """The beginning of the day, or of one some days later; beyond what calendars hold there is no bound."""
    if day is None or not 1 < day.year < 9999:
        return None
    return datetime.combine(day + timedelta(days=days), time(), ZoneInfo(current().timezone))


def _of_post(post: Any, query: Query, length: int) -> Row:
    body = text_of(post)
    shown = snippet(body, query, length=length, before=length // 4)
    return Row(thing=post, title=snippet(post.title, query, length=_LONGEST, before=_LONGEST), text=shown)


def _of_message(message: Any, query: Query, length: int) -> Row:
    name = display_name(message.conversation.contact)
    text = snippet(" ".join(message.text.split()), query, length=length, before=length // 4)
    return Row(thing=message, title=[Piece(text=name)], text=text)


def _of_contact(found: Any, query: Query, _length: int) -> Row:
    names = (found.contact.remark, found.contact.name, found.contact.nickname)
    called, *others = [name for name in names if name] or [""]
    return Row(
        thing=found,
        title=snippet(called, query, length=_LONGEST, before=_LONGEST),
        text=snippet(" · ".join(others), query, length=_LONGEST, before=_LONGEST),
    )


def _of_user(user: Any, query: Query, _length: int) -> Row:
    return Row(
        thing=user,
        title=snippet(user.name, query, length=_LONGEST),
        text=snippet(user.email, query, length=_LONGEST, before=_LONGEST),
    )


_FINDERS: dict[str, Callable[..., Found[Any]]] = {
    "post": found_posts,
    "message": found_messages,
    "contact": found_contacts,
}
_ROWS: dict[str, Callable[[Any, Query, int], Row]] = {
    "post": _of_post,
    "message": _of_message,
    "contact": _of_contact,
    "user": _of_user,
}
