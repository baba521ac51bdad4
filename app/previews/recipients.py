"""Where a person's own previews go: remembered with every preview that arrived, changed and deleted in the settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from app.accounts.connections import capabilities
from app.accounts.forms import PLATFORMS
from app.accounts.models import Account
from app.audit.services import record
from app.db import atomic, db, insert_for
from app.errors import Invalid
from app.previews.models import PreviewRecipient
from app.units.access import Actor
from app.words import N_
from connectors.values import PreviewRule

# The words of the rules, marked for translation here: connectors know nothing of languages.
WORDS = (N_("微信号"), N_("在微信的“我”页面可以看到；不是昵称，也不是手机号。须先关注这个公众号。"))


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A platform on which previews can be sent to a phone, with its words, and what the person gave for it."""

    platform: str
    label: str
    rule: PreviewRule
    recipient: str


def rules() -> dict[str, PreviewRule]:
    """{platform: its rule} where any mode of account allows previews."""
    found: dict[str, PreviewRule] = {}
    for key, platform in PLATFORMS.items():
        for mode in platform.modes:
            rule = capabilities(_example(key, mode.key)).preview
            if rule is not None:
                found.setdefault(key, rule)
    return found


def kinds(actor: Actor) -> list[Kind]:
    """What the settings page asks for."""
    given = recipients_of(actor)
    return [
        Kind(platform=key, label=PLATFORMS[key].label, rule=rule, recipient=given.get(key, ""))
        for key, rule in rules().items()
    ]


def recipients_of(actor: Actor) -> dict[str, str]:
    """{platform: id} of the person."""
    rows = db.session.execute(
        select(PreviewRecipient.platform, PreviewRecipient.recipient).where(PreviewRecipient.user_id == actor.user_id)
    )
    return {row.platform: row.recipient for row in rows}


def checked(recipient: str, rule: PreviewRule) -> str:
    """`recipient` without blanks around it. Raises Invalid where it cannot be one."""
    tidy = recipient.strip()
    if not re.fullmatch(rule.pattern, tidy):
        said = f"请填写{rule.recipient}。{rule.hint}" if not tidy else f"这不是{rule.recipient}。{rule.hint}"
        raise Invalid(f"没有保存，也没有发出。{rule.recipient}不对。请核对后重填。", errors={"recipient": [said]})
    return tidy


def remember(actor: Actor, platform: str, recipient: str, now: datetime) -> None:
    """Keep it for next time; an empty one is forgotten. Raises Invalid."""
    rule = rules().get(platform)
    if rule is None:
        raise Invalid("没有保存。这个平台不能发手机预览。请选择别的平台。")
    given = checked(recipient, rule) if recipient.strip() else ""
    with atomic():
        mine = (PreviewRecipient.user_id == actor.user_id, PreviewRecipient.platform == platform)
        had = db.session.scalar(select(PreviewRecipient.recipient).where(*mine)) or ""
        if given == had:
            return
        if given:
            keep(actor.user_id, platform, given, now)
        else:
            db.session.execute(delete(PreviewRecipient).where(*mine))
        record(
            actor,
            "preview.recipient",
            now=now,
            object_type="user",
            object_id=actor.user_id,
            unit_id=actor.unit_id,
            summary=f"修改自己在{PLATFORMS[platform].label}的预览接收号",
            # That one is kept and not which: it is a private address.
            before={"platform": platform, "kept": bool(had)},
            after={"platform": platform, "kept": bool(given)},
        )


def keep(user_id: str, platform: str, recipient: str, now: datetime) -> None:
    """A checked id, in the caller's transaction. Two of a person's previews may arrive at one moment."""
    values = {"recipient": recipient, "updated_at": now}
    db.session.execute(
        insert_for(PreviewRecipient)
        .values(user_id=user_id, platform=platform, **values)
        .on_conflict_do_update(index_elements=["user_id", "platform"], set_=values)
    )


def _example(platform: str, mode: str) -> Account:
    return Account(
        id="", platform=platform, external_id="", name="", environment="live", mode=mode, credentials={}, settings={}
    )
