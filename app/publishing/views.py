"""Pages of publishing: the post's panel, one publication with its evidence, the stop switch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import typed
from app.accounts.advice import unconnected
from app.accounts.connections import home_url
from app.accounts.models import Account
from app.db import db, utcnow
from app.errors import Invalid, TandemError
from app.posts import services as posts
from app.posts.models import Post
from app.publishing import (
    asking,
    barring,
    conflicts,
    evidence,
    ordering,
    outlook,
    plans,
    resolving,
    services,
    slots,
    states,
    together,
    undoing,
)
from app.publishing.models import Publication
from app.publishing.situation import Situation
from app.storable import moment
from app.units.access import Actor
from app.units.permissions import current_actor, proven, requires
from app.web import _, people_time, settings

bp = Blueprint("publishing", __name__)

# What a person may do with a publication, by status: the orders of the buttons.
ACTIONS: dict[str, tuple[str, ...]] = {
    "scheduled": ("cancel",),
    "preparing": ("cancel",),
    "ready": ("cancel",),
    "held": ("release", "cancel"),
    "missed": ("release", "cancel"),
    "failed": ("retry", "cancel"),
    "unknown": ("check", "resolve"),
    "processing": ("check",),
    "handed_over": ("link", "cancel"),
}
_BY_PLANNERS = frozenset({"release", "cancel", "check", "link"})


def actions_of(actor: Actor, row: Publication) -> tuple[str, ...]:
    """The orders this person may give to this publication now."""
    unit = row.post.unit
    if actor.may(resolving.MANAGE, unit):
        return undoing.ways_back(row) if row.status == "published" else ACTIONS.get(row.status, ())
    if actor.may(resolving.PLAN, unit):
        return tuple(key for key in ACTIONS.get(row.status, ()) if key in _BY_PLANNERS)
    return ()


@bp.get("/posts/<post_id>/publications-panel")
@requires("post.read")
def panel(post_id: str) -> ResponseReturnValue:
    """A fragment of the post's page: schedule form and the state of each publication."""
    actor, now = current_actor(), utcnow()
    post = posts.get_post(actor, post_id)
    rows = [row for row in outlook.of_post(post) if row.status != "cancelled" or post.status != "approved"]
    rows += outlook.strays_of(post, rows)
    return _fresh(render_template("publishing/panel.html", **_panel(actor, post, rows, now)), post.status)


def _fresh(body: str, status: str) -> ResponseReturnValue:
    """`body`; the browser loads the whole page anew when that was made for another state than this."""
    shown = request.args.get("shown", status)
    return body, 200 if body else 204, {} if shown == status else {"HX-Refresh": "true"}


def _panel(actor: Actor, post: Post, rows: list[Publication], now: datetime) -> dict[str, Any]:
    planned = [row for row in rows if row.schedule.withdrawn_at is None]
    standing = [row for row in planned if row.status != "cancelled"]
    going = any(row.status in states.IN_FLIGHT for row in standing)
    moved = ordering.movable(planned) if standing and not going else []
    able = actor.may("post.schedule", post.unit)
    schedule = standing[0].schedule if standing else None
    situation, to_go = Situation(now), _still_to_go(post, planned)
    return {
        "post": post,
        "rows": [
            (row, outlook.outlook(row, now, situation), actions_of(actor, row), asking.whom_to_ask(actor, row))
            for row in rows
        ],
        "barred": asking.barred_by(to_go),
        "cut_off": [account for account in to_go if unconnected(account)],
        "recall_limit": undoing.recall_limit,
        "left_behind": undoing.left_behind,
        "hindered": lambda row: barring.why_barred(row, now),
        **together.whole(actor, post, standing),
        "home_url": home_url,
        "standing": standing,
        "schedule": schedule,
        "may_schedule": able and (post.status == "approved" or bool(moved)),
        "left_out": [row for row in moved if row.status == "cancelled"],
        "may_withdraw": able and bool(standing) and all(row.status in states.WITHDRAWABLE for row in standing),
        "ordered": len({row.account.platform for row in standing} or _platforms(post)) > 1,
        "zone": settings().timezone,
        "typed": typed.again(),
        "wished": None if schedule else _wished(post),
        "suggested": _suggested(schedule.publish_at if schedule else _wished(post), now),
        "clashes": conflicts.of_post(actor, post, schedule.publish_at)
        if schedule and schedule.publish_at > now
        else [],
        "now": now,
    }


def _still_to_go(post: Post, planned: list[Publication]) -> list[Account]:
    if any(row.status != "cancelled" for row in planned):
        return [row.account for row in ordering.movable(planned)]
    return [variant.account for variant in posts.current_variants(post)] if post.status == "approved" else []


def _wished(post: Post) -> datetime | None:
    plan = plans.of_posts([post.id]).get(post.id)
    return plan.wished_at if plan else None


def _platforms(post: Post) -> set[str]:
    return {variant.account.platform for variant in posts.current_variants(post)}


def _suggested(known: datetime | None, now: datetime) -> str:
    """The form's first value: the standing or wished hour while it is ahead, else the next full hour."""
    zone = ZoneInfo(settings().timezone)
    if known is None or known <= now:
        known = (now + timedelta(hours=1)).astimezone(zone).replace(minute=0, second=0)
    return f"{known.astimezone(zone):%Y-%m-%dT%H:%M}"


@bp.post("/posts/<post_id>/schedule")
@requires("post.read")
@proven
def schedule(post_id: str) -> ResponseReturnValue:
    """The form of the panel: 定时发布, 排到下一个空档 or 立即发布."""
    form = request.form

    def act() -> str:
        if form.get("when") == "next":
            found = slots.schedule_next(
                current_actor(),
                post_id,
                order=form.get("order", "together"),
                on_partner_failure=form.get("on_partner_failure", "hold"),
                now=utcnow(),
            )
            return _("已排到下一个空档：%(when)s。", when=people_time(found.publish_at))
        services.schedule(
            current_actor(),
            post_id,
            publish_at="now" if form.get("when") == "now" else local_time(form.get("publish_at", "")),
            order=form.get("order", "together"),
            on_partner_failure=form.get("on_partner_failure", "hold"),
            now=utcnow(),
        )
        return _("已安排发布。") if form.get("when") == "now" else _("已排期。")

    return do_and_say(act, f"/posts/{post_id}", form="schedule")


@bp.post("/posts/<post_id>/schedule/withdraw")
@requires("post.read")
def unschedule(post_id: str) -> ResponseReturnValue:
    def act() -> str:
        services.unschedule(current_actor(), post_id, now=utcnow())
        return _("已取消排期。")

    return do_and_say(act, f"/posts/{post_id}")


def local_time(text: str) -> datetime:
    """A datetime-local value in the installation's time zone. Raises Invalid."""
    zone = ZoneInfo(settings().timezone)
    try:
        return moment(text, zone).astimezone(zone)
    except ValueError:
        raise Invalid(
            _("没有排期。发布时间没有填写或格式不对。请选择日期和时间，或点“立即发布”。"),
            errors={"publish_at": [_("请选择日期和时间。")]},
        ) from None


def do_and_say(act: Callable[[], str], back: str, *, form: str = "") -> ResponseReturnValue:
    """Do it, say how it went, return to `back` (303). What was typed into `form` stands there again after a refusal."""
    try:
        flash(act(), "ok")
    except TandemError as error:
        db.session.rollback()
        flash(error.message, "error")
        if form:
            typed.keep(form)
    return redirect(back, 303)


@bp.get("/publications/<publication_id>")
@requires("post.read")
def show(publication_id: str) -> ResponseReturnValue:
    """Timeline, evidence, and what can be done."""
    actor, now = current_actor(), utcnow()
    row = services.get_publication(actor, publication_id)
    preparing, taking_back = evidence.apart(row)
    return render_template(
        "publishing/publication.html",
        row=row,
        preparing=preparing,
        taking_back=taking_back,
        words=outlook.outlook(row, now),
        actions=actions_of(actor, row),
        asks=asking.whom_to_ask(actor, row),
        may_move=actor.may(resolving.PLAN, row.post.unit) and row.status in states.STOPPED,
        barred=asking.barred_by([row.account] if row.status in states.WITHDRAWABLE else []),
        home_url=home_url,
        recall_limit=undoing.recall_limit,
        left_behind=undoing.left_behind,
        hindered=lambda row: barring.why_barred(row, now),
        evidence=services.evidence(actor, publication_id),
        partners=outlook.of_post(row.post),
        parse=datetime.fromisoformat,
        explainable=evidence.explainable(actor, row, now),
        rid_in=evidence.rid_in,
        typed=typed.again(),
        now=now,
    )


@bp.get("/publications/<publication_id>/state")
@requires("post.read")
def state(publication_id: str) -> ResponseReturnValue:
    """Nothing but the order to load the page anew once the state that it shows is past."""
    return _fresh("", services.get_publication(current_actor(), publication_id).status)


@bp.post("/publications/<publication_id>/act")
@requires("post.read")
@proven
def act(publication_id: str) -> ResponseReturnValue:
    """One of the page's buttons."""
    form, actor, now = request.form, current_actor(), utcnow()
    order, reason = form.get("order", ""), form.get("reason", "")

    def do() -> str:
        if order == "check":
            services.check_now(actor, publication_id, now=now)
            return _("已安排核实，结果稍后显示在这里。")
        if order in ("published", "not_published"):
            url = form.get("url", "").strip()
            services.resolve(actor, publication_id, outcome=order, url=url, reason=reason, now=now)
            return _("已记录。")
        orders = {
            "release": (services.release, _("已放行，马上发出。")),
            "cancel": (services.cancel, _("已取消这一条，不会再发出。")),
            "retry": (services.retry, _("已安排重试，马上发出。")),
            "recall": (services.recall, _("已向平台申请撤回，结果稍后显示在这里。")),
            "deleted": (services.note_deleted, _("已登记：这一条已在平台手动删除。")),
        }
        if order not in orders:
            raise Invalid(_("没有这项操作。页面可能已过时。请刷新后重试。"))
        ordered, said = orders[order]
        ordered(actor, publication_id, reason=reason, now=now)
        return said

    return do_and_say(do, url_for("publishing.show", publication_id=publication_id), form=f"{order}-{publication_id}")
