"""Every route says who may enter."""

from __future__ import annotations

from flask import Flask

from app.units.access import PERMISSIONS, ROLES
from app.units.permissions import PUBLIC, SIGNED_IN

# Open by their nature; a new public page must be added here on purpose.
OPEN_TO_ALL = {
    "static",
    "units.sign_in",
    "units.choose_language",
    "units.submit_sign_in",
    "media.show",
    "site.permalink",
    "site.atom",
    "site.json_feed",
    "site.favicon",
    "site.sitemap",
    "callbacks.receive",
    "callbacks.revoked",
    "system.healthz",
    "system.readyz",
    "system.metrics",
    "system.openapi",
    "system.api_docs",
}


def test_every_route_declares_a_permission(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        view = app.view_functions[rule.endpoint]
        key = getattr(view, "_permission", None)
        assert key in {*PERMISSIONS, PUBLIC, SIGNED_IN}, f"{rule} ({rule.endpoint}) declares no permission"


def test_public_routes_are_the_known_ones(app: Flask) -> None:
    found = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if getattr(app.view_functions[rule.endpoint], "_permission", None) == PUBLIC
    }
    assert found <= OPEN_TO_ALL, found - OPEN_TO_ALL


def test_every_permission_is_in_some_role() -> None:
    granted = set().union(*(keys for _name, keys in ROLES.values()))
    assert granted == set(PERMISSIONS)
