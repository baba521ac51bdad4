"""The frame around every page: who is signed in, where one may go, what the top bar says. Read by base.html."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import structlog
from flask import Flask, current_app, request, url_for
from flask_babel import get_locale
from flask_babel import lazy_gettext as _
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from app.db import db
from app.units.access import Actor
from app.units.models import Unit
from app.units.permissions import SIGNED_IN, current_actor
from app.web import shell_providers

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Place:
    """One entry of the navigation. `key` also names its count among shell_providers["counts"]."""

    key: str
    endpoint: str
    label: Any
    icon: str
    permission: str
    # Addresses that belong to it besides its own.
    prefixes: tuple[str, ...] = ()


NAVIGATION = (
    Place(key="home", endpoint="workbench.index", label=_("工作台"), icon="layout-dashboard", permission=SIGNED_IN),
    Place(
        key="posts",
        endpoint="posts.index",
        label=_("稿件"),
        icon="article",
        permission="post.read",
        prefixes=("/publications",),
    ),
    Place(
        key="calendar", endpoint="publishing.calendar", label=_("日历"), icon="calendar-week", permission="post.read"
    ),
    Place(key="review", endpoint="review.index", label=_("审核"), icon="rubber-stamp", permission="review.decide"),
    Place(key="inbox", endpoint="inbox.index", label=_("收件箱"), icon="inbox", permission="inbox.read"),
    Place(key="accounts", endpoint="accounts.index", label=_("账号"), icon="plug-connected", permission="account.read"),
    Place(
        key="reports",
        endpoint="inspection.index",
        label=_("检查与报告"),
        icon="report-search",
        permission="account.read",
    ),
    Place(key="library", endpoint="media.index", label=_("素材库"), icon="library-photo", permission="media.read"),
    Place(
        key="settings",
        endpoint="units.settings",
        label=_("设置"),
        icon="settings",
        permission=SIGNED_IN,
        prefixes=("/settings",),
    ),
    Place(
        key="status", endpoint="system.status", label=_("系统状态"), icon="heart-rate-monitor", permission="system.read"
    ),
)


class Shell:
    """What base.html asks for, computed once a page. Without a signed-in person everything is empty."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}
        self.actor = _actor()
        self.signed_in = self.actor is not None
        self.name = self.actor.name if self.actor else ""
        self.locale = str(get_locale() or "zh_CN")

    @property
    def unit_name(self) -> str:
        unit = db.session.get(Unit, self.actor.unit_id) if self.actor and self.actor.unit_id else None
        return unit.name if unit else ""

    def get(self, key: str) -> Any:
        """A provider's answer; None while nobody provides it, or when it cannot be known."""
        if self.actor is None or key not in shell_providers:
            return None
        if key not in self._known:
            try:
                self._known[key] = shell_providers[key](self.actor)
            except SQLAlchemyError:
                log.exception("shell", key=key)
                db.session.rollback()
                self._known[key] = None
        return self._known[key]

    def navigation(self) -> list[dict[str, Any]]:
        """The places this person may go, with the count of work waiting there."""
        if self.actor is None:
            return []
        counts = self.get("counts") or {}
        places = []
        for place in NAVIGATION:
            if place.endpoint not in current_app.view_functions or not _may(self.actor, place.permission):
                continue
            url = url_for(place.endpoint)
            places.append(
                {
                    "url": url,
                    "label": place.label,
                    "icon": place.icon,
                    "count": counts.get(place.key, 0),
                    "current": _is_current(url, place.prefixes),
                }
            )
        return places

    @property
    def search_url(self) -> str:
        """Empty for who may find nothing."""
        kinds = ("post.read", "inbox.read", "unit.read")
        return _url("workbench.search") if self.actor and any(map(self.actor.holds, kinds)) else ""

    @property
    def status_url(self) -> str:
        """Empty for who may not see that page."""
        return _url("system.status") if self.actor and self.actor.holds("system.read") else ""

    @property
    def stops_url(self) -> str:
        return _url("publishing.stops") or "/stops"

    @property
    def notices_url(self) -> str:
        return _url("notices.index") or "/notices"


def _actor() -> Actor | None:
    try:
        return current_actor() if current_user.is_authenticated else None
    except SQLAlchemyError:
        # An error page must still be shown when the database is away.
        log.exception("shell", key="actor")
        db.session.rollback()
        return None


def _may(actor: Actor, permission: str) -> bool:
    return permission == SIGNED_IN or actor.holds(permission)


def _is_current(url: str, prefixes: tuple[str, ...]) -> bool:
    if url == "/":
        return request.path == "/"
    return any(request.path == start or request.path.startswith(f"{start}/") for start in (url, *prefixes))


def _url(endpoint: str) -> str:
    return url_for(endpoint) if endpoint in current_app.view_functions else ""


def init(app: Flask) -> None:
    """Give every template `shell`."""

    @app.context_processor
    def _shell() -> dict[str, Shell]:
        return {"shell": Shell()}
