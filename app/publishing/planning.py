"""Planning: put an approved post on the schedule, move it (moving), take it off (withdrawing)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from app.accounts import connections
from app.accounts.connections import public_address
from app.audit import services as audit
from app.config import current
from app.db import atomic, db
from app.errors import Conflict, ContentBlocked, Invalid, NotFound
from app.posts import linking
from app.posts.models import Post, Revision, Variant
from app.posts.reaching import reaches, why_not
from app.publishing import appearing, blackouts, moving, permalink, pushdown, reserving
from app.publishing.models import Publication, Schedule
from app.publishing.ordering import ORDERS, Order, first_ids, late_from
from app.publishing.withdrawing import withdraw
from app.review.finding import approval_of
from app.units.access import Actor
from app.waking import wake

# Reckoning with hours (time zones, quotas, lateness) needs room above; nobody plans a century ahead.
_FURTHEST_YEAR = 2199


def schedule(
    actor: Actor,
    post_id: str,
    *,
    publish_at: datetime | Literal["now"],
    order: Order = "together",
    on_partner_failure: str = "hold",
    now: datetime,
) -> Schedule:
    """Schedule the approved revision, or move what has not gone yet; where the rest went, what had been taken off follows.

    Raises NotFound, Forbidden, Conflict (not approved, quota taken, already going), Invalid (in the past).
    """
    at = _time(publish_at, now)
    if order not in ORDERS or on_partner_failure not in ("hold", "proceed"):
        raise Invalid("发布规则不对。顺序或伙伴规则不在可选范围内。请重新选择。", errors={"order": ["请重新选择。"]})
    with atomic():
        post = _post(actor, post_id)
        standing = pushdown.live_schedule(post.id)
        if standing is not None and standing.revision_id == post.revision_id and _started(standing):
            found, word = moving.move(actor, post, standing, at, order, on_partner_failure, now), "改期"
        else:
            found, word = _create(actor, post, at, order, on_partner_failure, now), "排期"
        _audit(actor, post, found, now, word)
        linking.look_again(post, now)
        pushdown.push([post.id], now)
        wake()
    return found


def unschedule(actor: Actor, post_id: str, *, now: datetime) -> None:
    """Take the whole post off the schedule. Raises Conflict when anything of it has gone or may have gone."""
    with atomic():
        post = _post(actor, post_id)
        standing = pushdown.live_schedule(post.id)
        if standing is None:
            raise Conflict("这篇稿件没有排期。可能刚被取消。请刷新后查看。")
        withdraw(standing, actor, now, reason="取消排期")
        pushdown.stand_again(post.id)
        pushdown.push([post.id], now)
        audit.record(
            actor,
            "post.unschedule",
            now=now,
            object_type="post",
            object_id=post.id,
            unit_id=post.unit_id,
            summary=f"取消排期：{post.title}",
        )


def _time(publish_at: datetime | Literal["now"], now: datetime) -> datetime:
    if publish_at == "now":
        return now
    if publish_at.year > _FURTHEST_YEAR:
        raise Invalid(
            f"没有排期。发布时间太远，最晚到 {_FURTHEST_YEAR} 年。请检查年份后重试。",
            errors={"publish_at": [f"年份最晚到 {_FURTHEST_YEAR} 年。"]},
        )
    if publish_at < now:
        raise Invalid(
            "发布时间已经过去。系统不补发过去的时间。请选择将来的时间，或选“立即发布”。",
            errors={"publish_at": ["发布时间已经过去，请选择将来的时间，或选“立即发布”。"]},
        )
    return publish_at


def _post(actor: Actor, post_id: str) -> Post:
    """The post's row, locked, after the permission check."""
    post = db.session.get(Post, post_id)
    if post is None:
        raise NotFound
    actor.require("post.schedule", post.unit, see="post.read")
    return permalink.locked(post_id)


def _started(standing: Schedule) -> bool:
    """Any publication that still stands."""
    return any(p.status != "cancelled" for p in pushdown.publications_of(standing.id))


def _create(actor: Actor, post: Post, at: datetime, order: Order, partner: str, now: datetime) -> Schedule:
    revision = _approved(post)
    variants = list(revision.variants)
    _check_variants(post, variants)
    lead = timedelta(seconds=current().prepare_lead_seconds)
    found = Schedule(
        post_id=post.id,
        revision_id=revision.id,
        publish_at=at,
        order=order,
        on_partner_failure=partner,
        operator_ip=public_address(actor.origin),
        prepare_from=max(now, at - lead),
        created_by=actor.user_id,
        created_at=now,
    )
    db.session.add(found)
    db.session.flush()
    firsts = first_ids(order, [(v.id, v.account.platform) for v in variants])
    # In one order for everybody: reserving locks the account.
    for variant in sorted(variants, key=lambda variant: variant.account_id):
        appearing.refuse_if_out(post.id, variant.account_id)
        blackouts.refuse(variant.account, at, urgent=post.urgent)
        reserving.reserve(actor, variant.account, at)
        db.session.add(_publication(found, variant, variant.id in firsts, now))
    db.session.flush()
    return found


def _publication(found: Schedule, variant: Variant, goes_first: bool, now: datetime) -> Publication:
    return Publication(
        post_id=found.post_id,
        schedule_id=found.id,
        variant_id=variant.id,
        account_id=variant.account_id,
        unit_id=variant.account.unit_id,
        position=variant.position,
        payload=variant.payload,
        sha256=variant.sha256,
        mark=variant.mark,
        hand_over=connections.capabilities(variant.account).hand_over,
        due_at=found.publish_at,
        late_from=late_from(found, goes_first),
        next_attempt_at=found.prepare_from,
        created_at=now,
        updated_at=now,
    )


def _approved(post: Post) -> Revision:
    """The revision that stands, provided its review ended in approval."""
    if post.revision is None or post.status != "approved" or approval_of(post.revision.id) is None:
        raise Conflict(
            "这篇稿件还不能排期。它没有通过全部审核，或已经排期、发布。请先完成审核；已发布的请另写一篇更正。"
        )
    return post.revision


def _check_variants(post: Post, variants: list[Variant]) -> None:
    if not variants:
        raise Conflict("这篇稿件没有选择账号。没有渠道就无法发布。请编辑稿件，选择账号后重新送审。")
    for variant in variants:
        if not variant.account.active:
            raise Conflict(
                f"账号“{variant.account.name}”已停用。停用的账号不能发布。请管理员启用它，或从稿件中去掉它。"
            )
        if not reaches(post.unit, variant.account):
            raise Conflict(f"没有排期。{why_not(post.unit, variant.account)}")
        if digest(variant.payload) != variant.sha256:
            raise Conflict("内容与审核时不一致。平台版本的指纹对不上。请重新送审，并告知系统管理员。")
    blocking = [p for v in variants for p in v.problems if p.get("severity") == "block"]
    if blocking:
        raise ContentBlocked("内容不能发出。还有阻断性问题没有处理。请按问题清单修改后重新送审。", problems=blocking)


def digest(payload: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the canonical JSON: sorted keys, no spaces, UTF-8."""
    text = json.dumps(payload, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _audit(actor: Actor, post: Post, found: Schedule, now: datetime, word: str) -> None:
    audit.record(
        actor,
        "post.schedule",
        now=now,
        object_type="post",
        object_id=post.id,
        unit_id=post.unit_id,
        summary=f"{word}：{post.title}",
        after={"publish_at": found.publish_at.isoformat(), "order": found.order, "partner": found.on_partner_failure},
    )
