"""Comments on passages of the revision under review: found in the text by the words themselves, with @mentions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from app.audit.services import record
from app.checks.plaintext import pictures_in, rows_of
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.posts.models import Revision
from app.review.announcing import on_remarked
from app.review.deputies import principals_of
from app.review.finding import get_review
from app.review.models import Remark, Review
from app.units.access import Actor, actor_for
from app.units.models import Grant, Unit, User
from app.words import N_

FIELDS = {"title": N_("标题"), "summary": N_("摘要"), "body": N_("正文")}
LONGEST, MOST = 1000, 300
_QUOTE = 300
_AT = re.compile(r"@([^\s@，。；：、！？,.;:!?（）()“”\"]{1,40})")


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a passage stands: offsets in the plain text of `field`."""

    field: str
    start: int
    end: int


def remark(actor: Actor, review_id: str, quote: str, text: str, now: datetime) -> tuple[Remark, list[str]]:
    """(the comment, the names after @ that are nobody's here). For everybody who sees the run: author and reviewers.

    Raises NotFound, Conflict (not under review any more, too many), Invalid (no words, the passage is not there or
    stands there more than once).
    """
    quote, text = quote.strip(), text.strip()
    if not text or len(text) > LONGEST:
        raise Invalid(
            f"批注没有保存。请写明意见，不超过 {LONGEST} 字。", errors={"text": [f"请填写，不超过 {LONGEST} 字。"]}
        )
    with atomic():
        review = get_review(actor, review_id, now)
        if not may_remark(actor, review, now):
            raise Forbidden("批注没有保存。只有拟稿人和审核人可以批注。请联系他们，或请管理员授权。")
        if review.status != "open":
            raise Conflict("批注没有保存。这次审核已经结束。请在新的送审中批注。")
        if len(remarks_of(review)) >= MOST:
            raise Conflict(f"批注没有保存。一次审核最多 {MOST} 条。请合并意见后退回。")
        place = locate(review.revision, quote)
        named, unknown = _mentioned(text, people_of(review))
        row = Remark(
            review=review,
            user_id=actor.user_id,
            field=place.field,
            start=place.start,
            end=place.end,
            quote=quote,
            text=text,
            mentions=sorted(named),
            at=now,
        )
        db.session.add(row)
        db.session.flush()
        _record(actor, row, "review.remark", f"批注《{review.post.title}》", now)
        for hook in on_remarked:
            hook(row, actor, now)
    return row, unknown


def resolve(actor: Actor, review_id: str, remark_id: str, now: datetime) -> Remark:
    """By whoever wrote the comment or the text, or may review it. Raises NotFound, Forbidden, Conflict (done already)."""
    with atomic():
        review = get_review(actor, review_id, now)
        row = db.session.get(Remark, remark_id, with_for_update=True, populate_existing=True)
        if row is None or row.review_id != review.id:
            raise NotFound
        if not may_resolve(actor, row, now):
            raise Forbidden("没有处理。批注只能由写批注的人、拟稿人或审核人处理。请联系他们。")
        if row.resolved_at is not None:
            raise Conflict("没有处理。这条批注已经处理过。请刷新后查看。")
        row.resolved_by, row.resolved_at = actor.user_id, now
        _record(actor, row, "review.remark_resolve", f"处理《{review.post.title}》的批注", now)
    return row


def may_remark(actor: Actor, review: Review, now: datetime) -> bool:
    """Who writes or reviews there, and deputies of reviewers."""
    unit = review.post.unit
    if actor.may("review.decide", unit) or actor.may("post.write", unit):
        return True
    return actor.scopes is None and any(one.may("review.decide", unit) for one in principals_of(actor.user_id, now))


def may_resolve(actor: Actor, row: Remark, now: datetime) -> bool:
    review = row.review
    wrote = {row.user_id, review.submitted_by, *review.revision.editors}
    known = actor.user_id in wrote or actor.may("review.decide", review.post.unit)
    return known and may_remark(actor, review, now)


def remarks_of(review: Review) -> list[Remark]:
    """In the order of the text."""
    query = select(Remark).where(Remark.review_id == review.id).options(joinedload(Remark.user))
    order = list(FIELDS)
    return sorted(db.session.scalars(query), key=lambda row: (order.index(row.field), row.start, row.id))


@dataclass(frozen=True, kw_only=True)
class Left:
    """A comment that is not dealt with, and its number (from 1) on the page of its run."""

    number: int
    row: Remark


def left_open(runs: Sequence[Review]) -> list[Left]:
    """What is not dealt with in these runs, as they stand."""
    return [
        Left(number=number, row=row)
        for run in runs
        for number, row in enumerate(remarks_of(run), 1)
        if row.resolved_at is None
    ]


def locate(revision: Revision, quote: str) -> Place:
    """The one place where these words stand, whatever blanks are between them. Raises Invalid."""
    if not quote or len(quote) > _QUOTE:
        raise Invalid(
            f"批注没有保存。请从稿件中复制要批注的原文，不超过 {_QUOTE} 字。",
            errors={"quote": [f"请填写原文，不超过 {_QUOTE} 字。"]},
        )
    pattern = re.compile(r"\s+".join(re.escape(part) for part in quote.split()))
    found = [
        Place(field=field, start=match.start(), end=match.end())
        for field, text in texts_of(revision).items()
        for match in pattern.finditer(text)
    ]
    if len(found) == 1:
        return found[0]
    why = (
        f"这段文字在稿件中出现了 {len(found)} 次，不知道是哪一处。请多复制前后几个字。"
        if found
        else "稿件中没有这段文字。请从标题、摘要或正文中原样复制。"
    )
    raise Invalid(f"批注没有保存。{why}", errors={"quote": [why]})


def texts_of(revision: Revision) -> dict[str, str]:
    """What may be commented on, as plain text, by FIELDS; the cells of a row parted by tabs."""
    return {"title": revision.title, "summary": revision.summary, "body": rows_of(revision.body_html)}


def people_of(review: Review) -> list[User]:
    """Who may be mentioned: the active people who may read the post, by a role in its unit or above it."""
    above = [part for part in review.post.unit.path.split("/") if part]
    query = (
        select(User)
        .join(Grant, Grant.user_id == User.id)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(User.active, Unit.id.in_(above))
        .options(selectinload(User.grants).joinedload(Grant.unit))
        .order_by(User.name, User.id)
        .distinct()
    )
    return [user for user in db.session.scalars(query) if actor_for(user).may("post.read", review.post.unit)]


def _mentioned(text: str, people: list[User]) -> tuple[set[str], list[str]]:
    """Ids of who is mentioned, and names that are nobody's. "@李卫东请核" means 李卫东: the longest name that fits."""
    named: set[str] = set()
    unknown: list[str] = []
    for words in _AT.findall(text):
        fitting = [user for user in people if user.name and words.startswith(user.name)]
        longest = max((len(user.name) for user in fitting), default=0)
        # Two of one name are both meant.
        named |= {user.id for user in fitting if len(user.name) == longest}
        if not fitting:
            unknown.append(words)
    return named, unknown


def _record(actor: Actor, row: Remark, action: str, summary: str, now: datetime) -> None:
    record(
        actor,
        action,
        now=now,
        object_type="post",
        object_id=row.review.post_id,
        unit_id=row.review.unit_id,
        summary=summary,
        after={"remark": row.id, "field": row.field, "start": row.start, "end": row.end, "text": row.text},
    )


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A part of a text, where it `ends`, the numbers of the comments on it, and what is said of the pictures before it."""

    text: str
    ends: int
    numbers: tuple[int, ...]
    pictures: tuple[str, ...] = ()


def shown(revision: Revision, remarks: list[Remark]) -> dict[str, list[Stretch]]:
    """The texts of a revision for reading, by FIELDS."""
    stand = {"body": pictures_in(revision.body_html)}
    return {field: marked(text, field, remarks, stand.get(field, ())) for field, text in texts_of(revision).items()}


def marked(text: str, field: str, remarks: list[Remark], pictures: Sequence[tuple[int, str]] = ()) -> list[Stretch]:
    """`text` in stretches, each with the numbers (from 1, as `remarks` stand) of the comments that cover it; `pictures`:
    where one stands and what is said of it. Behind the last words, these have a stretch without any."""
    here = [(number, row) for number, row in enumerate(remarks, 1) if row.field == field]
    ends = {at for _number, row in here for at in (row.start, row.end)}
    edges = sorted({0, len(text), *ends, *(at for at, _said in pictures)})
    before = {edge: tuple(said for at, said in pictures if at == edge) for edge in edges}
    found = [
        Stretch(
            text=text[start:end],
            ends=end,
            numbers=tuple(number for number, row in here if row.start <= start and end <= row.end),
            pictures=before[start],
        )
        for start, end in pairwise(edges)
        if end <= len(text)
    ]
    last = before[len(text)]
    return [*found, Stretch(text="", ends=len(text), numbers=(), pictures=last)] if last else found
