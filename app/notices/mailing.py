"""通知邮箱: the address where one person gets notices by e-mail, proved by a code that is mailed there, and what comes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from app.audit import services as audit
from app.config import current
from app.db import atomic, db, new_id, release
from app.errors import Conflict, Invalid, TooMany
from app.notices import sending
from app.notices.groups import CHOICES, GROUPS, NEVER, group_of
from app.notices.models import Delivery, MailAddress, Notice
from app.notices.outbox import tell
from app.units.access import Actor
from app.units.models import User
from app.words import N_

CODE_DIGITS = 8
CODE_LIVES = timedelta(minutes=30)
MOST_WRONG = 5
# Between two codes, and how many on one day: to whatever address, they come from us.
PAUSE, MOST_A_DAY = timedelta(minutes=1), 10
_LONGEST = 200


def mail_of(actor: Actor) -> MailAddress:
    """This person's own; an empty one (not in the database) when they never asked for any."""
    return db.session.get(MailAddress, actor.user_id) or MailAddress(user_id=actor.user_id, choices={})


def last_mail(actor: Actor) -> Delivery | None:
    """The newest mail to this person that went out or is in trouble, to show how it went."""
    query = select(Delivery).where(Delivery.user_id == actor.user_id, Delivery.attempts > 0)
    return db.session.scalars(query.order_by(Delivery.id.desc()).limit(1)).first()


def code_waits(row: MailAddress, now: datetime) -> bool:
    """Whether a code was mailed that is still good."""
    good = row.code_sent_at is not None and now < row.code_sent_at + CODE_LIVES
    return bool(row.wanted and row.code_digest and good)


def ask_address(actor: Actor, address: str, *, now: datetime) -> str:
    """Mail a code to `address`, which gets nothing else before confirm_address(); "" when the mail was taken, else in
    Chinese why not. Until then an address that was proved before stays in use.

    Raises Invalid, Conflict (no mail server), TooMany. No transaction is open while the mail is sent.
    """
    address = address.strip()
    _check(address)
    code = "".join(secrets.choice("0123456789") for _digit in range(CODE_DIGITS))
    with atomic():
        row = _locked(actor)
        _count(row, now)
        row.wanted, row.code_digest = address, _digest(actor.user_id, address, code)
        row.code_sent_at, row.wrong_codes = now, 0
        _record(actor, "mail.ask", f"申请通知邮箱：{shown(address)}", now)
    release()
    message = sending.Message(
        event_id=f"code-{actor.user_id}-{int(now.timestamp())}",
        kind="code",
        title="确认通知邮箱",
        body=(
            f"验证码：{code}\n\n{actor.name}在 Tandem 中申请用这个邮箱接收通知。请在 30 分钟内到“个人设置 · 邮件通知”填写。"
            "不是您本人申请的，不用理会，这个邮箱不会收到别的邮件。"
        ),
        path="/settings/profile",
        at=now,
    )
    return sending.send("email", address, message)


def confirm_address(actor: Actor, code: str, *, now: datetime) -> MailAddress:
    """With the code that came: from now on notices go there. Raises Invalid, Conflict (no code waits)."""
    with atomic():
        row = _locked(actor)
        if not code_waits(row, now):
            raise Conflict(N_("没有确认。验证码已过期、已作废，或还没有申请。请重新发送验证码。"))
        right = hmac.compare_digest(row.code_digest, _digest(actor.user_id, row.wanted, "".join(code.split())))
        if right:
            row.address, row.verified_at = row.wanted, now
            row.wanted, row.code_digest, row.code_sent_at = "", "", None
            _record(actor, "mail.confirm", f"启用通知邮箱：{shown(row.address)}", now)
            _tell_owner(actor, f"通知邮件改发到{shown(row.address)}", now)
            return row
        row.wrong_codes += 1
        over = row.wrong_codes >= MOST_WRONG
        if over:
            row.code_digest = ""
    if over:
        raise Invalid(N_("没有确认。验证码连续输错，已作废。请重新发送验证码。"))
    raise Invalid(N_("没有确认。验证码不对。请核对最近一封邮件里的 8 位数字。"))


def remove_address(actor: Actor, *, now: datetime) -> None:
    """Neither the one in use nor the one asked for; what waits to be mailed is not. Choices are kept."""
    with atomic():
        row = _locked(actor)
        had = row.address
        row.address, row.verified_at = "", None
        row.wanted, row.code_digest, row.code_sent_at = "", "", None
        _drop_waiting(actor.user_id, [group.key for group in GROUPS])
        if had:
            _record(actor, "mail.remove", f"停用通知邮箱：{shown(had)}", now)
            _tell_owner(actor, "通知邮件已停发", now)


def choose(actor: Actor, choices: Mapping[str, str], *, now: datetime) -> None:
    """{group: now | daily | never}; groups not named keep theirs. Raises Invalid."""
    known = {group.key for group in GROUPS}
    if any(key not in known or choice not in CHOICES for key, choice in choices.items()):
        raise Invalid(N_("没有保存。没有这种选择。请刷新页面后重新选择。"))
    with atomic():
        row = _locked(actor)
        before = chosen(row)
        row.choices = {**row.choices, **choices}
        _drop_waiting(actor.user_id, [key for key, choice in choices.items() if choice == NEVER])
        after = chosen(row)
        if after != before:
            _record(actor, "mail.choose", "选择哪些通知发邮件", now, before=before, after=after)


def chosen(row: MailAddress) -> dict[str, str]:
    """{group: what holds}."""
    return {group.key: row.choices.get(group.key, group.usual) for group in GROUPS}


def shown(address: str) -> str:
    """As the audit log has it: w***@example.cn."""
    name, _at, host = address.partition("@")
    return f"{name[:1]}***@{host}"


def _check(address: str) -> None:
    parts = address.split("@")
    plain = address.isascii() and address.isprintable() and not any(mark in address for mark in " ,;:<>\"'()[]\\")
    if not (plain and len(address) <= _LONGEST and len(parts) == 2 and all(parts) and "." in parts[1]):
        words = N_("没有发送。邮箱格式不对。请填写一个完整的邮箱地址，例如 wangmin@example.gov.cn。")
        raise Invalid(words, errors={"address": ["请填写一个完整的邮箱地址。"]})
    if not current().smtp_url:
        raise Conflict(N_("没有发送。本系统没有配置发信服务器。请系统管理员设置 TANDEM_SMTP_URL。"))


def _count(row: MailAddress, now: datetime) -> None:
    if row.code_sent_at is not None and now < row.code_sent_at + PAUSE:
        raise TooMany(N_("没有再发。一分钟内刚发过验证码。请先查收，垃圾邮件箱也看一下；没有收到再重发。"))
    if row.counted_from is None or now >= row.counted_from + timedelta(days=1):
        row.counted_from, row.codes_sent = now, 0
    if row.codes_sent >= MOST_A_DAY:
        raise TooMany(N_("没有再发。今天发的验证码太多了。请明天再试，或请系统管理员检查发信服务器。"))
    row.codes_sent += 1


def _locked(actor: Actor) -> MailAddress:
    """The row, made where there is none. The person's own row is locked: two first ones come one after the other."""
    db.session.get_one(User, actor.user_id, with_for_update=True)
    row = db.session.get(MailAddress, actor.user_id, populate_existing=True)
    if row is None:
        row = MailAddress(user_id=actor.user_id, choices={})
        db.session.add(row)
        db.session.flush()
    return row


def _drop_waiting(user_id: str, groups: list[str]) -> None:
    waiting = select(Delivery.id, Notice.kind).join(Notice, Notice.id == Delivery.notice_id)
    found = db.session.execute(waiting.where(Delivery.user_id == user_id, Delivery.status == "pending")).all()
    gone = [row.id for row in found if group_of(row.kind).key in groups]
    db.session.execute(delete(Delivery).where(Delivery.id.in_(gone)))


def _digest(user_id: str, address: str, code: str) -> str:
    key = current().secret_key.encode()
    return hmac.new(key, f"mail:{user_id}:{address}:{code}".encode(), hashlib.sha256).hexdigest()


def _tell_owner(actor: Actor, title: str, now: datetime) -> None:
    """Whoever did it at an open screen is perhaps not its owner."""
    user = db.session.get_one(User, actor.user_id)
    tell(
        key=f"mail:{user.id}:{new_id()}",
        kind="trust",
        level="info",
        unit_id=user.unit_id,
        user_id=user.id,
        title=title,
        body="如果不是您本人操作，请立即修改密码、退出其他登录，并联系本单位管理员。",
        path="/settings/profile",
        now=now,
    )


def _record(
    actor: Actor,
    action: str,
    summary: str,
    now: datetime,
    *,
    before: Mapping[str, str] | None = None,
    after: Mapping[str, str] | None = None,
) -> None:
    audit.record(
        actor,
        action,
        now=now,
        object_type="user",
        object_id=actor.user_id,
        unit_id=actor.unit_id,
        summary=summary,
        before=before,
        after=after,
    )
