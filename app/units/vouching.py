"""Signing in, and proving to be there, on the word of the identity platform. Nobody gets an account by it: whoever comes is a
person who is here already, and an administrator has said so."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.exc import IntegrityError

from app.audit.services import record
from app.db import atomic, db, utcnow
from app.errors import Unauthenticated
from app.units.access import Actor, actor_for
from app.units.addresses import note_failure
from app.units.factors import PROVIDER, PROVIDER_MFA, kinds_of
from app.units.models import Identity, IdentityProvider, User
from app.units.provider import allows
from app.units.second_factor import tell
from app.units.sign_in import Recognised, find_user, half_signed_in, proved, signed_in
from app.words import N_
from connectors.openid.values import Vouched

# Who holds one of these is never let in because of an address: an administrator names them on their page.
BY_NAME_ONLY = frozenset(
    {"account.manage", "event.read", "review.configure", "role.manage", "security.manage", "unit.manage", "user.manage"}
)
# When the platform does not say when the person signed in there: too long ago to count as being here.
_LONG_AGO = timedelta(days=1)

REASONS = {
    "unlisted": N_(
        "没有登录。身份平台认得您，但这里没有登记您的这个身份。这里不开放注册。请把下面的标识告诉本单位管理员，请其在您的成员页面登记。"
    ),
    "unverified": N_(
        "没有登录。身份平台没有确认您的邮箱是您本人的，不能据此认人。请先在身份平台验证邮箱，或请本单位管理员按标识登记。"
    ),
    "by_name_only": N_(
        "没有登录。您在这里有管理权限，不能只凭邮箱认人。请把下面的标识告诉另一位管理员，请其在您的成员页面登记。"
    ),
    "bound_otherwise": N_(
        "没有登录。您在这里的账户登记的是身份平台上的另一个身份。请换那个身份登录；确已更换的，请本单位管理员重新登记。"
    ),
    "inactive": N_("没有登录。您在这里的账户已停用。请联系本单位管理员恢复。"),
}
_NOT_YOU = N_("没有通过。身份平台验证的不是这个账户登记的身份。请换成您自己的身份重新验证，或改用其他方式。")
_NEEDS_MORE = N_(
    "没有通过。您须经过多重验证，身份平台这次没有证明。请在它的页面上完成多重验证，或输入本系统的验证码、用通行密钥。"
)


class NotListed(Unauthenticated):
    """The platform knows them, we do not take them; `reason`: of REASONS, `shown`: what to tell an administrator."""

    def __init__(self, reason: str, shown: str) -> None:
        super().__init__(REASONS[reason])
        self.reason, self.shown = reason, shown


def recognise(vouched: Vouched, row: IdentityProvider, *, origin: str, now: datetime) -> Recognised:
    """Whom the platform vouched for; `how` "": a second step follows, as after the right password. Raises NotListed."""
    try:
        return _recognise(vouched, row, origin, now)
    except IntegrityError:
        # Another first sign-in with this very identity came between: now it is known whose it is.
        return _recognise(vouched, row, origin, now)


def _recognise(vouched: Vouched, row: IdentityProvider, origin: str, now: datetime) -> Recognised:
    with atomic():
        found = _found(vouched, row)
        if isinstance(found, Identity):
            user = db.session.get_one(User, found.user_id, with_for_update=True, populate_existing=True)
            # Looked at again behind the lock, which whoever lists or unbinds has, too.
            found = _found(vouched, row)
            if isinstance(found, Identity) and found.user_id == user.id and user.active:
                return _recognised(user, found, vouched, row, origin, now)
            found = found if isinstance(found, str) else "inactive" if not user.active else "unlisted"
        _note(found, vouched, row, origin, now)
    raise NotListed(found, vouched.value(row.claim) or vouched.subject)


def _recognised(
    user: User, identity: Identity, vouched: Vouched, row: IdentityProvider, origin: str, now: datetime
) -> Recognised:
    if identity.subject is None:
        _bind(user, identity, vouched, row, origin, now)
    identity.last_used_at = now
    how = _how(user.id, vouched, row)
    if how:
        signed_in(user, how, origin=origin, now=now)
    else:
        half_signed_in(user, "user.half_vouched", origin=origin, now=now)
    return Recognised(user=user, how=how, epoch=user.session_epoch)


def _bind(user: User, identity: Identity, vouched: Vouched, row: IdentityProvider, origin: str, now: datetime) -> None:
    """Theirs for good from this first sign-in on; they are told."""
    identity.subject, identity.bound_at = vouched.subject, now
    if identity not in db.session:
        # One of an earlier platform would stand in the way.
        db.session.execute(delete(Identity).where(Identity.user_id == user.id))
        db.session.add(identity)
    after = {"by": row.name, "listed": identity.listed or "", "email": "" if identity.listed else user.email}
    _record(actor_for(user, origin=origin), "user.identity_bind", user, now, after)
    tell(user, "user.identity_bind", now)


def _how(user_id: str, vouched: Vouched, row: IdentityProvider) -> str:
    """Whoever has a second factor here shows it here, unless the platform says so and is trusted in that."""
    if row.trusts_mfa and vouched.multi_factor:
        return PROVIDER_MFA
    return "" if kinds_of(user_id) else PROVIDER


def proven_at(vouched: Vouched, now: datetime) -> datetime:
    """When the person was last there: the platform may know their browser from hours ago and ask nothing."""
    ago = vouched.signed_in_ago
    return now - (_LONG_AGO if ago is None else min(timedelta(seconds=ago), _LONG_AGO))


def prove(actor: Actor, vouched: Vouched, row: IdentityProvider, *, several: bool, now: datetime) -> None:
    """A signed-in person has just signed in at the platform anew. `several`: only more than one factor will do.

    Raises Unauthenticated for somebody else, or where a second factor is asked for that the platform did not show.
    """
    found = _bound(vouched)
    mine = found is not None and found.user_id == actor.user_id
    how = _how(actor.user_id, vouched, row) if mine else ""
    if how == PROVIDER_MFA or (how and not several):
        return proved(actor, how, now=now)
    with atomic():
        reason = "second_factor" if mine else "somebody_else"
        _record(
            actor, "user.proof_failed", db.session.get_one(User, actor.user_id), now, {"by": row.name, "why": reason}
        )
    raise Unauthenticated(_NEEDS_MORE if mine else _NOT_YOU)


def note_fault(reason: str, row: IdentityProvider, *, origin: str, now: datetime) -> None:
    """Written down: a sign-in through the platform came to nothing, and nobody knows whose it was. `reason`: a code."""
    with atomic():
        _note(reason, None, row, origin, now)


def _bound(vouched: Vouched) -> Identity | None:
    return _one(Identity.issuer == vouched.issuer, Identity.subject == vouched.subject)


def _one(*whose: ColumnElement[bool]) -> Identity | None:
    return db.session.scalars(select(Identity).where(*whose).execution_options(populate_existing=True)).one_or_none()


def _found(vouched: Vouched, row: IdentityProvider) -> Identity | str:
    """The identity that signs in, perhaps one to be bound now (`subject` None), or why none does: of REASONS."""
    bound = _bound(vouched)
    if bound is not None:
        return bound
    value = vouched.value(row.claim)
    listed = _one(Identity.issuer == vouched.issuer, Identity.listed == value) if value else None
    if listed is not None:
        return listed if listed.subject is None else "bound_otherwise"
    return _by_email(vouched, row)


def _by_email(vouched: Vouched, row: IdentityProvider) -> Identity | str:
    """By an address of the allow-list which the platform has verified and which is a person's own here."""
    email = vouched.verified_email
    if not email:
        return "unverified" if row.allowed and vouched.claims.get("email") else "unlisted"
    covered, user = allows(row, email), find_user(email)
    if not covered or user is None or not user.active:
        return "unlisted"
    if any(actor_for(user).holds(key) for key in BY_NAME_ONLY):
        # Whoever writes the list would else become them, by a platform of their own.
        return "by_name_only"
    known = _one(Identity.user_id == user.id, Identity.issuer == row.issuer)
    if known is not None:
        # An administrator named another one, or another one was first.
        return "bound_otherwise"
    return Identity(user_id=user.id, issuer=row.issuer, created_at=utcnow())


def _note(reason: str, vouched: Vouched | None, row: IdentityProvider, origin: str, now: datetime) -> None:
    note_failure(origin, now)
    told = {"why": reason}
    if vouched is not None:
        # Enough to tell one from another, not who it is: the log is for good.
        told["identity"] = sha256(f"{vouched.issuer} {vouched.subject}".encode()).hexdigest()[:16]
    record(
        Actor(user_id="", name="", origin=origin),
        "provider.refuse",
        now=now,
        object_type="provider",
        object_id=row.id,
        summary=row.name,
        after=told,
    )


def _record(who: Actor, action: str, user: User, now: datetime, after: dict[str, str]) -> None:
    record(
        who,
        action,
        now=now,
        object_type="user",
        object_id=user.id,
        unit_id=user.unit_id,
        summary=user.name,
        after=after,
    )
