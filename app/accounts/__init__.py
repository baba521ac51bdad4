import structlog
from flask import Flask, Response
from sqlalchemy.exc import SQLAlchemyError

log = structlog.get_logger()


def register(app: Flask) -> None:
    """Bind this capability's pages and its part of the API to the app, and the ribbon 演练 to the frame."""
    from app import web
    from app.accounts import api, connections, moving, moving_views, services, tallies
    from app.db import db, utcnow
    from app.units.closing import unit_uses

    if moving.holds_up_closing not in unit_uses:
        unit_uses.append(moving.holds_up_closing)
    app.register_blueprint(moving_views.bp)
    web.register_api(app, api.blp)

    @app.after_request
    def _count(response: Response) -> Response:
        """What was asked of a platform while somebody waited, added to the totals."""
        try:
            tallies.flush(utcnow())
        except SQLAlchemyError:
            # Kept for the next time: what was done must not be told as failed over a count.
            log.exception("calls not counted")
            db.session.rollback()
        return response

    app.jinja_env.filters["on_screen"] = connections.screen_url
    web.shell_providers["drill"] = services.has_drill_accounts
