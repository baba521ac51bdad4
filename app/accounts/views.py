"""The ledger of accounts and one account's page; connecting a new one is in wizard_views.py."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from app.accounts import advice, callbacks, connections, granting, readings, services
from app.accounts.forms import ENVIRONMENTS, PLATFORMS
from app.accounts.models import Account
from app.accounts.quotas import LABELS
from app.accounts.reading import credentials_of, local_time, setting_value, settings_of
from app.db import utcnow
from app.errors import Invalid
from app.units.permissions import current_actor, proven, requires
from app.web import _, in_words, local, people_time, settings

bp = Blueprint("accounts", __name__)

# Key of the browser's session: {id of an account whose proposed secrets are shown: their digest}. Cookies are no place
# for secrets.
SHOW_ONCE = "account_saved"

# Calls left for tests today from which on nobody needs to count them.
_PLENTY = 60


@bp.get("/accounts")
@requires("account.read")
def index() -> ResponseReturnValue:
    actor, now = current_actor(), utcnow()
    platform = request.args.get("platform", "")
    page = services.accounts_of(actor, platform=platform or None, cursor=request.args.get("cursor"), limit=100)
    quotas = services.main_quotas(page.items, now)
    rows = sorted(
        (_row(account, quotas) for account in page.items), key=lambda row: (row["unit"].path, row["account"].name)
    )
    return render_template(
        "accounts/index.html",
        groups=[(unit, list(members)) for unit, members in groupby(rows, key=lambda row: row["unit"])],
        page=page,
        platform=platform,
        platforms=PLATFORMS,
        advice=advice,
        now=now,
        may_manage=actor.holds("account.manage"),
    )


def _row(account: Account, quotas: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    able = connections.capabilities(account)
    return {
        "account": account,
        "unit": account.unit,
        "mode": PLATFORMS[account.platform].mode(account.mode),
        "quota": quotas.get(account.id),
        "missing": able.missing,
    }


@bp.get("/accounts/<account_id>")
@requires("account.read")
def show(account_id: str) -> ResponseReturnValue:
    return render_account(services.get_account(current_actor(), account_id))


def keep_showing(account: Account) -> None:
    """From now on this browser is shown what must be pasted on the platform's side, until the person says that it stands
    there: these values, not what somebody else may set later."""
    if shown := _proposed(account):
        session[SHOW_ONCE] = {**_showing(), account.id: _digest(shown)}


def once(account: Account) -> dict[str, str]:
    """{label: value} of the secrets that we proposed and that are still to be pasted at the platform."""
    shown = _proposed(account)
    return shown if _showing().get(account.id) == _digest(shown) else {}


def _showing() -> dict[str, str]:
    kept = session.get(SHOW_ONCE)
    return kept if isinstance(kept, dict) else {}


def _proposed(account: Account) -> dict[str, str]:
    kept = account.known
    fields = PLATFORMS[account.platform].fields
    return {field.label: kept[field.name] for field in fields if field.propose and kept.get(field.name)}


def _digest(shown: Mapping[str, str]) -> str:
    """Keyed: a cookie is readable, and what is digested here are secrets."""
    told = json.dumps(shown, sort_keys=True).encode()
    return hmac.new(settings().secret_key.encode(), told, hashlib.sha256).hexdigest()[:32]


@bp.post("/accounts/<account_id>/pasted")
@requires("account.manage")
def pasted(account_id: str) -> ResponseReturnValue:
    """The proposed secrets stand at the platform: they are not shown again."""
    services.get_account(current_actor(), account_id, key="account.manage")
    session[SHOW_ONCE] = {key: value for key, value in _showing().items() if key != account_id}
    return redirect(url_for("accounts.show", account_id=account_id))


def render_account(account: Account, *, refusal: Invalid | None = None, **more: Any) -> tuple[str, int]:
    """One account's page; with `refusal` the form as it was sent, and what is wrong with it; `unmoved`: why it did not go to
    another unit."""
    actor, now = current_actor(), utcnow()
    platform = PLATFORMS[account.platform]
    manages = actor.may("account.manage", account.unit)
    page = render_template(
        "accounts/show.html",
        account=account,
        platform=platform,
        environments=ENVIRONMENTS,
        mode=platform.mode(account.mode),
        advice=advice,
        step=advice.next_step(account, now),
        able=connections.capabilities(account),
        quotas=services.quota_summary(account, now),
        told=readings.readings_of(account.id),
        labels=LABELS,
        days=readings.days_of(account.id),
        callback_url=services.callback_url(account) if manages else "",
        once=once(account) if manages else {},
        own_ip=settings().egress_ip,
        grants=granting if manages and granting.can_authorize(account) else None,
        twins=services.twins(actor, account) if manages else [],
        pushes=callbacks.recent(account.id),
        people=services.people_for(account) if manages else [],
        manages=manages,
        elsewhere=[unit for unit in services.manageable_units(actor) if unit.id != account.unit_id] if manages else [],
        values=_values(account, request.form if refusal else {}),
        refusal=refusal,
        now=now,
        **more,
    )
    return page, (422 if refusal else 200)


def _values(account: Account, sent: Any) -> dict[str, Any]:
    """What the form shows: what was sent, else what is stored; secrets are never shown."""
    platform, zone = PLATFORMS[account.platform], settings().timezone
    found: dict[str, Any] = {"name": account.name, "mode": account.mode, "responsible_id": account.responsible_id or ""}
    found["deputy_id"] = account.deputy_id or ""
    for field in platform.fields:
        value = "" if field.secret else account.known.get(field.name, "")
        found[f"credentials.{field.name}"] = local_time(value, zone) if field.kind == "time" else value
    for setting in platform.settings:
        found[f"settings.{setting.name}"] = setting_value(account.settings, setting.name)
    secrets = {f"credentials.{name}" for name in platform.secrets}
    return {**found, **{key: value for key, value in sent.items() if key not in secrets}}


@bp.post("/accounts/<account_id>")
@requires("account.manage")
@proven
def update(account_id: str) -> ResponseReturnValue:
    """The edit form; parts that were not sent stay as they are."""
    actor, form = current_actor(), request.form
    account = services.get_account(actor, account_id, key="account.manage")
    platform = PLATFORMS[account.platform]
    changes: dict[str, Any] = {key: form[key] for key in ("name", "mode") if key in form}
    changes |= {key: form[key] or None for key in ("responsible_id", "deputy_id") if key in form}
    errors: dict[str, list[str]] = {}
    if form.get("part") == "settings":
        changes["settings"], errors = settings_of(platform, form, account.settings)
    else:
        changes["credentials"] = credentials_of(platform, form, settings().timezone, keep_empty_secrets=True)
    try:
        if errors:
            raise Invalid(_("账号没有保存。有内容不符合要求。请按各字段的提示改正后重新提交。"), errors=errors)
        services.update_account(actor, account_id, **changes, now=utcnow())
    except Invalid as refusal:
        return render_account(services.get_account(actor, account_id), refusal=refusal)
    flash(_("已保存。"), "ok")
    return redirect(url_for("accounts.show", account_id=account_id))


@bp.post("/accounts/<account_id>/probe")
@requires("account.manage")
def probe(account_id: str) -> ResponseReturnValue:
    """Test each right now, while the person waits: some eight calls, each with its own time limit."""
    services.get_account(current_actor(), account_id, key="account.manage")
    tell_tested(services.check_now(account_id, utcnow()))
    where = "accounts.connected" if request.form.get("back") == "wizard" else "accounts.show"
    return redirect(url_for(where, account_id=account_id))


def tell_tested(tested: services.Tested) -> None:
    """What came of a test that somebody waited for."""
    account, left = tested.account, tested.left
    words, kind = _outcome(tested)
    flash(words, kind)
    most = connections.capabilities(account).probe_calls
    if left is not None and left < _PLENTY and tested.came != "unauthorised":
        flash(
            _("今天体检还可调用平台 %(n)d 次，每次测试最多用 %(most)d 次，明天零点恢复。", n=left, most=most),
            "ok" if left >= most else "warn",
        )


def _outcome(tested: services.Tested) -> tuple[str, str]:
    account = tested.account
    known = people_time(account.checked_at) if account.checked_at else ""
    until = people_time(tested.until) if tested.until else ""
    match tested.came:
        case "unauthorised":
            return _("没有测试。这个账号还没有授权。请先用本账号登录平台授权。"), "warn"
        case "busy":
            return _("正在测试这个账号（系统或另一个人刚刚开始）。几秒后刷新本页即可看到结果。"), "warn"
        case "recent":
            said = _(
                "没有再次测试。系统在 %(at)s 刚测过这个账号，下面就是那次的结果；为节省额度，一分钟内不重复测试。改正凭据后可立即再测。",
                at=f"{local(account.checked_at):%H:%M:%S}" if account.checked_at else "",
            )
            return said, "warn"
        case "spent":
            said = _(
                "没有再次测试。剩下的体检额度不够测一遍，%(until)s 恢复后系统自动再测。下面是 %(at)s 的结果。",
                until=until,
                at=known,
            )
            return said, "warn"
        case "unreached" if known and account.rights:
            said = _(
                "没有测成：%(why)s下面仍是 %(at)s 的结果。系统会自动再测。",
                why=in_words(account.probe_note),
                at=known,
            )
            return said, "error"
        case "unreached":
            return _("没有测成：%(why)s系统会自动再测。", why=in_words(account.probe_note)), "error"
    if advice.barred(account):
        return _("平台没有放行本服务器的地址，凭据还没有验证。请把下面的地址加入 IP 白名单，再测试一次。"), "error"
    if account.status == "refused":
        return _("平台没有接受这个账号的凭据。原因和办法见下。"), "error"
    if tested.came == "partly":
        return _("测试完成了一部分，有几项平台没有应答。系统会自动再测；原因见下。"), "warn"
    if account.status == "ok":
        return _("测试完成，没有发现缺失的权限。"), "ok"
    return _("测试完成，有的权限缺失或没能核实。原因和办法见下。"), "warn"


@bp.post("/accounts/<account_id>/poll")
@requires("account.manage")
def poll(account_id: str) -> ResponseReturnValue:
    services.request_poll(current_actor(), account_id, utcnow())
    flash(_("已安排拉取互动，稍后在收件箱查看。"), "ok")
    return redirect(url_for("accounts.show", account_id=account_id))


@bp.post("/accounts/<account_id>/activation")
@requires("account.manage")
@proven
def activate(account_id: str) -> ResponseReturnValue:
    return _switch(account_id, active=True)


@bp.post("/accounts/<account_id>/deactivation")
@requires("account.manage")
@proven
def deactivate(account_id: str) -> ResponseReturnValue:
    return _switch(account_id, active=False)


def _switch(account_id: str, *, active: bool) -> ResponseReturnValue:
    services.update_account(current_actor(), account_id, active=active, now=utcnow())
    flash(_("账号已启用。") if active else _("账号已停用。"), "ok")
    return redirect(url_for("accounts.show", account_id=account_id))
