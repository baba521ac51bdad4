"""The ledger of accounts and one account's page; connecting a new one is in wizard_views.py."""

from __future__ import annotations

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
from app.units.permissions import current_actor, requires
from app.web import _, local, settings

bp = Blueprint("accounts", __name__)

# Key of the browser's session: the account whose proposed secrets the wizard shows. Only its id: cookies are no place for
# secrets.
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


def once(account: Account) -> dict[str, str]:
    """{label: value} of the secrets that we proposed and that are still to be pasted at the platform: shown to the very
    browser that saved them, until the person says that they stand there."""
    if session.get(SHOW_ONCE) != account.id:
        return {}
    kept = account.known
    fields = PLATFORMS[account.platform].fields
    return {field.label: kept[field.name] for field in fields if field.propose and kept.get(field.name)}


@bp.post("/accounts/<account_id>/pasted")
@requires("account.manage")
def pasted(account_id: str) -> ResponseReturnValue:
    """The proposed secrets stand at the platform: they are not shown again."""
    services.get_account(current_actor(), account_id, key="account.manage")
    if session.get(SHOW_ONCE) == account_id:
        session.pop(SHOW_ONCE)
    return redirect(url_for("accounts.show", account_id=account_id))


def render_account(account: Account, *, refusal: Invalid | None = None, **more: Any) -> ResponseReturnValue:
    """One account's page; with `refusal` the form as it was sent, and what is wrong with it."""
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
        pushes=callbacks.recent(account.id),
        people=services.people_of_unit(account) if manages else [],
        manages=manages,
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
    for field in platform.fields:
        value = "" if field.secret else account.known.get(field.name, "")
        found[f"credentials.{field.name}"] = local_time(value, zone) if field.kind == "time" else value
    for setting in platform.settings:
        found[f"settings.{setting.name}"] = setting_value(account.settings, setting.name)
    secrets = {f"credentials.{name}" for name in platform.secrets}
    return {**found, **{key: value for key, value in sent.items() if key not in secrets}}


@bp.post("/accounts/<account_id>")
@requires("account.manage")
def update(account_id: str) -> ResponseReturnValue:
    """The edit form; parts that were not sent stay as they are."""
    actor, form = current_actor(), request.form
    account = services.get_account(actor, account_id, key="account.manage")
    platform = PLATFORMS[account.platform]
    changes: dict[str, Any] = {key: form[key] for key in ("name", "mode") if key in form}
    if "responsible_id" in form:
        changes["responsible_id"] = form["responsible_id"] or None
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
    tested = services.check_now(account_id, utcnow())
    account, left = tested.account, tested.left
    if not tested.fresh and left == 0:
        flash(_("没有再次测试。今天的体检额度已用完，明天零点恢复。下面是上次的结果。"), "warn")
    elif not tested.fresh:
        said = _(
            "没有再次测试。系统在 %(at)s 刚测过这个账号，下面就是那次的结果；为节省额度，一分钟内不重复测试。改正凭据后可立即再测。",
            at=f"{local(account.checked_at):%H:%M:%S}" if account.checked_at else "",
        )
        flash(said, "warn")
    elif account.status == "ok":
        flash(_("测试完成，没有发现缺失的权限。"), "ok")
    elif advice.barred(account):
        flash(_("平台没有放行本服务器的地址，凭据还没有验证。请把下面的地址加入 IP 白名单，再测试一次。"), "error")
    elif account.status == "refused":
        flash(_("平台没有接受这个账号的凭据。原因和办法见下。"), "error")
    else:
        flash(_("测试完成，有的权限缺失或没能核实。原因和办法见下。"), "warn")
    most = connections.capabilities(account).probe_calls
    if left is not None and left < _PLENTY:
        flash(
            _("今天体检还可调用平台 %(n)d 次，每次测试最多用 %(most)d 次，明天零点恢复。", n=left, most=most),
            "ok" if left >= most else "warn",
        )
    where = "accounts.connected" if request.form.get("back") == "wizard" else "accounts.show"
    return redirect(url_for(where, account_id=account_id))


@bp.post("/accounts/<account_id>/poll")
@requires("account.manage")
def poll(account_id: str) -> ResponseReturnValue:
    services.request_poll(current_actor(), account_id, utcnow())
    flash(_("已安排拉取互动，稍后在收件箱查看。"), "ok")
    return redirect(url_for("accounts.show", account_id=account_id))


@bp.post("/accounts/<account_id>/activation")
@requires("account.manage")
def activate(account_id: str) -> ResponseReturnValue:
    return _switch(account_id, active=True)


@bp.post("/accounts/<account_id>/deactivation")
@requires("account.manage")
def deactivate(account_id: str) -> ResponseReturnValue:
    return _switch(account_id, active=False)


def _switch(account_id: str, *, active: bool) -> ResponseReturnValue:
    services.update_account(current_actor(), account_id, active=active, now=utcnow())
    flash(_("账号已启用。") if active else _("账号已停用。"), "ok")
    return redirect(url_for("accounts.show", account_id=account_id))
