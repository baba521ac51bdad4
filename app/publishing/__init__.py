from flask import Flask

from app import web
from app.db import utcnow


def register(app: Flask) -> None:
    """Bind this capability's pages and API to the app, and its reaction to edited posts."""
    from app.posts import services as posts
    from app.publishing import (
        api,
        calendar_views,
        evidence_views,
        heartbeats,
        outlook,
        planning,
        stops,
        together_views,
        views,
    )

    # One blueprint, whose routes stand in four modules.
    for pages in {views.bp, calendar_views.bp, evidence_views.bp, together_views.bp}:
        app.register_blueprint(pages)
    web.shell_providers["heartbeat"] = lambda _actor: heartbeats.heartbeat_state(utcnow())
    web.shell_providers["stops"] = stops.stops_of
    web.register_api(app, api.blp)
    if planning.on_revised not in posts.on_revised:
        posts.on_revised.append(planning.on_revised)
    posts.publications_by_post[:] = [outlook.by_posts]
