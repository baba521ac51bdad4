"""Asking for a preview on a phone: who may, to which accounts, and one order at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.accounts.connections import capabilities
from app.accounts.models import Account
from app.accounts.services import remaining
from app.audit.services import record
from app.db import atomic, db
from app.errors import Conflict, ContentBlocked, Forbidden, Invalid, NotFound, TooMany
from app.posts.models import Post, Variant
from app.posts.revising import current_revision
from app.posts.services import get_post
from app.previews.models import PreviewSend
from app.previews.recipients import checked, recipients_of
from app.units.access import Actor
from app.waking import wake
from connectors.values import PreviewRule

# Between two previews of one post on one account: a second press, or a person who has not looked yet.
PAUSE = timedelta(seconds=5)
UNFINISHED = ("queued", "preparing", "sending")
# Without these nothing can be built that the platform would take.
_NEEDED = frozenset({"post.title", "post.body"})
MAX_KEY = 64


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One account of the post: how a preview goes there, or in `why_not` why none does (Chinese)."""

    account: Account
    variant: Variant
    rule: PreviewRule | None
    why_not: str
    # Previews left today; None: not known.
    left: int | None = None
    recipient: str = ""
    problems: Sequence[dict[str, Any]] = field(default_factory=list)


def may_preview(actor: Actor, post: Post) -> bool:
    """Who may edit the post, or review it."""
    return actor.may("post.write", post.unit) or actor.may("review.decide", post.unit)


def previewable(actor: Actor, post_id: str) -> Post:
    """The post. Raises NotFound, or Forbidden when it may be seen but not previewed."""
    post = get_post(actor, post_id)
    if not may_preview(actor, post):
        raise Forbidden("没有发出预览。只有能修改或审核这篇稿件的人可以发手机预览。请联系本单位管理员授权。")
    return post


def channels(actor: Actor, post: Post, now: datetime) -> list[Channel]:
    """The post's accounts, those that can be previewed first."""
    given = recipients_of(actor)
    found = [_channel(variant, given, now) for variant in current_revision(post).variants]
    return sorted(found, key=lambda channel: bool(channel.why_not))


def _channel(variant: Variant, given: dict[str, str], now: datetime) -> Channel:
    account = variant.account
    able = capabilities(account)
    if able.preview is None:
        why = next((one.why for one in able.missing if one.key == "preview"), "这个平台不能把预览发到手机。")
        return Channel(account=account, variant=variant, rule=None, why_not=why)
    if not account.active:
        return Channel(account=account, variant=variant, rule=able.preview, why_not="账号已停用，不能发预览。")
    left = remaining(account, able.preview.quota, now)
    if left is None:
        left = next((quota.limit for quota in able.quotas if quota.key == able.preview.quota), None)
    return Channel(
        account=account,
        variant=variant,
        rule=able.preview,
        why_not="",
        left=left,
        recipient=given.get(account.platform, ""),
        problems=[problem for problem in variant.problems if problem.get("severity") == "block"],
    )


def send_preview(
    actor: Actor, post_id: str, *, account_id: str, recipient: str | None, key: str, now: datetime
) -> PreviewSend:
    """Queue one preview of the post as it stands now; the scheduler sends it within seconds.

    `recipient` None: the one remembered. The same `key` again is the same preview, not another one. Raises NotFound,
    Forbidden, Invalid, ContentBlocked (nothing can be built), Conflict (one is on its way), TooMany (just sent).
    """
    if not 1 <= len(key) <= MAX_KEY:
        raise Invalid("没有发出。缺少这次操作的编号。请刷新页面后重试。", errors={"key": ["1 至 64 个字符。"]})
    with atomic():
        # Locked, so that two orders at once are seen one after the other.
        if db.session.get(Post, post_id, with_for_update=True, populate_existing=True) is None:
            raise NotFound
        post = previewable(actor, post_id)
        known = _same_order(actor, post, key)
        if known is not None:
            return known
        channel = _chosen(actor, post, account_id, now)
        if channel.rule is None or channel.why_not:
            raise Conflict(f"没有发出。{channel.why_not}请看本系统里的预览，或换一个账号。")
        to = checked(channel.recipient if recipient is None else recipient, channel.rule)
        _can_be_built(channel.variant)
        _not_again(post, channel.account, to, now)
        row = _queued(actor, post, channel.variant, channel.rule, to, key, now)
        wake()
    return row


def _same_order(actor: Actor, post: Post, key: str) -> PreviewSend | None:
    known = db.session.scalars(
        select(PreviewSend).where(PreviewSend.user_id == actor.user_id, PreviewSend.key == key)
    ).one_or_none()
    if known is not None and known.post_id != post.id:
        raise Conflict("没有发出。这个操作编号已用于另一篇稿件。请刷新页面后重试。")
    return known


def _chosen(actor: Actor, post: Post, account_id: str, now: datetime) -> Channel:
    for channel in channels(actor, post, now):
        if channel.account.id == account_id:
            return channel
    raise Invalid(
        "没有发出。所选账号不在这篇稿件的渠道里。请先在“渠道”中勾选它并保存。",
        errors={"account_id": ["不是这篇稿件的渠道。"]},
    )


def _can_be_built(variant: Variant) -> None:
    missing = [problem for problem in variant.problems if problem.get("rule") in _NEEDED]
    if missing:
        words = "和".join("标题" if problem.get("field") == "title" else "正文" for problem in missing)
        raise ContentBlocked(f"没有发出。稿件还没有{words}，平台不收。请写好后再发。", problems=missing)


def _not_again(post: Post, account: Account, to: str, now: datetime) -> None:
    """One at a time, and a pause; a refused one reached nobody, so a corrected id may follow at once."""
    last = db.session.scalars(
        select(PreviewSend)
        .where(PreviewSend.post_id == post.id, PreviewSend.account_id == account.id)
        .order_by(PreviewSend.created_at.desc(), PreviewSend.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return
    if last.status in UNFINISHED:
        raise Conflict("没有再发。这篇稿件的上一次预览还在发送。请等它有结果后再发。")
    if now >= last.created_at + PAUSE:
        return
    if last.status != "failed":
        raise TooMany("没有再发。几秒钟前刚发过这篇稿件的预览。请先看手机，需要时稍等再发。")
    if last.recipient == to:
        raise TooMany("没有再发。几秒钟前同样的预览刚刚没有发成。请先看上面的原因，改正后再发，或稍等几秒再试。")


def _queued(
    actor: Actor, post: Post, variant: Variant, rule: PreviewRule, to: str, key: str, now: datetime
) -> PreviewSend:
    row = PreviewSend(
        post_id=post.id,
        account_id=variant.account_id,
        user_id=actor.user_id,
        revision_number=current_revision(post).number,
        key=key,
        recipient=to,
        payload=dict(variant.payload),
        lives_seconds=int(rule.lives.total_seconds()),
        status="queued",
        created_at=now,
    )
    db.session.add(row)
    db.session.flush()
    record(
        actor,
        "preview.send",
        now=now,
        object_type="post",
        object_id=post.id,
        unit_id=post.unit_id,
        summary=f"把稿件“{post.title}”的预览发到{rule.recipient} {masked(to)}（账号“{variant.account.name}”）",
        after={"account_id": variant.account_id, "sha256": variant.sha256, "preview_id": row.id},
    )
    return row


def masked(recipient: str) -> str:
    """Enough to tell one's own from another's; the log is kept for ever, a person's id need not be."""
    return f"{recipient[:2]}{'*' * max(len(recipient) - 4, 2)}{recipient[-2:]}"
