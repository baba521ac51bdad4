"""Every route says who may enter."""

from __future__ import annotations

from flask import Flask

from app.units.access import PERMISSIONS, ROLES
from app.units.permissions import PUBLIC, SIGNED_IN
from app.units.second_factor import WEIGHTY

ROOMS = {"accounts", "publishing", "review", "units"}

# Open by their nature; a new public page must be added here on purpose.
OPEN_TO_ALL = {
    "static",
    "units.sign_in",
    "units.choose_language",
    "units.submit_sign_in",
    "units.second_step",
    "units.submit_second_step",
    "units.submit_passkey",
    "units.sign_in_options",
    "units.sign_in_by_provider",
    "units.provider_answer",
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

# The person must be there right now (@proven): whatever approves, sends out, stops, or decides who may.
PROVEN = {
    "accounts.activate",
    "accounts.authorize",
    "accounts.change_unit",
    "accounts.create",
    "accounts.deactivate",
    "accounts.update",
    "handover.submit",
    "mail.ask",
    "publishing.act",
    "publishing.announce_blackout",
    "publishing.calendar_move",
    "publishing.calendar_to_next",
    "publishing.end_blackout",
    "publishing.end_stop",
    "publishing.recall_all",
    "publishing.release_all",
    "publishing.schedule",
    "publishing.start_stop",
    "review.appoint_deputy",
    "review.approve_several",
    "review.decide",
    "review.set_chain",
    "units.add_passkey",
    "units.begin_second_factor",
    "units.confirm_second_factor",
    "units.passkey_options",
    "units.remove_identity_provider",
    "units.remove_own_identity",
    "units.remove_passkey",
    "units.renew_recovery_codes",
    "units.set_unit_trust",
    "units.submit_deactivation",
    "units.submit_details",
    "units.submit_factor_reset",
    "units.submit_grant",
    "units.submit_identity",
    "units.submit_identity_provider",
    "units.submit_identity_removal",
    "units.submit_password",
    "units.submit_password_removal",
    "units.submit_person",
    "units.submit_person_token_revocation",
    "units.submit_reactivation",
    "units.submit_reset",
    "units.submit_revocation",
    "units.submit_role",
    "units.submit_role_edit",
    "units.submit_role_retirement",
    "units.submit_separation",
    "units.submit_sessions_end",
    "units.submit_token",
    "units.submit_token_revocation",
    "units.submit_unit_closing",
    "units.submit_unit_reopening",
    "units.submit_unlocking",
    "units.test_identity_provider",
}
# Changes in the same rooms for which being signed in is enough, as they send nothing out and give nobody a right.
NOT_PROVEN = {
    "accounts.clear_quota",
    "accounts.pasted",
    "accounts.poll",
    "accounts.probe",
    "accounts.read",
    "accounts.speed",
    "notices.add_alert",
    "notices.remove_alert",
    "notices.renew_alert_key",
    "notices.send_again",
    "notices.test_alert",
    "publishing.calendar_conflicts",
    "publishing.calendar_drop_wish",
    "publishing.calendar_take_off",
    "publishing.calendar_wish",
    "publishing.explanation",
    "publishing.keep_slots",
    "publishing.plan_confirm",
    "publishing.plan_discard",
    "publishing.plan_drafts",
    "publishing.plan_upload",
    "publishing.unschedule",
    "review.add_remark",
    "review.end_deputy",
    "review.escalate",
    "review.resolve_remark",
    "review.submit",
    "review.submit_emergency",
    "review.withdraw",
    "review.withdraw_escalation",
    "units.choose_language",
    "units.end_one_session",
    "units.end_other_sessions",
    "units.proof_options",
    "units.sign_in_options",
    "units.sign_out",
    "units.submit_passkey",
    "units.submit_proof",
    "units.submit_second_step",
    "units.submit_sign_in",
    "units.submit_sites",
    "units.submit_unit",
    "units.submit_unit_name",
    "units.turn_off_second_factor",
    # Asks the platform, or notes what stands there.
    # Plans, which go nowhere by themselves, and taking something back.
    # The proof itself, and what asks for the password or needs none.
    # Where alarms go.
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


def test_routes_that_need_the_person_to_be_there_are_the_known_ones(app: Flask) -> None:
    """A new route that changes something in one of these rooms must be put on one of the two lists on purpose."""
    marked, concerned = set(), set()
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if getattr(view, "_proven", False):
            marked.add(rule.endpoint)
        changes = bool({"POST", "PUT", "PATCH", "DELETE"} & (rule.methods or set()))
        room = rule.endpoint.partition(".")[0]
        weighty = getattr(view, "_permission", "") in WEIGHTY - {"post.schedule"}
        if changes and not rule.rule.startswith("/api/") and (weighty or room in ROOMS):
            concerned.add(rule.endpoint)
    assert marked == PROVEN
    assert concerned - PROVEN == NOT_PROVEN


def test_no_route_of_the_api_asks_for_a_proof(app: Flask) -> None:
    """Tokens are scoped instead; a program could not answer."""
    assert not [
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/") and getattr(app.view_functions[rule.endpoint], "_proven", False)
    ]
