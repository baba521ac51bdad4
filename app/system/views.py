"""The status page, the probes for machines, and the readable API description."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from app.accounts.advice import unconnected
from app.accounts.connections import home_url
from app.db import utcnow
from app.publishing import errands, outlook
from app.publishing.heartbeats import MOST_SKEW
from app.publishing.situation import Situation
from app.system import services
from app.units.permissions import current_actor, public, requires
from app.web import settings

bp = Blueprint("system", __name__)


@bp.get("/healthz")
@public
def healthz() -> ResponseReturnValue:
    """The process is up."""
    return jsonify({"status": "ok"})


@bp.get("/readyz")
@public
def readyz() -> ResponseReturnValue:
    """Database and a live scheduler; 503 says which is missing."""
    missing = []
    if not services.database_answers():
        missing.append("database")
    elif not services.live_workers(utcnow(), settings().heartbeat_seconds):
        missing.append("scheduler")
    return jsonify({"status": "unavailable" if missing else "ok", "missing": missing}), 503 if missing else 200


@bp.get("/metrics")
@public
def metrics() -> ResponseReturnValue:
    """Prometheus text. Everything is read from the database: any web process tells the same."""
    registry = CollectorRegistry()
    registry.register(services.Collector(utcnow()))
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


@bp.get("/status")
@requires("system.read")
def status() -> ResponseReturnValue:
    now, actor = utcnow(), current_actor()
    ties, accounts = services.ties(actor, now)
    situation = Situation(now)
    oldest = outlook.oldest_waiting(actor)
    return render_template(
        "system/status.html",
        now=now,
        findings=services.self_test(settings(), now),
        workers=services.recent_workers(now),
        live={worker.id for worker in services.live_workers(now, settings().heartbeat_seconds)},
        is_stuck=services.is_stuck,
        queue=services.publications_by_status(),
        waiting=services.WAITING,
        people=services.PEOPLE,
        replies=services.replies_by_status(),
        lag=services.lag_seconds(now),
        oldest=(oldest, outlook.outlook(oldest, now, situation)) if oldest is not None else None,
        stuck=errands.stuck(actor),
        most_skew=MOST_SKEW,
        ties=ties,
        accounts=accounts,
        home_url=home_url,
        unconnected=unconnected,
    )


def _spec() -> dict[str, Any]:
    spec: dict[str, Any] = current_app.extensions["tandem_api"].spec.to_dict()
    return spec


@bp.get("/api/v1/openapi.json")
@public
def openapi() -> ResponseReturnValue:
    return jsonify(_spec())


@bp.get("/api/v1/docs")
@public
def api_docs() -> ResponseReturnValue:
    """The API, readable without a CDN."""
    return render_template("system/api_docs.html", spec=_spec())
