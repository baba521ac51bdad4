"""Signing in: lockout, sessions that end, no open redirect, closed registration."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.audit.services import verify
from app.db import db
from app.errors import TooMany, Unauthenticated
from app.units import sessions
from app.units.access import Actor
from app.units.models import User
from app.units.passwords import is_right
from app.units.services import authenticate, change_password, deactivate_user
from app.web import sign_in_hints
from tests.app.units.conftest import PASSWORD, SignIn, Town

NEW = "a better passphrase"


def test_right_password_signs_in_whatever_the_case_of_the_address(town: Town, now: datetime) -> None:
    user = authenticate(" Author@Example.GOV.cn ", PASSWORD, origin="203.0.113.7", now=now).user
    assert user.id == town.author.id
    assert user.last_sign_in_at == now
    assert user.password_hash.startswith("$argon2id$")


def test_wrong_password_and_unknown_person_are_told_the_same(town: Town, now: datetime) -> None:
    words = set()
    for email in (town.author.email, "nobody@example.gov.cn"):
        with pytest.raises(Unauthenticated) as refusal:
            authenticate(email, "wrong", origin="", now=now)
        words.add(refusal.value.message)
    assert len(words) == 1


def test_five_failures_lock_for_a_quarter_of_an_hour(town: Town, now: datetime) -> None:
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            authenticate(town.author.email, "wrong", origin="", now=now)
    # The right password, too, in the words that strangers' addresses get: no telling who works here.
    for moment in (now, now + timedelta(minutes=14)):
        with pytest.raises(Unauthenticated) as locked:
            authenticate(town.author.email, PASSWORD, origin="", now=moment)
        with pytest.raises(Unauthenticated) as unknown:
            authenticate("nobody@example.gov.cn", PASSWORD, origin="", now=moment)
        assert (locked.value.status, locked.value.message) == (unknown.value.status, unknown.value.message)
        assert "15 分钟" in locked.value.message
    later = now + timedelta(minutes=15)
    assert authenticate(town.author.email, PASSWORD, origin="", now=later).user.locked_until is None
    assert verify() == []


def test_guesses_made_at_once_do_not_get_around_the_lock(
    town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five wrong ones are counted while the right one is being checked."""

    def slow(password: str, stored: str | None, *, known: bool) -> bool:
        monkeypatch.undo()
        for _ in range(5):
            with pytest.raises(Unauthenticated):
                authenticate(town.author.email, "wrong", origin="", now=now)
        return is_right(password, stored, known=known)

    monkeypatch.setattr("app.units.sign_in.is_right", slow)
    with pytest.raises(Unauthenticated):
        authenticate(town.author.email, PASSWORD, origin="", now=now)


def test_a_success_forgets_earlier_failures(town: Town, now: datetime) -> None:
    for _ in range(2):
        for _ in range(4):
            with pytest.raises(Unauthenticated):
                authenticate(town.author.email, "wrong", origin="", now=now)
        authenticate(town.author.email, PASSWORD, origin="", now=now)


def test_a_deactivated_person_cannot_sign_in(
    town: Town, acts: Callable[[User], Actor], now: datetime, sign_in: SignIn
) -> None:
    client = sign_in(town.author)
    assert client.get("/settings").status_code == 200
    deactivate_user(acts(town.admin), town.author.id, now=now)
    assert client.get("/settings").status_code == 302
    with pytest.raises(Unauthenticated):
        authenticate(town.author.email, PASSWORD, origin="", now=now)


def test_a_changed_password_ends_other_sessions_but_not_this_one(
    town: Town, acts: Callable[[User], Actor], now: datetime, sign_in: SignIn
) -> None:
    here, elsewhere = sign_in(town.author), sign_in(town.author)
    answer = here.post("/settings/profile/password", data={"old": PASSWORD, "new": NEW, "again": NEW})
    assert answer.status_code == 302
    assert here.get("/settings").status_code == 200
    assert elsewhere.get("/settings").status_code == 302
    change_password(acts(town.author), user_id=town.author.id, old=NEW, new=PASSWORD, now=now)
    assert here.get("/settings").status_code == 302


def test_wrong_sign_in_shows_the_reason_and_keeps_the_address(town: Town, app: Flask, sign_in: SignIn) -> None:
    answer = app.test_client().post("/sign-in", data={"email": town.author.email, "password": "wrong"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert "邮箱或密码不对" in page
    assert town.author.email in page


def test_the_page_warns_of_secrets_offers_english_and_no_registration(town: Town, app: Flask, sign_in: SignIn) -> None:
    client = app.test_client()
    page = client.get("/sign-in").get_data(as_text=True)
    assert "非涉密系统，严禁处理国家秘密" in page
    assert "English" in page
    assert "演示账户" not in page
    assert client.get("/register").status_code == 404
    switched = client.post("/language", data={"locale": "en", "next": "/sign-in?next=/posts"})
    assert switched.headers["Location"] == "/sign-in?next=/posts"
    english = client.get("/sign-in").get_data(as_text=True)
    assert '<html lang="en"' in english
    assert "<title>Sign in" in english
    assert "handling state secrets is strictly forbidden" in english
    assert "非涉密系统，严禁处理国家秘密" in english


def test_hints_of_the_demo_are_listed(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    hint = {"email": "demo@example.gov.cn", "name": "王敏", "role": "拟稿人", "password": "shown on purpose"}
    monkeypatch.setattr("app.units.views.sign_in_hints", [*sign_in_hints, lambda: [hint]])
    assert "demo@example.gov.cn" in app.test_client().get("/sign-in").get_data(as_text=True)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/posts?status=draft", "/posts?status=draft"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/sign-out", "/"),
        ("", "/"),
        (None, "/"),
    ],
)
def test_no_open_redirect(target: str | None, expected: str) -> None:
    assert sessions.safe_next(target) == expected


def test_a_page_leads_back_after_signing_in(town: Town, app: Flask, sign_in: SignIn) -> None:
    client = app.test_client()
    assert client.get("/settings/people?cursor=x").headers["Location"] == "/sign-in?next=/settings/people?cursor%3Dx"
    data = {"email": town.author.email, "password": PASSWORD, "next": "/settings/people"}
    assert client.post("/sign-in", data=data).headers["Location"] == "/settings/people"
    assert client.post("/sign-out").status_code == 302
    data["next"] = "//evil.example"
    assert client.post("/sign-in", data=data).headers["Location"] == "/"


def test_sign_out_only_by_post_with_a_token(town: Town, app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    client.post("/sign-in", data={"email": town.author.email, "password": PASSWORD})
    app.config["WTF_CSRF_ENABLED"] = True
    assert client.get("/sign-out").status_code == 405
    assert client.post("/sign-out").status_code == 400
    assert client.get("/settings").status_code == 200
    app.config["WTF_CSRF_ENABLED"] = False
    client.post("/sign-out")
    assert client.get("/settings").status_code == 302


def test_an_abandoned_screen_is_signed_out_and_polls_do_not_keep_it_open(
    town: Town, app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = {"at": 1_000_000.0}
    monkeypatch.setattr("app.units.sessions.time.time", lambda: clock["at"])
    client = sign_in(town.author)
    clock["at"] += 29 * 60
    assert client.get("/settings").status_code == 200
    clock["at"] += 29 * 60
    assert client.get("/machine", headers={"X-Background": "1", "HX-Request": "true"}).status_code == 200
    clock["at"] += 2 * 60
    poll = client.get(
        "/machine", headers={"X-Background": "1", "HX-Request": "true", "HX-Current-URL": "http://localhost/settings"}
    )
    assert poll.status_code == 401
    assert poll.headers["HX-Redirect"] == "/sign-in?next=/settings"
    assert "没有操作" in client.get("/sign-in").get_data(as_text=True)


def test_after_an_idle_sign_out_the_same_person_can_save_the_page_left_open(
    town: Town, app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = {"at": 1_000_000.0}
    monkeypatch.setattr("app.units.sessions.time.time", lambda: clock["at"])
    client = sign_in(town.author)

    def token(page: str) -> str:
        return re.findall(r'name="csrf-token" content="([^"]+)"', client.get(page).get_data(as_text=True))[0]

    def save(left_open: str) -> int:
        app.config["WTF_CSRF_ENABLED"] = True
        data = {"locale": "zh_CN", "csrf_token": left_open}
        status = client.post("/language", data=data).status_code
        app.config["WTF_CSRF_ENABLED"] = False
        return status

    left_open = token("/settings")
    clock["at"] += 31 * 60
    assert client.get("/settings").status_code == 302
    client.post("/sign-in", data={"email": town.author.email, "password": PASSWORD})
    assert save(left_open) == 302
    clock["at"] += 31 * 60
    assert client.get("/settings").status_code == 302
    client.post("/sign-in", data={"email": town.admin.email, "password": PASSWORD})
    assert save(left_open) == 400, "somebody else must not inherit the page"


def test_who_is_not_signed_in_any_more_is_told_so_and_not_that_the_page_is_old(town: Town, app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    client = app.test_client()
    answer = client.post(
        "/posts", json={}, headers={"Accept": "application/json", "X-CSRFToken": "of a session that is gone"}
    )
    app.config["WTF_CSRF_ENABLED"] = False
    assert answer.status_code == 401
    assert "登录" in answer.get_json()["message"]
    assert "太久" not in answer.get_json()["message"]


def test_a_script_of_the_page_is_told_and_not_given_the_sign_in_page(town: Town, app: Flask) -> None:
    answer = app.test_client().get("/settings", headers={"Accept": "application/json"})
    assert answer.status_code == 401
    assert "已退出登录" in answer.get_json()["message"]


def test_the_session_cookie_is_closed_to_scripts_and_ends_with_the_browser(town: Town, app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    answer = app.test_client().post("/sign-in", data={"email": town.author.email, "password": PASSWORD})
    (cookie,) = (one for one in answer.headers.getlist("Set-Cookie") if one.startswith("session="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires" not in cookie
    db.session.rollback()


def test_one_address_cannot_try_everybody(town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.units.addresses.ALLOWED", 6)
    for user in (town.author, town.auditor, town.bureau_admin):
        for _ in range(2):
            with pytest.raises(Unauthenticated):
                authenticate(user.email, "wrong", origin="198.51.100.9", now=now)
    with pytest.raises(TooMany):
        authenticate(town.admin.email, PASSWORD, origin="198.51.100.9", now=now)
    assert authenticate(town.admin.email, PASSWORD, origin="203.0.113.7", now=now).user.id == town.admin.id
    authenticate(town.admin.email, PASSWORD, origin="198.51.100.9", now=now + timedelta(minutes=15))
