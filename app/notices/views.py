"""The bell's page and fragment; where alarms go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select

from app.db import db, utcnow
from app.errors import TandemError
from app.notices import bell, channels, services
from app.notices.models import AlertChannel, Delivery, Notice, OutgoingEvent
from app.units.access import Actor, visible
from app.units.models import Unit
from app.units.permissions import SIGNED_IN, current_actor, requires
from app.web import _, settings

bp = Blueprint("notices", __name__)

# Deliveries shown, the newest first.
_LOG = 100


@bp.get("/notices")
@requires(SIGNED_IN)
def index() -> ResponseReturnValue:
    """Newest first; as a fragment for htmx."""
    actor = current_actor()
    page = services.notices_of(actor, cursor=request.args.get("cursor"))
    template = "notices/_list.html" if request.headers.get("HX-Request") else "notices/index.html"
    return render_template(template, notices=page.items, cursor=page.next_cursor, read=bell.read_ids(actor, page.items))


@bp.get("/notices/<notice_id>")
@requires(SIGNED_IN)
def open(notice_id: str) -> ResponseReturnValue:
    """Mark as read and go where it leads."""
    actor = current_actor()
    notice = bell.get_notice(actor, notice_id)
    path = notice.path or url_for("notices.index")
    services.mark_read(actor, notice_id, utcnow())
    return redirect(path)


@bp.post("/notices/read")
@requires(SIGNED_IN)
def read_all() -> ResponseReturnValue:
    services.mark_read(current_actor(), None, utcnow())
    return redirect(url_for("notices.index"), 303)


@bp.get("/settings/alerts")
@requires("account.manage")
def alerts() -> ResponseReturnValue:
    return _alerts_page()


@bp.post("/settings/alerts")
@requires("account.manage")
def add_alert() -> ResponseReturnValue:
    form = request.form
    try:
        made = services.add_channel(
            current_actor(),
            unit_id=form.get("unit_id", ""),
            kind=form.get("kind", ""),
            target=form.get("target", ""),
            topics=form.getlist("topics"),
            now=utcnow(),
        )
    except TandemError as refusal:
        db.session.rollback()
        return _alerts_page(refusal), refusal.status
    flash(_("已添加。请发送一次测试告警，确认能收到。"), "ok")
    _show_key(made)
    return redirect(url_for("notices.alerts"), 303)


def _show_key(channel: AlertChannel) -> None:
    """Once, as tokens are: whoever reads the page later sees none."""
    if key := channels.key_of(channel):
        flash(_("签名密钥（只显示这一次，请交给接收方核对来信）：%(key)s", key=key), "ok")


@bp.post("/settings/alerts/<channel_id>/key")
@requires("account.manage")
def renew_alert_key(channel_id: str) -> ResponseReturnValue:
    def act() -> None:
        _show_key(services.renew_key(current_actor(), channel_id, now=utcnow()))

    return _said(act)


@bp.post("/settings/alerts/deliveries/<delivery_id>/again")
@requires("account.manage")
def send_again(delivery_id: str) -> ResponseReturnValue:
    def act() -> None:
        services.send_again(current_actor(), delivery_id, now=utcnow())
        flash(_("已安排重发，结果稍后显示在这里。"), "ok")

    return _said(act)


def _said(act: Callable[[], None]) -> ResponseReturnValue:
    try:
        act()
    except TandemError as refusal:
        db.session.rollback()
        flash(refusal.message, "error")
    return redirect(url_for("notices.alerts"), 303)


@bp.post("/settings/alerts/<channel_id>/test")
@requires("account.manage")
def test_alert(channel_id: str) -> ResponseReturnValue:
    fault = services.test_channel(current_actor(), channel_id, now=utcnow())
    if fault:
        flash(_("测试告警没有送达。%(fault)s请核对地址后重试。", fault=fault), "error")
    else:
        flash(_("测试告警已送出，请确认对方收到。"), "ok")
    return redirect(url_for("notices.alerts"), 303)


@bp.post("/settings/alerts/<channel_id>/remove")
@requires("account.manage")
def remove_alert(channel_id: str) -> ResponseReturnValue:
    services.remove_channel(current_actor(), channel_id, now=utcnow())
    flash(_("已删除告警渠道。"), "ok")
    return redirect(url_for("notices.alerts"), 303)


def _alerts_page(refusal: TandemError | None = None) -> str:
    actor = current_actor()
    units = db.session.scalars(select(Unit).where(visible(actor, "unit.manage", Unit.id)).order_by(Unit.path)).all()
    names = {unit.id: unit.name for unit in units}
    config = settings()
    site = [word for word, target in ((_("邮箱"), config.alert_email), (_("网络回调"), config.alert_webhook)) if target]
    return render_template(
        "notices/alerts.html",
        channels=[(c, channels.shown(c), names.get(c.unit_id, "")) for c in services.channels_of(actor)],
        kinds=channels.KINDS,
        topics=channels.TOPICS,
        signed=channels.key_of,
        units=[(unit.id, unit.name) for unit in units],
        site="、".join(site),
        shown=channels.shown,
        deliveries=_deliveries(actor),
        refusal=refusal,
        form=request.form,
    )


def _deliveries(actor: Actor) -> list[Any]:
    # Of what goes to persons only what is in trouble: the rest is theirs.
    query = (
        select(Delivery)
        .outerjoin(Notice, Notice.id == Delivery.notice_id)
        .outerjoin(OutgoingEvent, OutgoingEvent.id == Delivery.event_id)
        .where(or_(Delivery.user_id.is_(None), Delivery.error != ""))
        .where(or_(visible(actor, "unit.manage", Notice.unit_id), visible(actor, "unit.manage", OutgoingEvent.unit_id)))
        .order_by(Delivery.id.desc())
        .limit(_LOG)
    )
    return list(db.session.scalars(query))
