from flask import Flask


def register(app: Flask) -> None:
    """Bind this capability's pages and its part of the API to the app, and its posts to the library's lists of uses."""
    from app import web
    from app.accounts.moving import obstacles as in_the_way
    from app.media.services import needed_for, tell_of_posts
    from app.posts import check_views, file_views, history_views, preview_views, templates_api, templates_views
    from app.posts.holdings import tell
    from app.posts.needing import needed_for as ask
    from app.posts.outside import holds_up_closing, obstacles
    from app.posts.searching import POSTS
    from app.search.keeping import register as find
    from app.units.closing import unit_uses

    if obstacles not in in_the_way:
        in_the_way.append(obstacles)
    if holds_up_closing not in unit_uses:
        unit_uses.append(holds_up_closing)
    tell_of_posts[:] = [tell]
    needed_for[:] = [ask]
    find(POSTS)
    preview_views.init(app)
    # The last two add their pages to those of the posts.
    for pages in dict.fromkeys((templates_views.bp, history_views.bp, check_views.bp, file_views.bp)):
        app.register_blueprint(pages)
    # With the operations of templates_api.
    web.register_api(app, templates_api.blp)
