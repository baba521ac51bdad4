"""/api/v1/accounts to the letter of the contract."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask

from app.accounts.models import Account
from app.db import db
from tests.app.accounts.kit import GH, UID, WECHAT, WEIBO
from tests.app.accounts.people import People


def body(people: People, **changes: Any) -> dict[str, Any]:
    return {
        "platform": "weibo",
        "unit_id": people.city.id,
        "name": "青岚发布",
        "external_id": UID,
        "environment": "simulator",
        "mode": "share",
        "credentials": {**WEIBO, "uid": UID},
        **changes,
    }


def wechat_body(people: People) -> dict[str, Any]:
    more = {"platform": "wechat", "external_id": GH, "mode": "mass", "credentials": dict(WECHAT)}
    return body(people, **more, settings={"quotas": {"freepublish/submit": 7}})


def test_an_account_is_created_read_and_listed(app: Flask, people: People) -> None:
    client, headers = app.test_client(), people.bearer(people.admin)
    made = client.post("/api/v1/accounts", json=body(people), headers=headers)
    assert made.status_code == 201, made.get_data(as_text=True)
    account = made.get_json()
    assert account["callback_url"].startswith("http://127.0.0.1:8000/callbacks/weibo/")
    assert account["capabilities"]["needs_link"] is True
    assert {"key", "why"} == set(account["capabilities"]["missing"][0])
    health = account["health"]
    assert set(health) == {"status", "rights", "checked_at", "egress_ip", "token_expires_at", "quotas"}
    assert (health["status"], health["checked_at"]) == ("unknown", None)
    assert {row["key"]: row["limit"] for row in health["quotas"]} | {"daily_calls": 100, "unread": 23} == {
        row["key"]: row["limit"] for row in health["quotas"]
    }
    assert client.get(f"/api/v1/accounts/{account['id']}", headers=headers).get_json() == account
    listed = client.get("/api/v1/accounts?limit=1", headers=headers).get_json()
    assert [each["id"] for each in listed["items"]] == [account["id"]]
    assert listed["next_cursor"] is None


def test_secrets_never_come_back(app: Flask, people: People) -> None:
    client, headers = app.test_client(), people.bearer(people.admin)
    answers = [client.post("/api/v1/accounts", json=wechat_body(people), headers=headers)]
    account_id = answers[0].get_json()["id"]
    answers.append(client.get("/api/v1/accounts", headers=headers))
    patch = {"credentials": {"app_secret": "another-secret-value"}}
    answers.append(client.patch(f"/api/v1/accounts/{account_id}", json=patch, headers=headers))
    answers.append(
        client.patch(f"/api/v1/accounts/{account_id}", json={"credentials": {"token": "a b"}}, headers=headers)
    )
    said = "".join(answer.get_data(as_text=True) for answer in answers)
    assert [answer.status_code for answer in answers] == [201, 200, 200, 422]
    for secret in (WECHAT["app_secret"], WECHAT["token"], WECHAT["encoding_aes_key"], "another-secret-value", "a b"):
        assert secret not in said
    quotas = {row["key"]: row["limit"] for row in answers[0].get_json()["health"]["quotas"]}
    assert quotas["freepublish/submit"] == 7


def test_wrong_input_is_422_with_fields(app: Flask, people: People) -> None:
    client, headers = app.test_client(), people.bearer(people.admin)
    wrong = body(people, credentials={**WEIBO, "access_token": ""}, mode="mass")
    answer = client.post("/api/v1/accounts", json=wrong, headers=headers)
    assert answer.status_code == 422
    told = answer.get_json()
    assert set(told) == {"code", "status", "message", "errors"}
    assert set(told["errors"]) == {"mode", "credentials.access_token"}
    wrongs: list[Any] = [{}, {"platform": 1}, [], body(people, colour="red")]
    for broken in wrongs:
        assert client.post("/api/v1/accounts", json=broken, headers=headers).status_code == 422
    assert client.post(
        "/api/v1/accounts", data=b"{", headers={**headers, "Content-Type": "application/json"}
    ).status_code in (400, 422)


def test_twice_is_409(app: Flask, people: People) -> None:
    client, headers = app.test_client(), people.bearer(people.admin)
    assert client.post("/api/v1/accounts", json=body(people), headers=headers).status_code == 201
    assert client.post("/api/v1/accounts", json=body(people), headers=headers).status_code == 409


def test_who_may_what(app: Flask, people: People) -> None:
    admin, author, stranger = (people.bearer(each) for each in (people.admin, people.author, people.stranger))
    client = app.test_client()
    account_id = client.post("/api/v1/accounts", json=body(people), headers=admin).get_json()["id"]
    path = f"/api/v1/accounts/{account_id}"
    seen = client.get(path, headers=author).get_json()
    assert seen["name"] == "青岚发布"
    assert seen["callback_url"] is None
    assert client.post("/api/v1/accounts", json=wechat_body(people), headers=author).status_code == 403
    assert client.post("/api/v1/accounts", json=wechat_body(people), headers=stranger).status_code == 404
    assert client.patch(path, json={"name": "x"}, headers=author).status_code == 403
    for where in (path, f"{path}/health"):
        assert client.get(where, headers=stranger).status_code == 404
        assert client.get(where).status_code == 401
    assert client.post(f"{path}/probe", headers=stranger).status_code == 404
    assert client.get("/api/v1/accounts", headers=stranger).get_json()["items"] == []


def test_probe_and_poll_are_asked_of_the_scheduler(app: Flask, people: People) -> None:
    client, headers = app.test_client(), people.bearer(people.admin)
    account_id = client.post("/api/v1/accounts", json=body(people), headers=headers).get_json()["id"]
    assert client.post(f"/api/v1/accounts/{account_id}/probe", headers=headers).status_code == 202
    assert client.post(f"/api/v1/accounts/{account_id}/poll", headers=headers).status_code == 202
    db.session.rollback()
    account = db.session.get(Account, account_id)
    assert account is not None
    assert account.next_poll_at is not None
    assert account.probe_requested_at is not None
    assert json.dumps(client.get(f"/api/v1/accounts/{account_id}/health", headers=headers).get_json())
