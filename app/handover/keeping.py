"""Accounts, conversations, alarms, and what a person signs in with, of somebody who leaves."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, delete, func, select

from app.accounts.models import Account
from app.accounts.services import may_answer_for
from app.audit.services import record
from app.db import db
from app.handover.giving import receiver_of, record_gift
from app.handover.kinds import END, GIVE, RELEASE, STAY, Gift, Item, Kind
from app.inbox.models import Conversation, HeldReply, Message
from app.inbox.working import can_answer
from app.notices.models import AlertChannel
from app.previews.models import PreviewRecipient
from app.sealing import closed
from app.units.access import actor_for
from app.units.factors import PASSKEY, TOTP, kinds_of
from app.units.identities import identity_of
from app.units.models import ApiToken, BrowserSession, Unit, User
from app.units.roles import role_name
from app.words import N_


def _accounts(user: User, _now: datetime) -> list[Item]:
    return _items(select(Account).where(Account.responsible_id == user.id))


def _deputised(user: User, _now: datetime) -> list[Item]:
    return _items(select(Account).where(Account.deputy_id == user.id))


def _items(query: Select[Account]) -> list[Item]:
    return [
        Item(
            id=account.id,
            words=f"{PLATFORMS[account.platform]}账号“{account.name}”",
            masked="一个账号",
            detail=account.unit.name,
            path=f"/accounts/{account.id}",
            unit=account.unit,
            see="account.read",
            row=account,
        )
        for account in db.session.scalars(query.order_by(Account.name, Account.id))
    ]


PLATFORMS = {"weibo": "微博", "wechat": "微信"}


def _why_no_account(item: Item, gift: Gift) -> str:
    account: Account = item.row
    if may_answer_for(receiver_of(gift), account.unit):
        return ""
    return f"不是“{account.unit.name}”的成员，也没有在它或上级查看账号的权限"


def _give_account(item: Item, gift: Gift) -> None:
    account = db.session.get_one(Account, item.id, with_for_update={"key_share": True}, populate_existing=True)
    account.responsible_id = receiver_of(gift).id
    if account.deputy_id == account.responsible_id:
        # One person is not both: the deputy moves up.
        account.deputy_id = None
    record_gift(gift, "account", account.id, account.unit_id, f"账号“{account.name}”的责任人")


def _why_no_deputy(item: Item, gift: Gift) -> str:
    account: Account = item.row
    if account.responsible_id == receiver_of(gift).id:
        return "已是这个账号的责任人"
    return _why_no_account(item, gift)


def _give_deputy(item: Item, gift: Gift) -> None:
    account = db.session.get_one(Account, item.id, with_for_update={"key_share": True}, populate_existing=True)
    # Who became responsible for it just now, by the same hand-over, stays that alone.
    to = receiver_of(gift).id
    account.deputy_id = None if account.responsible_id == to else to
    record_gift(gift, "account", account.id, account.unit_id, f"账号“{account.name}”的副责任人")


def _conversations(user: User, _now: datetime) -> list[Item]:
    """Named by account and day alone: a record that is printed tells of no citizen."""
    query = select(Conversation).where(Conversation.assignee_id == user.id, Conversation.status != "resolved")
    return [
        Item(
            id=talk.id,
            words=f"“{talk.account.name}”的一个会话",
            masked="一个会话",
            detail=f"最近来信 {talk.last_message_at:%Y-%m-%d}" + ("，待答复" if talk.waiting_since else ""),
            path=f"/inbox/{talk.id}",
            unit=talk.unit,
            see="inbox.read",
            row=talk,
        )
        for talk in db.session.scalars(query.order_by(Conversation.id))
    ]


def _why_no_conversation(item: Item, gift: Gift) -> str:
    talk: Conversation = item.row
    return "" if can_answer(receiver_of(gift), talk) else f"在“{talk.unit.name}”没有回复公众的权限"


def _give_conversation(item: Item, gift: Gift) -> None:
    talk = db.session.get_one(Conversation, item.id, with_for_update=True, populate_existing=True)
    talk.assignee_id = gift.receiver.id if gift.receiver is not None else None
    record(
        gift.actor,
        "conversation.assign",
        now=gift.now,
        object_type="conversation",
        object_id=talk.id,
        unit_id=talk.unit_id,
        summary=f"{gift.leaver.name}离任，" + (f"会话移交{gift.receiver.name}" if gift.receiver else "会话回到未分派"),
        before={"assignee_id": gift.leaver.id},
        after={"assignee_id": talk.assignee_id},
    )


def _replies(user: User, _now: datetime) -> list[Item]:
    unsettled = ("queued", "sending", "unknown", "failed")
    query = select(Message).where(Message.author_id == user.id, Message.direction == "out")
    rows = db.session.scalars(query.where(Message.status.in_(unsettled)).order_by(Message.id))
    held = select(HeldReply).where(
        HeldReply.author_id == user.id, HeldReply.status.in_(("awaiting_approval", "returned"))
    )
    waiting = [
        Item(
            id=row.id,
            words=f"“{row.conversation.account.name}”的一条{'待审核' if row.status != 'returned' else '被退回'}的回复",
            masked="一条回复",
            path=f"/inbox/{row.conversation_id}",
            unit=row.conversation.unit,
            see="inbox.read",
        )
        for row in db.session.scalars(held.order_by(HeldReply.id))
    ]
    return waiting + [
        Item(
            id=row.id,
            words=f"“{row.conversation.account.name}”的一条回复",
            masked="一条回复",
            path=f"/inbox/{row.conversation_id}",
            unit=row.conversation.unit,
            see="inbox.read",
        )
        for row in rows
    ]


def _channels(user: User, _now: datetime) -> list[Item]:
    query = select(AlertChannel).where(AlertChannel.kind == "email", AlertChannel.active).order_by(AlertChannel.id)
    found = []
    for channel in db.session.scalars(query):
        if not closed(channel.target) and channel.target.get("to", "").lower() == user.email:
            unit = db.session.get_one(Unit, channel.unit_id)
            words = f"“{unit.name}”的告警发到此人邮箱"
            found.append(Item(id=channel.id, words=words, masked="一个告警邮箱", unit=unit, see="unit.read", row=unit))
    return found


def _why_no_channel(item: Item, gift: Gift) -> str:
    unit: Unit = item.row
    return "" if actor_for(receiver_of(gift)).may("unit.read", unit) else f"在“{unit.name}”没有角色"


def _give_channel(item: Item, gift: Gift) -> None:
    channel = db.session.get_one(AlertChannel, item.id, with_for_update=True, populate_existing=True)
    channel.target = {"to": receiver_of(gift).email}
    record_gift(gift, "channel", channel.id, channel.unit_id, "接收告警的邮箱")


def _tokens(user: User, now: datetime) -> list[Item]:
    query = select(ApiToken).where(
        ApiToken.user_id == user.id, ApiToken.revoked_at.is_(None), ApiToken.expires_at > now
    )
    return [
        Item(id=row.id, words=f"接口令牌“{row.name or '未命名'}”", detail=f"有效至 {row.expires_at:%Y-%m-%d}")
        for row in db.session.scalars(query.order_by(ApiToken.id))
    ]


def _signing_in(user: User, _now: datetime) -> list[Item]:
    sessions = db.session.scalar(select(func.count()).where(BrowserSession.user_id == user.id)) or 0
    kinds = kinds_of(user.id)
    found = [Item(id="sessions", words=f"{sessions} 处登录")] if sessions else []
    found += [Item(id="totp", words="手机验证器")] if TOTP in kinds else []
    found += [Item(id="identity", words="统一身份登录")] if identity_of(user.id) is not None else []
    return found + ([Item(id="passkeys", words="通行密钥")] if PASSKEY in kinds else [])


def _recipients(user: User, _now: datetime) -> list[Item]:
    rows = db.session.scalars(select(PreviewRecipient).where(PreviewRecipient.user_id == user.id))
    return [Item(id=row.platform, words=f"{PLATFORMS.get(row.platform, row.platform)}预览接收号") for row in rows]


def _forget_recipient(item: Item, gift: Gift) -> None:
    theirs = (PreviewRecipient.user_id == gift.leaver.id, PreviewRecipient.platform == item.id)
    db.session.execute(delete(PreviewRecipient).where(*theirs))


def _roles(user: User, _now: datetime) -> list[Item]:
    return [
        Item(
            id=held.id,
            words=f"{role_name(held.role)}（{held.unit.name}）",
            masked="在其他单位的角色",
            unit=held.unit,
            see="unit.read",
        )
        for held in user.grants
    ]


KINDS = (
    Kind(
        key="accounts",
        title=N_("负责的账号"),
        act=GIVE,
        find=_accounts,
        taken=N_("责任人改为{name}"),
        why_not=_why_no_account,
        do=_give_account,
        row_of=lambda item: (Account, item.id),
    ),
    Kind(
        key="deputised",
        title=N_("担任副责任人的账号"),
        act=GIVE,
        find=_deputised,
        taken=N_("副责任人改为{name}"),
        why_not=_why_no_deputy,
        do=_give_deputy,
        row_of=lambda item: (Account, item.id),
    ),
    Kind(
        key="conversations",
        title=N_("分派给此人、没有办结的会话"),
        act=RELEASE,
        find=_conversations,
        taken=N_("改由{name}答复"),
        alone=N_("回到未分派"),
        why_not=_why_no_conversation,
        do=_give_conversation,
        row_of=lambda item: (Conversation, item.id),
    ),
    Kind(
        key="channels",
        title=N_("发到此人邮箱的告警"),
        act=GIVE,
        find=_channels,
        taken=N_("改发到{name}的邮箱"),
        why_not=_why_no_channel,
        do=_give_channel,
    ),
    Kind(
        key="replies",
        title=N_("没有送达的回复"),
        act=STAY,
        find=_replies,
        alone=N_("照常发送；待核实的由同事在会话里处理"),
    ),
    Kind(key="tokens", title=N_("接口令牌"), act=END, find=_tokens, alone=N_("立即停用，用它的程序须换令牌")),
    Kind(
        key="signing_in",
        title=N_("登录、验证器和通行密钥"),
        act=END,
        find=_signing_in,
        alone=N_("登录全部退出，停用后不能再用"),
    ),
    Kind(
        key="recipients",
        title=N_("个人的预览接收号"),
        act=END,
        find=_recipients,
        alone=N_("删除"),
        do=_forget_recipient,
    ),
    Kind(key="roles", title=N_("角色"), act=STAY, find=_roles, alone=N_("停用后不起作用")),
)
