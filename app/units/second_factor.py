"""Two-step verification: set up with a first code, ten recovery codes, off again, reset by an administrator, required."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pyotp
from sqlalchemy import select, union

from app.audit.services import record
from app.db import atomic, db
from app.errors import Conflict, Forbidden, Invalid
from app.units.access import Actor, unit_for
from app.units.factors import (
    DIGITS,
    STEP,
    TOTP,
    forget_all,
    forget_codes_of_nothing,
    kinds_of,
    new_recovery_codes,
    recovery_codes_left,
    step_of,
)
from app.units.managing import signable_person
from app.units.models import Passkey, SecondFactor, Unit, UnitSettings, User
from app.units.open_sessions import end_all, still_signed_in
from app.units.passwords import NO_PASSWORD
from app.units.people import revoke_tokens
from app.units.sign_in import prove_by_code, prove_by_password
from app.words import N_

# Short and plain: the QR code grows with it.
ISSUER = "Tandem"
# Who holds one of these can send something out, stop it, or decide who may.
WEIGHTY = frozenset(
    {
        "account.manage",
        "post.schedule",
        "publication.manage",
        "review.configure",
        "review.decide",
        "role.manage",
        "security.manage",
        "stop.manage",
        "unit.manage",
        "user.manage",
    }
)
_POLICY = "second_factor"
_SET_UP_WITHIN = timedelta(minutes=15)
_WRONG_PASSWORD = N_("没有关闭。密码不对。请核对后再试；连续输错 5 次会退出登录。")

# Called in the transaction of a reset: (person, who reset it, now).
on_reset: list[Callable[[User, Actor, datetime], None]] = []
# Called in the transaction in which a person changed what they sign in with: (person, the event's action, now).
on_own_change: list[Callable[[User, str, datetime], None]] = []


def begin(actor: Actor, *, now: datetime) -> None:
    """A fresh secret for the authenticator; nothing is asked for before `confirm`. Raises Conflict when one is in use."""
    with atomic():
        # Also: two first set-ups at once, one after the other. There is no row of theirs yet to lock.
        still_signed_in(actor)
        row = db.session.get(SecondFactor, actor.user_id, with_for_update=True, populate_existing=True)
        if row is not None and row.confirmed_at is not None:
            raise Conflict(N_("没有重新设置。验证器已在使用。要换手机，请先关闭验证器，再重新设置。"))
        secret = {TOTP: pyotp.random_base32()}
        if row is None:
            db.session.add(SecondFactor(user_id=actor.user_id, secret=secret, created_at=now))
        else:
            row.secret, row.created_at = secret, now
        _record(actor, "user.second_factor_begin", now)


def pending(actor: Actor, *, now: datetime) -> tuple[str, str] | None:
    """(secret, otpauth address for a QR code) of a set-up of the last quarter of an hour that waits for its first code."""
    row = db.session.get(SecondFactor, actor.user_id)
    user = db.session.get(User, actor.user_id)
    if row is None or user is None or not _waits(row, now):
        return None
    totp = pyotp.TOTP(row.secret[TOTP], digits=DIGITS, interval=STEP)
    return row.secret[TOTP], totp.provisioning_uri(name=user.email, issuer_name=ISSUER)


def _waits(row: SecondFactor, now: datetime) -> bool:
    """Whoever comes to an open screen later finds no secret to copy."""
    return row.confirmed_at is None and now - row.created_at <= _SET_UP_WITHIN


def confirm(actor: Actor, code: str, *, now: datetime) -> list[str]:
    """In use from now on; the recovery codes, shown this once ([]: those of the passkeys stay). Raises Invalid."""
    with atomic():
        still_signed_in(actor)
        row = db.session.get(SecondFactor, actor.user_id, with_for_update=True)
        if row is None or not _waits(row, now):
            raise Conflict(N_("没有启用。这次设置已失效，或已在别处完成。请回到个人设置查看。"))
        step = step_of(row.secret[TOTP], code, now)
        if step is None:
            raise Invalid(
                N_("没有启用。验证码不对。请核对手机的时间，等下一个验证码出现后再输。"),
                errors={"code": ["验证码不对。请核对手机的时间，等下一个验证码出现后再输。"]},
            )
        row.confirmed_at, row.last_step = now, step
        codes = [] if recovery_codes_left(actor.user_id) else new_recovery_codes(actor.user_id)
        _record(actor, "user.second_factor_on", now, after={"by": TOTP})
        tell_owner(actor, "user.second_factor_on", now)
    return codes


def turn_off(actor: Actor, *, password: str, code: str, now: datetime, session_id: str = "") -> None:
    """No authenticator any more; needs the password, of who has one, and a code. Raises Unauthenticated, Forbidden where one is
    required."""
    if TOTP not in kinds_of(actor.user_id):
        raise Conflict(N_("没有关闭。验证器没有启用。请刷新页面查看。"))
    if len(kinds_of(actor.user_id)) == 1 and asked_of(actor):
        raise Forbidden(
            N_(
                "没有关闭。单位规定掌握审核、发布或管理权限的成员必须启用两步验证。要换手机，请先登记一个通行密钥，或请管理员重置。"
            )
        )
    if db.session.get_one(User, actor.user_id).password_hash != NO_PASSWORD:
        prove_by_password(actor, password, session_id=session_id, now=now, refused=_WRONG_PASSWORD)
    prove_by_code(actor, code, session_id=session_id, now=now)
    with atomic():
        row = db.session.get(SecondFactor, actor.user_id)
        if row is not None:
            db.session.delete(row)
            db.session.flush()
        forget_codes_of_nothing(actor.user_id)
        _record(actor, "user.second_factor_off", now, before={"by": TOTP})
        tell_owner(actor, "user.second_factor_off", now)


def renew_recovery_codes(actor: Actor, *, now: datetime) -> list[str]:
    """Ten fresh ones; all earlier ones are void."""
    with atomic():
        still_signed_in(actor)
        if not kinds_of(actor.user_id):
            raise Conflict(N_("没有生成恢复码。还没有启用两步验证。请先设置验证器或通行密钥。"))
        codes = new_recovery_codes(actor.user_id)
        _record(actor, "user.recovery_codes", now)
        tell_owner(actor, "user.recovery_codes", now)
    return codes


def reset_second_factor(actor: Actor, user_id: str, *, now: datetime) -> User:
    """Another person's authenticator, passkeys and recovery codes are gone, all their browsers signed out and
    tokens ended; they are told."""
    if user_id == actor.user_id:
        raise Forbidden(N_("不能重置自己的两步验证。关闭自己的两步验证须输入密码和验证码。请到“个人设置”办理。"))
    with atomic():
        user = signable_person(actor, user_id)
        # What is being added at this moment either is seen here, or is refused: whoever adds it locks this row, too.
        db.session.get(User, user.id, with_for_update=True)
        held = sorted(kinds_of(user.id))
        if not held:
            raise Conflict(f"没有重置。{user.name}没有启用两步验证。请刷新页面查看。")
        forget_all(user.id)
        end_all(user)
        user.failed_codes, user.codes_locked_until = 0, None
        revoke_tokens(user, now)
        _record(actor, "user.second_factor_reset", now, user=user, before={"by": held})
        for hook in on_reset:
            hook(user, actor, now)
    return user


def requires_second_factor(unit: Unit) -> bool:
    """Whether this very unit asks it of those who hold a weighty right in it or below."""
    row = db.session.get(UnitSettings, (unit.id, _POLICY))
    return bool(row and row.value.get("required"))


def require_second_factor(actor: Actor, unit_id: str, required: bool, *, now: datetime) -> Unit:
    """Ask it, or no longer. Raises Conflict for an administrator without one: they would lock themselves out."""
    with atomic():
        unit = unit_for(actor, "security.manage", unit_id)
        if required and not actor.system and not kinds_of(actor.user_id):
            raise Conflict(N_("没有保存。您自己还没有启用两步验证。请先在个人设置里启用，再作规定。"))
        row = db.session.get(UnitSettings, (unit.id, _POLICY))
        before = bool(row and row.value.get("required"))
        if row is None:
            row = UnitSettings(unit_id=unit.id, key=_POLICY)
            db.session.add(row)
        row.value = {"required": required}
        if before != required:
            record(
                actor,
                "unit.second_factor",
                now=now,
                object_type="unit",
                object_id=unit.id,
                unit_id=unit.id,
                summary=unit.name,
                before={"required": before},
                after={"required": required},
            )
    return unit


def asked_of(actor: Actor) -> bool:
    """Whether a unit asks a second factor of this person, for a weighty right held in it or below."""
    asking = select(Unit.path, UnitSettings.value).join(Unit, Unit.id == UnitSettings.unit_id)
    rows = db.session.execute(asking.where(UnitSettings.key == _POLICY)).all()
    paths = [path for path, value in rows if value.get("required")]
    held = {path for key in WEIGHTY for path in actor.paths(key)} if paths else set()
    return any(mine.startswith(path) for mine in held for path in paths)


def lacking(unit: Unit) -> list[User]:
    """Active people of this unit and those below without a second factor, by name."""
    having = union(select(SecondFactor.user_id).where(SecondFactor.confirmed_at.is_not(None)), select(Passkey.user_id))
    people = select(User).join(Unit, Unit.id == User.unit_id).where(User.active, User.id.not_in(having))
    return list(db.session.scalars(people.where(Unit.path.startswith(unit.path, autoescape=True)).order_by(User.name)))


def tell_owner(actor: Actor, action: str, now: datetime) -> None:
    """Whoever did it at an open screen is perhaps not its owner. Inside atomic()."""
    tell(db.session.get_one(User, actor.user_id), action, now)


def tell(user: User, action: str, now: datetime) -> None:
    """The person, of a change to what they sign in with, whoever made it. Inside atomic()."""
    for hook in on_own_change:
        hook(user, action, now)


def _record(
    actor: Actor,
    action: str,
    now: datetime,
    *,
    user: User | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    of = user or db.session.get_one(User, actor.user_id)
    record(
        actor,
        action,
        now=now,
        object_type="user",
        object_id=of.id,
        unit_id=of.unit_id,
        summary=of.name,
        before=before,
        after=after,
    )
