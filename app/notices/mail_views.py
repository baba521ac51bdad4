"""The part of the personal settings about e-mail: a fragment, and what its forms send."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.db import db, utcnow
from app.errors import TandemError
from app.notices import addressing, groups, mailing
from app.units.access import Actor
from app.units.permissions import SIGNED_IN, current_actor, proven, requires
from app.units.services import get_user
from app.web import _, settings

bp = Blueprint("mail", __name__)


@bp.get("/settings/mail")
@requires(SIGNED_IN)
def show() -> ResponseReturnValue:
    actor, now = current_actor(), utcnow()
    row = mailing.mail_of(actor)
    return render_template(
        "notices/_mail.html",
        mail=row,
        usable=bool(settings().smtp_url),
        code_waits=mailing.code_waits(row, now),
        minutes=int(mailing.CODE_LIVES.total_seconds() // 60),
        suggested=row.wanted or get_user(actor, actor.user_id).email,
        groups=groups.GROUPS,
        choices=groups.CHOICES,
        chosen=mailing.chosen(row),
        digest_at=f"{addressing.DIGEST_AT:%H:%M}",
        last=mailing.last_mail(actor),
    )


@bp.post("/settings/mail/address")
@requires(SIGNED_IN)
@proven
def ask() -> ResponseReturnValue:
    def act(actor: Actor) -> str:
        fault = mailing.ask_address(actor, request.form.get("address", ""), now=utcnow())
        if fault:
            flash(_(fault), "error")
            return ""
        return _("验证码已发出。请到这个邮箱查收，再填到下面的“邮件通知”里。")

    return _said(act)


@bp.post("/settings/mail/code")
@requires(SIGNED_IN)
def confirm() -> ResponseReturnValue:
    def act(actor: Actor) -> str:
        mailing.confirm_address(actor, request.form.get("code", ""), now=utcnow())
        return _("通知邮箱已启用。下面可以选择哪些通知发邮件。")

    return _said(act)


@bp.post("/settings/mail/choices")
@requires(SIGNED_IN)
def choose() -> ResponseReturnValue:
    def act(actor: Actor) -> str:
        wanted = {group.key: request.form[group.key] for group in groups.GROUPS if group.key in request.form}
        mailing.choose(actor, wanted, now=utcnow())
        return _("已保存。")

    return _said(act)


@bp.post("/settings/mail/removal")
@requires(SIGNED_IN)
def remove() -> ResponseReturnValue:
    def act(actor: Actor) -> str:
        mailing.remove_address(actor, now=utcnow())
        return _("已停用。通知仍在右上角的铃铛里。")

    return _said(act)


def _said(act: Callable[[Actor], str]) -> ResponseReturnValue:
    try:
        if said := act(current_actor()):
            flash(said, "ok")
    except TandemError as refusal:
        db.session.rollback()
        flash(_(refusal.message), "error")
    return redirect(url_for("units.profile"), 303)
