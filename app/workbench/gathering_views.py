"""What the first page shows, gathered from all rooms: what waits for this person, today's line, accounts, the inbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as lazy
from sqlalchemy import select

from app.accounts.advice import barred
from app.accounts.models import Account
from app.config import current
from app.db import db
from app.inbox import services as inbox
from app.inspection import services as inspection
from app.inspection.dormancy import Dormancy
from app.posts.models import Post
from app.publishing import services as publishing
from app.publishing.models import Publication
from app.publishing.outlook import of_post
from app.review import services as review
from app.units.access import Actor, visible
from app.web import _

EXPIRES_SOON = timedelta(days=14)
_AGES = (
    (lazy("2 小时内"), timedelta(hours=2)),
    (lazy("24 小时内"), timedelta(hours=24)),
    (lazy("3 天内"), timedelta(days=3)),
    (lazy("3 天以上"), None),
)


@dataclass(frozen=True, kw_only=True)
class Errand:
    """One thing to do: what, why, since when, where to do it, and the word on the button. `rank` 0 is most urgent.

    `account`: the one that it is about: posts have several, and accounts of both platforms one name.
    """

    kind: str
    title: str
    detail: str
    href: str
    action: str
    status: str
    at: datetime | None
    rank: int
    account: Account | None = None


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One post on today's line; `place` is where its hour stands on a line of 24 hours, in hundredths."""

    post: Post
    publications: list[Publication]
    at: datetime
    place: float


@dataclass(frozen=True, kw_only=True)
class Bar:
    """How many conversations have waited that long; `late` colours it."""

    words: str
    number: int
    late: bool


def errands(actor: Actor, now: datetime) -> list[Errand]:
    """One list over all rooms, the most urgent first."""
    found = [
        *_publications(actor),
        *_undelivered(actor),
        *_reviews(actor),
        *_returned(actor),
        *_disapproved(actor),
        *_conversations(actor, now),
        *_tokens(actor, now),
    ]
    return sorted(found, key=lambda one: (one.rank, one.at or now))


def today(actor: Actor, now: datetime) -> list[Slot]:
    """Today's posts that the person may see, by their hour."""
    if not actor.holds("post.read"):
        return []
    local = now.astimezone(ZoneInfo(current().timezone))
    slots = []
    for post in publishing.today(actor, local.date()):
        if post.publish_at is None or post.status in ("draft", "withdrawn"):
            continue
        place = day_place(post.publish_at)
        slots.append(Slot(post=post, publications=of_post(post), at=post.publish_at, place=place))
    return slots


def day_place(at: datetime) -> float:
    """Where an instant stands on its local day's line, 0 to 100."""
    local = at.astimezone(ZoneInfo(current().timezone))
    return round((local.hour * 60 + local.minute) / 14.4, 2)


def health(actor: Actor, now: datetime) -> list[Dormancy]:
    """The worst accounts first, at most twelve."""
    return inspection.dormancy(actor, now)[:12] if actor.holds("account.read") else []


def inbox_ages(actor: Actor, now: datetime) -> list[Bar]:
    """Unanswered conversations by age; empty when nothing waits."""
    since = inbox.waiting_times(actor) if actor.holds("inbox.read") else []
    if not since:
        return []
    numbers = [0] * len(_AGES)
    for at in since:
        place = next(index for index, (_label, most) in enumerate(_AGES) if most is None or now - at < most)
        numbers[place] += 1
    return [Bar(words=str(words), number=numbers[index], late=index >= 2) for index, (words, _most) in enumerate(_AGES)]


def counts(actor: Actor) -> dict[str, int]:
    """Real work waiting for this person, for the navigation."""
    found: dict[str, int] = {}
    if actor.holds("publication.manage") or actor.holds("post.schedule"):
        found["posts"] = len(publishing.attention(actor))
    waiting = review.waiting_for(actor)
    if waiting or actor.holds("review.decide"):
        found["review"] = len(waiting)
    if actor.holds("inbox.reply"):
        waits = inbox.Filter(status="unresolved", waiting=True)
        found["inbox"] = inbox.count(actor, waits, mine=True)
    if actor.holds("finding.read"):
        found["reports"] = inspection.count_open(actor)
    return found


def _publications(actor: Actor) -> list[Errand]:
    rows = []
    for publication in publishing.attention(actor):
        action, rank = _OF_STATUS.get(publication.status, (lazy("查看"), 2))
        rows.append(
            Errand(
                kind="publication",
                title=publication.post.title,
                detail=publication.error_cause or publication.why or str(_WHY.get(publication.status, "")),
                href=f"/publications/{publication.id}",
                action=str(action),
                status=publication.status,
                at=publication.due_at,
                rank=rank,
                account=publication.account,
            )
        )
    return rows


_OF_STATUS = {
    "unknown": (lazy("立即核实"), 0),
    "missed": (lazy("改期或放行"), 0),
    "failed": (lazy("查看原因"), 1),
    "handed_over": (lazy("去平台发布"), 1),
    "held": (lazy("放行或改期"), 1),
}
_WHY = {
    "unknown": lazy("不能确定是否已经发出。"),
    "missed": lazy("超过最晚时限没有发出。"),
    "failed": lazy("没有发出。"),
    "handed_over": lazy("草稿已备好，等待人工发布。"),
    "held": lazy("已暂缓，等人决定。"),
}


def _undelivered(actor: Actor) -> list[Errand]:
    if not actor.holds("inbox.reply"):
        return []
    return [
        Errand(
            kind="reply",
            title=_("给%(name)s的回复", name=inbox.display_name(message.conversation.contact)),
            detail=message.error_cause or _("没有发出。"),
            href=f"/inbox/{message.conversation_id}",
            action=_("立即核实") if message.status == "unknown" else _("重新发送"),
            status=message.status or "failed",
            at=message.sent_at,
            rank=0 if message.status == "unknown" else 1,
            account=message.conversation.account,
        )
        for message in inbox.undelivered(actor)
    ]


def _reviews(actor: Actor) -> list[Errand]:
    return [
        Errand(
            kind="review",
            title=one.post.title,
            detail=_words(
                one.stages[one.stage].get("name", ""),
                _("%(at)s 前须审完", at=_clock(one.due_at)) if one.due_at else "",
                _("%(at)s 发布", at=_clock(one.post.publish_at)) if one.post.publish_at else "",
                _("加急") if one.post.urgent else "",
            ),
            href=f"/review/{one.id}",
            action=_("去审核"),
            status="in_review",
            at=one.submitted_at,
            rank=0 if one.post.urgent else 2,
        )
        for one in review.waiting_for(actor)
    ]


def _returned(actor: Actor) -> list[Errand]:
    """Posts of this person's that a reviewer sent back, or that nobody decided on in time."""
    if not actor.holds("post.write"):
        return []
    late = [
        one for one in review.expired_of(actor, limit=20) if actor.user_id in (*one.revision.editors, one.submitted_by)
    ]
    return [
        Errand(
            kind="post",
            title=one.post.title,
            detail=_("没有按时审完，已退回。请核对后重新送审。")
            if one.expired_at
            else next((found.comment for found in reversed(one.decisions) if found.decision == "returned"), ""),
            href=f"/posts/{one.post_id}",
            action=_("去修改"),
            status="returned",
            at=one.closed_at,
            rank=2,
        )
        for one in [*review.returned_to(actor, limit=20), *late]
    ]


def _disapproved(actor: Actor) -> list[Errand]:
    """Posts that went out in an emergency and that the review afterwards returned: recalled or corrected, by people."""
    rows = []
    for one in review.disapproved_for(actor):
        said = one.refusal
        recalls = actor.may("publication.manage", one.post.unit)
        rows.append(
            Errand(
                kind="post",
                title=one.post.title,
                detail=_words(
                    _("补审没有通过，请决定是否撤回。") if recalls else _("补审没有通过；保留的，请写更正稿。"),
                    f"{said.user.name}：{said.comment}" if said is not None else "",
                ),
                href=f"/posts/{one.post_id}",
                action=_("决定是否撤回") if recalls else _("去处理"),
                status="needs_attention",
                at=one.closed_at,
                rank=0,
            )
        )
    return rows


def _conversations(actor: Actor, now: datetime) -> list[Errand]:
    if not actor.holds("inbox.reply"):
        return []
    talks = inbox.waiting(actor, limit=15, mine=True)
    windows = inbox.windows_of(talks, now)
    rows = []
    for talk in talks:
        closes = talk.due_at or windows[talk.id].closes_at
        urgent = closes is not None and closes - now < timedelta(hours=12)
        rows.append(
            Errand(
                kind="conversation",
                title=_("%(name)s等待答复", name=inbox.display_name(talk.contact)),
                detail=_("%(at)s 前须答复", at=_clock(closes)) if closes and closes > now else "",
                href=f"/inbox/{talk.id}",
                action=_("去答复"),
                status="open",
                at=talk.waiting_since,
                rank=1 if urgent else 3,
                account=talk.account,
            )
        )
    return rows


def _gone(account: Account) -> str:
    if barred(account):
        return _("平台没有放行本服务器的地址，发布和互动都停了。")
    return _("授权已失效，发布和互动都停了。")


def _tokens(actor: Actor, now: datetime) -> list[Errand]:
    query = select(Account).where(
        Account.active,
        visible(actor, "account.manage", Account.unit_id),
        (Account.token_expires_at < now + EXPIRES_SOON) | (Account.status == "refused"),
    )
    rows = []
    for account in db.session.scalars(query.order_by(Account.token_expires_at).limit(50)):
        expires = account.token_expires_at
        short_lived = expires is not None and not account.known.get("expires_at")
        if account.status != "refused" and (expires is None or short_lived):
            continue
        gone = account.status == "refused" or (expires is not None and expires <= now)
        rows.append(
            Errand(
                kind="account",
                title=account.name,
                detail=_gone(account) if gone else _("授权 %(at)s 到期。", at=_clock(expires)),
                href=f"/accounts/{account.id}" if barred(account) else f"/accounts/{account.id}/connect",
                action=_("查看账号") if barred(account) else _("重新授权"),
                status=("barred" if barred(account) else "refused") if gone else "expiring",
                at=expires,
                rank=0 if gone else 3,
                account=account,
            )
        )
    return rows


def _words(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


def _clock(at: datetime | None) -> str:
    if at is None:
        return ""
    local = at.astimezone(ZoneInfo(current().timezone))
    return f"{local.month}月{local.day}日 {local:%H:%M}"
