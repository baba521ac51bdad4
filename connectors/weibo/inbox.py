"""Comments and mentions by polling, within a hundred calls a day: the counters first, lists only when they moved."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from connectors.errors import ConnectorError, NotEntitled, Refused
from connectors.values import InboundMessage, Page, Receipt
from connectors.weibo import codes
from connectors.weibo.api import Api
from connectors.weibo.ids import id_of, is_number
from connectors.weibo.levels import Level
from connectors.weibo.payloads import comment_message, mention_message, naming_message

_PAGE = 50
# Pages of one list in one look: few where calls are rationed; the commercial interfaces have 50 000 an hour.
_MOST_PAGES, _MOST_PAGES_BUSINESS = 4, 40
# Counters can stand still while messages come (read and refilled between two looks): look anyway now and then.
_AT_LEAST = timedelta(hours=12)
# An interface that was refused is not asked again before this.
_DENIED_FOR = timedelta(hours=24)
# Where the counters themselves may not be read. A look is three lists, and the day has fifteen fetches.
_BLIND = timedelta(hours=6)
_POSTS_ASKED = 3

_NO_COMMENTS = (
    "评论收件箱需商业接口：该应用没有读取评论的权限。一般市民的评论在本系统中看不到。请到微博查看，或为应用申请接口。"
)
_NO_MENTIONS = "没有读取 @ 提及的权限。提到本账号的微博在本系统中看不到。请到微博查看，或为应用申请接口。"
_NO_NAMING = "没有读取评论中 @ 提及的权限。在他人微博的评论里提到本账号的在本系统中看不到。请到微博查看。"
_UNSEEN = (
    "微博提示有新评论，但其中有的取不到：普通应用只能看到授权过本应用的用户的评论。完整评论需商业接口。请到微博查看。"
)
_TOO_MANY = "新消息过多，只取了最近 {} 条。更早的请到微博查看。"

Make = Callable[[Mapping[str, Any], str], InboundMessage | None]


@dataclass
class Poll:
    """One look: what was found, the cursor to be, and what could not be had."""

    api: Api
    uid: str
    business: bool
    now: datetime
    cursor: dict[str, str]
    found: dict[str, InboundMessage] = field(default_factory=dict)
    lacking: list[str] = field(default_factory=list)

    def page(self) -> Page[InboundMessage]:
        items = sorted(self.found.values(), key=lambda message: (message.sent_at, message.external_id))
        return Page(items=tuple(items), cursor=dict(self.cursor), unavailable=" ".join(dict.fromkeys(self.lacking)))


def fetch(
    api: Api, level: Level, uid: str, cursor: Mapping[str, str], posts: Sequence[Receipt], now: datetime
) -> Page[InboundMessage]:
    """New comments and mentions. The cursor holds the newest ids, the last counters, refused interfaces, the app's level.

    What another level saw says nothing of this one: then it is looked at anew, older comments included.
    """
    known = dict(cursor) if cursor.get("level", level.key) == level.key else {}
    poll = Poll(api=api, uid=uid, business=level.key == "business", now=now, cursor={**known, "level": level.key})
    counters = {} if poll.business else _counters(poll)
    overdue = poll.business or _overdue(poll, _AT_LEAST if counters else _BLIND)
    comments = overdue or _moved(poll, counters, ("cmt",))
    mentions = overdue or _moved(poll, counters, ("mention_status",))
    named = overdue or _moved(poll, counters, ("mention_cmt",))
    if comments:
        _comments(poll, posts, _waiting(poll, counters, "cmt"))
    elif _denied(poll, "comments/to_me"):
        poll.lacking.append(_NO_COMMENTS)
    if poll.cursor.get("unseen"):
        poll.lacking.append(_UNSEEN)
    if mentions:
        waiting = _waiting(poll, counters, "mention_status")
        ask = _Ask("statuses/mentions", "statuses", "mention_since", waiting)
        if not _besides(poll, partial(_list, poll, ask, mention_message, _NO_MENTIONS)):
            # The counters stay as they were, so that it is asked again.
            mentions = False
            counters = {name: value for name, value in counters.items() if name != "mention_status"}
    if named:
        waiting = _waiting(poll, counters, "mention_cmt")
        ask = _Ask("comments/mentions", "comments", "named_since", waiting)
        if not _besides(poll, partial(_list, poll, ask, naming_message, _NO_NAMING)):
            named = False
            counters = {name: value for name, value in counters.items() if name != "mention_cmt"}
    if comments and mentions and named:
        poll.cursor["looked_at"] = now.isoformat()
    poll.cursor.update(counters)
    return poll.page()


def _counters(poll: Poll) -> dict[str, str]:
    """The unread counters as text; {} where this app may not read them."""
    if _denied(poll, "remind/unread_count"):
        return {}
    try:
        unread = poll.api.unread()
    except NotEntitled as error:
        if error.code not in codes.CLOSED:
            raise
        poll.cursor["denied:remind/unread_count"] = poll.now.isoformat()
        return {}
    return {name: str(unread.get(name) or 0) for name in ("cmt", "mention_status", "mention_cmt")}


def _moved(poll: Poll, counters: Mapping[str, str], names: tuple[str, ...]) -> bool:
    return any(name in counters and counters[name] != poll.cursor.get(name) for name in names)


def _waiting(poll: Poll, counters: Mapping[str, str], name: str) -> int | None:
    """How many new ones the counter promises: its rise, or all of it once somebody has read; None without counters.

    Only people (or set_count, which would take the red dot from those who use Weibo itself) clear the counters.
    """
    if name not in counters:
        return None
    now, before = _number(counters[name]), _number(poll.cursor.get(name, "0"))
    return now - before if now >= before else now


def _number(text: str) -> int:
    return int(text) if is_number(text) else 0


def _overdue(poll: Poll, pause: timedelta) -> bool:
    looked = _moment(poll.cursor.get("looked_at"))
    return looked is None or poll.now - looked >= pause


@dataclass(frozen=True)
class _Ask:
    """One list: the call, the key its items stand under, the cursor's name, how many are expected (None: not told)."""

    call: str
    key: str
    since_name: str
    waiting: int | None
    fields: Mapping[str, str] = field(default_factory=dict)


def _comments(poll: Poll, posts: Sequence[Receipt], waiting: int | None) -> None:
    """All comments to us; when fewer come than were promised, those under our newest posts, as far as we may."""
    before = len(poll.found)
    allowed = _list(poll, _Ask("comments/to_me", "comments", "since_id", waiting), comment_message, _NO_COMMENTS)
    if poll.business:
        return
    if waiting is None or len(poll.found) - before < waiting:
        _besides(poll, lambda: _under_posts(poll, posts, waiting))
    poll.cursor.pop("unseen", None)
    if allowed and waiting is not None and len(poll.found) - before < waiting:
        poll.cursor["unseen"] = "1"


def _besides(poll: Poll, ask: Callable[[], object]) -> bool:
    """A further part of the look, and whether it could be had: its failure does not throw away what was found already."""
    try:
        ask()
    except ConnectorError as error:
        if not poll.found:
            raise
        poll.lacking.append(f"还有一部分消息暂时取不到：{error.cause}")
        return False
    return True


def _under_posts(poll: Poll, posts: Sequence[Receipt], waiting: int | None) -> None:
    before = len(poll.found)
    standing = [
        post.external_id for post in posts if post.external_id and f"gone:{post.external_id}" not in poll.cursor
    ]
    for number in standing[:_POSTS_ASKED]:
        ask = _Ask("comments/show", "comments", f"show:{number}", waiting, {"id": number})
        try:
            if not _list(poll, ask, comment_message, ""):
                break
        except Refused as error:
            if error.code not in codes.GONE:
                raise
            # Deleted by hand, say: the others are read all the same, and this one is not asked again.
            poll.cursor[f"gone:{number}"] = "1"
    asked = {f"{mark}:{post.external_id}" for post in posts for mark in ("show", "gone")}
    poll.cursor = {
        key: value for key, value in poll.cursor.items() if not key.startswith(("show:", "gone:")) or key in asked
    }
    # It shows no more than comments/to_me does: not worth its calls for a day.
    if posts and len(poll.found) == before:
        poll.cursor["denied:comments/show"] = poll.now.isoformat()


def _list(poll: Poll, ask: _Ask, make: Make, lacking: str) -> bool:
    """Take in what is newer than the cursor says; False when this app may not ask."""
    if _denied(poll, ask.call):
        poll.lacking += [lacking] if lacking else []
        return False
    try:
        items = _newer(poll, ask)
    except NotEntitled as error:
        # An address that is barred or an app that was not audited is no word about this list.
        if error.code not in codes.CLOSED:
            raise
        poll.cursor[f"denied:{ask.call}"] = poll.now.isoformat()
        poll.lacking += [lacking] if lacking else []
        return False
    poll.cursor.pop(f"denied:{ask.call}", None)
    for item in items:
        message = make(item, poll.uid)
        if message is not None:
            poll.found[message.external_id] = message
    newest = max((int(id_of(item)) for item in items), default=0)
    if newest > int(poll.cursor.get(ask.since_name) or 0):
        poll.cursor[ask.since_name] = str(newest)
    return True


def _newer(poll: Poll, ask: _Ask) -> list[Mapping[str, Any]]:
    """Everything after the cursor, newest first. max_id is inclusive: every page but the first repeats one.

    A short page proves nothing by itself (filtered after paging): pages are asked until they bring nothing new, or until
    all that a counter promised is covered. A full page proves that there may be more, whatever the counter said before.
    On the first look one page is enough.
    """
    since = poll.cursor.get(ask.since_name, "")
    fields = {**ask.fields, "count": str(_PAGE), **({"since_id": since} if since else {})}
    seen: dict[str, Mapping[str, Any]] = {}
    for _ in range(_MOST_PAGES_BUSINESS if poll.business else _MOST_PAGES):
        items = poll.api.listing(ask.call, ask.key, fields, business=poll.business)
        fresh = {id_of(item): item for item in items if is_number(id_of(item)) and id_of(item) not in seen}
        seen.update(fresh)
        if not since or not fresh or (len(items) < _PAGE and _covered(ask.waiting, len(seen))):
            return list(seen.values())
        fields["max_id"] = min(seen, key=int)
    poll.lacking.append(_TOO_MANY.format(len(seen)))
    return list(seen.values())


def _covered(waiting: int | None, seen: int) -> bool:
    """Whether all that the counter promised was looked at: one page holds as many, those we may not see included."""
    return waiting is not None and (waiting <= _PAGE or seen >= waiting)


def _denied(poll: Poll, call: str) -> bool:
    refused = _moment(poll.cursor.get(f"denied:{call}"))
    return refused is not None and poll.now - refused < _DENIED_FOR


def _moment(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
