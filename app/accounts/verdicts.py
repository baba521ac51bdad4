"""What is known of an account's rights, put together from probes and from the pushes that came; and its status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import defer

from app.accounts.advice import RIGHTS
from app.accounts.forms import PLATFORMS
from app.accounts.models import Account
from app.db import atomic, db
from app.words import N_
from connectors.errors import Forged, NotEntitled
from connectors.values import Right

CALLBACK, SECRET = "callback", "secret"
_CAME = N_("收到过平台的推送，签名正确。")
_CHECKED = N_("平台连通过这个回调网址，但现有密钥还没有核验过推送：密钥对不对，收到下一条推送时才知道。")
_COMPARE = N_("请确认账号设置中的密钥与平台上填写的一致。")
_NEVER = N_("还没有收到过推送，收到第一条时验证。")
_SECRET = N_("请核对账号设置中回调签名所用的密钥（微博为 App Secret），更正后让平台重新推送。")
_WORKED = N_("用它成功发布过。")
_RESTS = N_("用它成功发布过；访问令牌恢复后照旧可用。")
_WAITS = N_("访问令牌失效，现在测不了；令牌恢复后自动重测。")
_DOUBTED = N_("平台通知说这个账号的授权已被取消，正在核实。")
_DOUBTED_REMEDY = N_("确实取消过的，请用本账号重新授权；没有取消过的，核实后自动恢复。")
# Known without a token; and what is not true any more when it is dead.
_WITHOUT_TOKEN, _ENDS_WITH_IT = frozenset({"operator_ip", "safe_domain"}), frozenset({"expiry", SECRET})
_ADMIN = N_("系统管理员")
_AGAIN = "补齐后再发布一次即可证实，测试试不出来。"
# Refusals come as often as somebody sends them: noted once a minute.
_NOTED_EVERY = timedelta(minutes=1)

Row = dict[str, Any]


def row(right: Right) -> Row:
    """As it is stored; what follows the remedy only the screen tells of."""
    plain = {"key": right.key, "ok": right.ok, "detail": right.detail, "remedy": right.remedy}
    told = {**plain, "who": right.who, "unlisted": right.unlisted, "confirming": right.confirming}
    told |= {"elsewhere": True} if right.elsewhere else {}
    return {**told, "until": right.until.isoformat()} if right.until is not None else told


def merged(before: Sequence[Mapping[str, Any]], found: Sequence[Right]) -> list[Row]:
    """What a probe found; where the platform could not be asked this time, what was known before."""
    known = {right["key"]: dict(right) for right in before}
    if not found[0].asked and found[0].key in known:
        return [dict(right) for right in before]
    if found[0].ok is False:
        return _without_token(known, found)
    known = {key: _awake(right) if found[0].ok else right for key, right in known.items()}
    told = [
        row(right) if _says_more(right, known.get(right.key)) else known.get(right.key, row(right)) for right in found
    ]
    if found[0].ok is None:
        # Without a word about the token nothing else was asked.
        told += [right for key, right in known.items() if key not in {each.key for each in found}]
    return told


def _without_token(known: Mapping[str, Row], found: Sequence[Right]) -> list[Row]:
    """What use has shown stands again with the token: no probe could show it anew. The rest is named, and waits for it."""
    told = {right.key: row(right) for right in found}
    for key, right in known.items():
        if _shown(right) or (key not in told and key not in _ENDS_WITH_IT):
            told[key] = _resting(right)
    return list(told.values())


def _says_more(found: Right, known: Mapping[str, Any] | None) -> bool:
    """What use has shown, or was denied to it, is not put in question by a probe that cannot try it."""
    return found.asked and not (found.ok is None and known is not None and _shown(known))


def _shown(known: Mapping[str, Any]) -> bool:
    return bool(known.get("used") or known.get("denied"))


def _resting(right: Row) -> Row:
    if right.get("used"):
        return {**right, "ok": None, "detail": _RESTS}
    if right.get("denied") or right["key"] in _WITHOUT_TOKEN:
        return right
    return {**row(Right(key=right["key"], ok=None, detail=_WAITS)), **({"ours": True} if _ours(right) else {})}


def _awake(right: Row) -> Row:
    return {**right, "ok": True, "detail": _WORKED} if right.get("used") else right


def note_use(account: Account, key: str) -> None:
    """Something went out by this right, which no probe can try. Inside atomic()."""
    if _open(account, key):
        account = _locked(account.id)
    if _open(account, key):
        _put(account, {**row(Right(key=key, ok=True, detail=_WORKED)), "used": True})
        account.status = status_of(account.rights)


def note_denied(account_id: str, key: str, error: NotEntitled, now: datetime) -> None:
    """Using this right ("": another call on the way) was refused for want of a right. Where no probe can try it, that is the
    answer, until use or other settings show better; what else is the matter a probe asks at the scheduler's next turn."""
    if error.whole:
        # Of the account: see probing.note_refused.
        return
    with atomic():
        account = _locked(account_id)
        key = error.right or key
        present = next((right for right in account.rights if right["key"] == key), None)
        known = present is not None or key in RIGHTS
        if known and (present is None or present["ok"] is None or present.get("used")):
            said = Right(key=key, ok=False, detail=error.cause, remedy=f"{error.remedy}{_AGAIN}", who=error.who)
            account.rights = account.rights if present else [*account.rights, row(said)]
            _put(account, {**row(said), "denied": True})
            account.status = status_of(account.rights)
        account.probe_requested_at = account.probe_requested_at or now


def note_doubt(account: Account, now: datetime) -> None:
    """Somebody who signs nothing says that the authorisation was taken back: no longer called valid, until the platform is
    asked. Inside atomic()."""
    first = account.rights[0] if account.rights else None
    if first is not None and first["key"] == "token" and (first["ok"] is True or first.get("doubted_at")):
        said = Right(key="token", ok=None, detail=_DOUBTED, remedy=_DOUBTED_REMEDY)
        account.rights = [
            {**row(said), "doubted_at": now.isoformat(), "before": _undoubted(first)},
            *account.rights[1:],
        ]
        account.status = status_of(account.rights)


def note_answered(account_id: str, begun: datetime) -> None:
    """A call that began at `begun` was answered: an authorisation that was in doubt before then is not dead."""
    account = db.session.get(Account, account_id, populate_existing=True)
    if account is None or not _doubted_before(account, begun):
        return
    with atomic():
        account = _locked(account_id)
        if _doubted_before(account, begun):
            account.rights = [_undoubted(account.rights[0]), *account.rights[1:]]
            judge(account)


def _doubted_before(account: Account, begun: datetime) -> bool:
    at = account.rights[0].get("doubted_at") if account.rights else None
    return at is not None and datetime.fromisoformat(at) < begun


def _undoubted(token: Row) -> Row:
    return dict(token.get("before") or token)


def note_secret(account_id: str, error: NotEntitled) -> None:
    """The platform refused the app's secret as it was to grant an authorisation: so it is said until other credentials, an
    authorisation or a test show better."""
    with atomic():
        account = _locked(account_id)
        said = Right(key=SECRET, ok=False, detail=error.cause, remedy=error.remedy, who=error.who)
        account.rights = [*(right for right in account.rights if right["key"] != SECRET), row(said)]


def forget_denials(account: Account) -> None:
    """Other settings: what was denied under the old ones the next probe may put in question. Inside atomic()."""
    account.rights = [
        {**{key: value for key, value in right.items() if key != "denied"}, "ok": None}
        if right.get("denied")
        else right
        for right in account.rights
    ]
    account.status = status_of(account.rights)


def _open(account: Account, key: str) -> bool:
    return any(right["key"] == key and (right["ok"] is None or right.get("denied")) for right in account.rights)


def _put(account: Account, shown: Row) -> None:
    account.rights = [shown if right["key"] == shown["key"] else right for right in account.rights]


def _locked(account_id: str) -> Account:
    """As it stands now, until the transaction ends changed by nobody else; its secrets are not opened. Inside atomic()."""
    query = select(Account).where(Account.id == account_id).options(defer(Account.credentials))
    # FOR NO KEY UPDATE: rows that only refer to the account need not wait.
    query = query.with_for_update(key_share=True, of=Account).execution_options(populate_existing=True)
    return db.session.scalars(query).one()


def judge(account: Account) -> None:
    """The right to be told by pushes, as what came shows it, and the account's status by all its rights. Inside atomic().

    No call at the platform tells whether the secret of the signatures is right. Where the connector tests the callback
    itself, its verdict stands where it is bad, or while no push has come.
    """
    if account.rights and account.rights[0]["ok"] is True:
        rest = [right for right in account.rights if right["key"] != CALLBACK]
        tested = next((right for right in account.rights if right["key"] == CALLBACK and not _ours(right)), None)
        account.rights = [*rest, _callback(account, tested)]
    account.status = status_of(account.rights)


def _callback(account: Account, tested: Row | None) -> Row:
    refused, proven_at = account.callback_refused_at, account.callback_proven_at
    if refused is not None:
        remedy, who = mending(account)
        said = Right(key=CALLBACK, ok=False, detail=account.callback_refusal, remedy=remedy, who=who)
        return {**row(said), "ours": True}
    if tested is not None and tested["ok"] is False:
        return tested
    if proven_at is not None:
        return {**row(Right(key=CALLBACK, ok=True, detail=_CAME)), "ours": True}
    if account.last_callback_at is not None:
        return {**row(Right(key=CALLBACK, ok=None, detail=_CHECKED, remedy=_COMPARE)), "ours": True}
    return tested or {**row(Right(key=CALLBACK, ok=None, detail=_NEVER)), "ours": True}


def mending(account: Account) -> tuple[str, str]:
    """What to do about a push that was refused, and who must (Chinese)."""
    return account.callback_remedy or _SECRET, account.callback_who or _ADMIN


def _ours(right: Mapping[str, Any]) -> bool:
    # Those of earlier versions bear no mark.
    return bool(right.get("ours")) or right["detail"] in (_CAME, _NEVER) or right["remedy"] == _SECRET


def note_push(account_id: str, now: datetime, shown: Mapping[str, str] | None) -> None:
    """The platform came with a right signature: that proves the address, and the keys `shown`, whatever was said before.

    A check of the address (None) proves not all keys: what was refused before it may be well by now, which the next push
    shows. Inside atomic().
    """
    account = _locked(account_id)
    # Loaded before the lock, they may be those from before a change that it waited for.
    db.session.expire(account, ["credentials", "open_credentials"])
    if shown is not None and any(
        shown.get(name) != account.known.get(name) for name in PLATFORMS[account.platform].signing
    ):
        # Known by keys that were changed meanwhile.
        return
    if shown is not None:
        account.callback_proven_at = now
    elif account.callback_refused_at is not None:
        account.callback_proven_at = None
    _forget_refusal(account)
    account.last_callback_at = now
    if account.rights and account.rights[0]["ok"] is True:
        # Whether the host was found when it was last tested does not matter any more: it was.
        account.rights = [right for right in account.rights if right["key"] != CALLBACK]
        judge(account)


def forget_pushes(account: Account) -> None:
    """What pushes are known by was changed: neither what came nor what was refused says anything of it. Inside atomic()."""
    account.callback_proven_at = None
    _forget_refusal(account)
    if account.rights:
        judge(account)


def _forget_refusal(account: Account) -> None:
    account.callback_refused_at, account.callback_refusal = None, ""
    account.callback_remedy = account.callback_who = ""


def proven(account: Account) -> bool:
    """Whether the right to be told by pushes is known to stand."""
    shown = next((right for right in account.rights if right["key"] == CALLBACK), None)
    stands = account.callback_proven_at is not None and account.callback_refused_at is None
    return stands and (shown is None or shown["ok"] is True)


def status_of(rights: Sequence[Mapping[str, Any]]) -> str:
    """refused: no token, nothing works; limited: some right is missing; unknown: could not be asked; else ok."""
    token = next((right for right in rights if right["key"] == "token"), None)
    if token is not None and token["ok"] is False:
        return "refused"
    if token is None or token["ok"] is None:
        return "unknown"
    return "limited" if any(right["ok"] is False for right in rights) else "ok"


def note_refusal(account_id: str, error: Forged, now: datetime) -> bool:
    """A push came whose signature does not fit: with a wrong secret that is all that ever comes. Whether that is news: until
    then pushes were taken, or none came."""
    known = db.session.get(Account, account_id, populate_existing=True)
    if known is None or (known.callback_refused_at is not None and now - known.callback_refused_at < _NOTED_EVERY):
        return False
    with atomic():
        account = _locked(account_id)
        news = account.callback_refused_at is None
        account.callback_refused_at, account.callback_refusal = now, error.cause
        account.callback_remedy, account.callback_who = error.remedy, error.who
        if account.rights:
            judge(account)
    return news
