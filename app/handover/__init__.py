from flask import Flask


def register(app: Flask) -> None:
    """Bind the pages of handing over, its part of the API, and its look before somebody is deactivated."""
    from app import web
    from app.handover import api, views
    from app.handover.services import refuse_while_something_hangs
    from app.units.people import before_leaving

    if refuse_while_something_hangs not in before_leaving:
        before_leaving.append(refuse_while_something_hangs)
    app.register_blueprint(views.bp)
    web.register_api(app, api.blp)
