"""CONTRACT: accounts, their health, probe and poll; live accounts with the platforms' hosts replaced."""

from __future__ import annotations

from typing import Any

from tests.journeys.contract.kit import SECRETS, Place, has, is_time, refused
from tests.patience import wait_for

WEIBO = {
    "app_key": "1352222457",
    "app_secret": "weibo-secret-for-tests",
    "access_token": "2.00weibo-token-for-tests",
    "uid": "2902538057",
    "safe_domain": "example.gov.cn",
    "expires_at": "2030-01-01T00:00:00Z",
}


def account(place: Place, **fields: Any) -> dict[str, Any]:
    return {
        "platform": "weibo",
        "unit_id": place.city.unit,
        "name": "青岚应急",
        "external_id": "2902538057",
        "environment": "simulator",
        "mode": "share",
        "credentials": WEIBO,
        **fields,
    }


def test_connecting(place: Place) -> None:
    made = place.admin.call("POST", "/accounts", 201, json=account(place, settings={"quotas": {"daily_calls": 100}}))
    has(made, {"id", "callback_url", "capabilities", "health", "platform", "unit_id", "name", "external_id",
               "environment", "mode", "settings"})  # fmt: skip
    assert made["callback_url"].startswith(f"{place.city.stack.web}/callbacks/weibo/")
    assert "credentials" not in made
    assert made["settings"]["quotas"] == {"daily_calls": 100}
    assert not [secret for secret in SECRETS if secret in str(made)]
    shown = place.admin.get(f"/accounts/{made['id']}")
    assert shown["callback_url"] == made["callback_url"]
    refused(place.admin, "POST", "/accounts", 409, json=account(place))


def test_what_is_wrong_is_named(place: Place) -> None:
    for field, value in (
        ("platform", "douyin"),
        ("mode", "mass"),
        ("environment", "paper"),
        ("credentials", {}),
        ("settings", {"quotas": {"daily_calls": "many"}}),
    ):
        body = refused(place.admin, "POST", "/accounts", 422, json=account(place, external_id="2902538058", **{
            field: value}))  # fmt: skip
        assert any(name.startswith(field) or field in str(name) for name in body["errors"]), (field, body)
    naive = {**WEIBO, "uid": "2902538058", "expires_at": "2030-01-01T00:00:00"}
    refused(place.admin, "POST", "/accounts", 422, json=account(place, external_id="2902538058", credentials=naive))
    refused(place.author, "POST", "/accounts", 403, json=account(place))
    refused(place.admin, "POST", "/accounts", 404, json=account(place, unit_id=place.other))


def test_health_probe_and_poll(place: Place) -> None:
    path = f"/accounts/{place.city.wechat}"
    asked = place.admin.call("POST", f"{path}/probe", 202)
    has(asked, {"status", "rights", "checked_at", "egress_ip", "token_expires_at", "quotas"})

    def checked() -> Any:
        health = place.admin.get(f"{path}/health")
        return health if health["checked_at"] else None

    health = wait_for("a probe", checked)
    assert health["status"] in ("ok", "limited")
    assert is_time(health["checked_at"])
    assert health["rights"]
    for right in health["rights"]:
        assert {"key", "ok", "detail", "remedy"} <= set(right)
    place.admin.call("POST", f"{path}/poll", 202)
    assert place.author.get(f"{path}/health")["status"] == health["status"]
