"""Removing an item: only what no post shows; then its bytes go too, unless something else is made of them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from sqlalchemy import String, cast, delete, exists, select
from sqlalchemy.exc import IntegrityError

from app.accounts.models import Account
from app.audit.services import record
from app.db import atomic, db
from app.errors import Conflict
from app.media.blobs import put_back, set_aside
from app.media.models import Blob, Derivative, Media, MediaUse
from app.media.services import get_media
from app.media.uses import needed_elsewhere, uses_of
from app.units.access import Actor

_NAMED = 3


def remove(actor: Actor, media_id: str, now: datetime) -> None:
    """Raises NotFound, Forbidden, Conflict (some revision shows it: what was written, reviewed or published stays to be
    seen; an earlier state or a template needs it; or it is an account's default cover)."""
    aside: list[Path] = []
    try:
        _remove(actor, media_id, now, aside)
    except BaseException as error:
        for path in aside:
            put_back(path)
        if isinstance(error, IntegrityError):
            raise Conflict("素材没有删除。刚刚有稿件用上了它。请刷新后查看用在哪里。") from None
        raise
    for path in aside:
        path.unlink(missing_ok=True)


def _remove(actor: Actor, media_id: str, now: datetime, aside: list[Path]) -> None:
    """Files of what went stand in `aside`."""
    with atomic():
        media = get_media(actor, media_id)
        actor.require("media.write", media.unit, see="media.read")
        hashes = [sha256 for sha256 in (media.sha256, media.original_sha256) if sha256]
        # Whoever puts it into a post waits for the end of this, and finds it gone.
        db.session.scalars(select(Blob).where(Blob.sha256.in_(hashes)).order_by(Blob.sha256).with_for_update()).all()
        if why := why_it_stays(actor, media):
            raise Conflict(f"素材没有删除。{why}")
        summary, unit_id = f"删除素材“{media.name}”", media.unit_id
        db.session.delete(media)
        db.session.flush()
        kept = _kept_elsewhere(actor, hashes)
        erased = [sha256 for start in hashes for sha256 in _erase(start, kept)]
        record(
            actor,
            "media.remove",
            now=now,
            object_type="media",
            object_id=media_id,
            unit_id=unit_id,
            summary=summary,
            before={"sha256": hashes[0]},
            after={"erased": erased},
        )
        aside += [path for sha256 in erased if (path := set_aside(sha256)) is not None]


def why_it_stays(actor: Actor, media: Media) -> str:
    """What speaks against removing it, and what may be done about it: Chinese; "" for nothing."""
    uses, unseen = uses_of(actor, media)
    if uses or unseen:
        named = "、".join(f"《{use.title or '未命名'}》" for use in uses[:_NAMED]) or "您看不到的稿件"
        several = f"等共 {len(uses) + unseen} 篇稿件" if len(uses) + unseen > len(uses[:_NAMED] or [named]) else ""
        why = f"{named}{several}用到了它，送审和发布过的内容必须能原样查到。"
        what = "还是草稿的，请先从稿件中去掉；已送审或发布的不能删，可填到期日，以后使用时会提醒。"
        return f"{why}{what}"
    return needed_elsewhere(actor, [media.sha256, media.id]) or _needed_by_account(actor, media.sha256)


def _needed_by_account(actor: Actor, sha256: str) -> str:
    """Some account whose settings name these bytes, as far as the actor may know it."""
    named = cast(Account.settings, String).contains(sha256)
    account = db.session.scalars(select(Account).where(named).order_by(Account.id).limit(1)).first()
    if account is None:
        return ""
    name = f"账号“{account.name}”" if actor.may("account.read", account.unit) else "您看不到的账号"
    if account.settings.get("default_cover") == sha256:
        return f"它是{name}的默认封面。请账号管理员先换一张默认封面。"
    return f"{name}的片头或片尾里有它。请账号管理员先从账号设置里去掉。"


def _kept_elsewhere(actor: Actor, hashes: list[str]) -> set[str]:
    """Which of these bytes, and of whatever was derived from them, earlier states or templates need."""
    family: set[str] = set()
    step = set(hashes)
    while step:
        family |= step
        made = select(Derivative.sha256).where(Derivative.source_sha256.in_(step))
        step = set(db.session.scalars(made)) - family
    if not needed_elsewhere(actor, sorted(family)):
        return set()
    return {sha256 for sha256 in family if needed_elsewhere(actor, [sha256])}


def _erase(sha256: str, kept: set[str]) -> list[str]:
    """Take the row of these bytes and of what was derived from them out, as far as nothing needs them; which went."""
    if sha256 in kept or _needed(sha256):
        return []
    derived = list(db.session.scalars(select(Derivative.sha256).where(Derivative.source_sha256 == sha256)))
    db.session.execute(delete(Derivative).where(Derivative.source_sha256 == sha256))
    gone = [made for one in derived if one != sha256 for made in _erase(one, kept)]
    found = db.session.execute(delete(Blob).where(Blob.sha256 == sha256).returning(Blob.sha256)).all()
    return [*gone, *(row.sha256 for row in found)]


def _needed(sha256: str) -> bool:
    return bool(
        db.session.scalar(
            select(
                exists().where(Media.sha256 == sha256)
                | exists().where(Media.original_sha256 == sha256)
                | exists().where(MediaUse.sha256 == sha256)
                | exists().where(Blob.sha256 == sha256, Blob.public)
                | exists().where(Derivative.sha256 == sha256, Derivative.source_sha256 != sha256)
            )
        )
    )
