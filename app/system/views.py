"""The status page, the probes for machines, and the readable API description."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

from app.accounts.models import Account
from app.db import db, utcnow
from app.publishing.heartbeats import MOST_SKEW
from app.system import services
from app.units.access import visible
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
    for name, values in services.metrics(utcnow()).items():
        labelled = "" not in values
        gauge = Gauge(name, name.replace("_", " "), ["status"] if labelled else [], registry=registry)
        for label, value in values.items():
            (gauge.labels(label) if labelled else gauge).set(value)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


@bp.get("/status")
@requires("system.read")
def status() -> ResponseReturnValue:
    now = utcnow()
    actor = current_actor()
    accounts = db.session.scalars(
        db.select(Account).where(visible(actor, "account.read", Account.unit_id)).order_by(Account.name)
    ).all()
    return render_template(
        "system/status.html",
        now=now,
        findings=services.self_test(settings(), now),
        workers=services.recent_workers(now),
        live={worker.id for worker in services.live_workers(now, settings().heartbeat_seconds)},
        publications=services.publications_by_status(),
        replies=services.replies_by_status(),
        lag=services.lag_seconds(now),
        most_skew=MOST_SKEW,
        accounts=accounts,
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
