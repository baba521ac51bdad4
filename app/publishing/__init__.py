from importlib import import_module

from flask import Flask

from app import web
from app.db import utcnow

_MORE = (
    "calendar_views",
    "evidence_views",
    "list_views",
    "slot_views",
    "plan_views",
    "stop_views",
    "together_views",
    "blackout_api",
    "slot_api",
    "plan_api",
)


def register(app: Flask) -> None:
    """Bind this capability's pages and API to the app, and its reaction to edited posts."""
    from app.accounts.moving import obstacles
    from app.posts import services as posts
    from app.publishing import (
        api,
        blackouts,
        conflicts,
        disapproving,
        heartbeats,
        outlook,
        schemas,
        stops,
        unsettled,
        views,
        withdrawing,
    )
    from app.review import services as review

    # One blueprint, whose routes stand in several modules, and one API in three: all are there before it is bound.
    for name in _MORE:
        import_module(f"app.publishing.{name}")
    app.register_blueprint(views.bp)
    web.shell_providers["heartbeat"] = lambda _actor: heartbeats.heartbeat_state(utcnow())
    web.shell_providers["stops"] = stops.stops_of
    web.shell_providers["blackouts"] = lambda actor: blackouts.under_way(actor, utcnow())
    app.extensions["tandem_api"].register_field(schemas.TimeOrNow, "string", None)
    web.register_api(app, api.blp)
    app.jinja_env.filters["clash_words"] = lambda clash: (
        clash.said(web.in_words) + conflicts.free_words(clash, web.in_words)
    )
    if unsettled.obstacles not in obstacles:
        obstacles.append(unsettled.obstacles)
    if withdrawing.on_revised not in posts.on_revised:
        posts.on_revised.append(withdrawing.on_revised)
    if disapproving.on_disapproved not in review.on_disapproved:
        review.on_disapproved.append(disapproving.on_disapproved)
    posts.publications_by_post[:] = [outlook.by_posts]
