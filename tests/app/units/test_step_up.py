"""Half signed in, signed in, and there right now: what each may do in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import html5lib
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.db import atomic, db, utcnow
from app.units import second_factor
from app.units.access import actor_for
from app.units.models import ApiToken, BrowserSession, Grant, User
from tests.app.units.conftest import PASSWORD, SignIn, Town
from tests.app.units.trusted import code_at, give_authenticator, let_proofs_age, wrong_code
from tests.architecture.pages import faults

Bearer = Callable[..., dict[str, str]]


@pytest.fixture(autouse=True)
def _no_csrf(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


def half_way(app: Flask, user: User) -> FlaskClient:
    client = app.test_client()
    answer = client.post("/sign-in", data={"email": user.email, "password": PASSWORD, "next": "/settings/people"})
    assert answer.headers["Location"] == "/sign-in/second?next=/settings/people"
    return client


def grants_of(user: User) -> set[str]:
    db.session.rollback()
    return set(db.session.scalars(select(Grant.role).where(Grant.user_id == user.id)))


def test_half_signed_in_may_do_nothing_but_give_the_code(town: Town, app: Flask) -> None:
    secret, _codes = give_authenticator(actor_for(town.admin), utcnow() - timedelta(minutes=2))
    client = half_way(app, town.admin)
    assert client.get("/settings").status_code == 302
    assert client.get("/settings/people").headers["Location"].startswith("/sign-in")
    assert client.post(f"/settings/people/{town.author.id}/deactivation").status_code == 302
    assert client.post("/proof", data={"proof_password": PASSWORD}).status_code == 302
    assert client.get("/api/v1/units").status_code == 401
    assert db.session.get_one(User, town.author.id).active
    page = client.get("/sign-in/second").text
    assert faults(page) == []
    bad = client.post("/sign-in/second", data={"proof_code": wrong_code(secret, utcnow())})
    assert bad.status_code == 401
    assert "没有通过" in bad.text
    data = {"proof_code": code_at(secret, utcnow()), "next": "/settings/people"}
    assert client.post("/sign-in/second", data=data).headers["Location"] == "/settings/people"
    assert client.get("/settings/people").status_code == 200
    # The step is over: the same browser cannot take it again.
    assert client.post("/sign-in/second", data=data).headers["Location"].startswith("/sign-in")


def test_the_second_step_must_follow_within_five_minutes(town: Town, app: Flask) -> None:
    secret, codes = give_authenticator(actor_for(town.admin), utcnow() - timedelta(minutes=2))
    client = half_way(app, town.admin)
    with client.session_transaction() as session:
        session["half"] = {**session["half"], "at": session["half"]["at"] - 301}
    answer = client.post("/sign-in/second", data={"proof_code": code_at(secret, utcnow())})
    assert answer.headers["Location"].startswith("/sign-in")
    assert client.get("/settings").status_code == 302
    assert "5 分钟内" in client.get("/sign-in").text
    assert app.test_client().post("/sign-in/second", data={"proof_code": codes[0]}).status_code == 302


def test_a_session_planted_before_sign_in_is_worth_nothing(town: Town, app: Flask, sign_in: SignIn) -> None:
    mine = sign_in(town.author)
    with mine.session_transaction() as session:
        planted = dict(session)
    victim = app.test_client()
    with victim.session_transaction() as session:
        session.update(planted)
    victim.post("/sign-in", data={"email": town.admin.email, "password": PASSWORD})
    with victim.session_transaction() as session:
        assert session["sid"] != planted["sid"]
    assert town.admin.email in victim.get("/settings/profile").text
    # The planted one has ended; whoever planted it sees neither person's pages.
    assert mine.get("/settings/profile").status_code == 302


def test_a_copied_cookie_ends_with_the_session(town: Town, app: Flask, sign_in: SignIn) -> None:
    mine = sign_in(town.author)
    with mine.session_transaction() as session:
        copied = dict(session)
    mine.post("/sign-out")
    thief = app.test_client()
    with thief.session_transaction() as session:
        session.update(copied)
    assert thief.get("/settings").status_code == 302


def test_a_form_is_asked_for_a_proof_and_then_done_as_it_was_sent(town: Town, sign_in: SignIn) -> None:
    browser = sign_in(town.admin)
    let_proofs_age()
    path = f"/settings/people/{town.author.id}/grants?from=list"
    sent = {"role": "responder", "unit_id": town.county.id, "note": '"<b>两行\n第二行'}
    asked = browser.post(path, data=sent)
    assert (asked.status_code, asked.headers["X-Proof-Needed"]) == (403, "1")
    assert faults(asked.text) == []
    assert grants_of(town.author) == {"author"}
    kept = {name: value for name, value in hidden(asked.text).items() if name != "csrf_token"}
    assert kept == sent
    assert re.search(r'action="([^"]+)"', asked.text[asked.text.index("<main") :])[1] == path  # type: ignore[index]

    again = browser.post(path, data={**kept, "proof_password": "wrong"})
    assert again.status_code == 403
    assert "密码不对" in again.text
    assert {k: v for k, v in hidden(again.text).items() if k != "csrf_token"} == sent
    assert grants_of(town.author) == {"author"}
    assert browser.post(path, data={**kept, "proof_password": PASSWORD}).status_code == 302
    assert grants_of(town.author) == {"author", "responder"}
    # Now the proof is fresh.
    assert browser.post(path, data={"role": "reviewer", "unit_id": town.county.id}).status_code == 302
    assert "reviewer" in grants_of(town.author)


def hidden(page: str) -> dict[str, str]:
    """The hidden fields of the page's own form, as a browser reads them."""
    root = html5lib.HTMLParser(namespaceHTMLElements=False).parse(page)
    form = next(form for form in root.find(".//main").iter("form"))
    return {
        field.get("name"): field.get("value")
        for field in form.iter("input")
        if field.get("type") == "hidden" and not field.get("name").startswith("proof_")
    }


def test_a_script_is_told_and_repeats_after_the_proof(town: Town, sign_in: SignIn) -> None:
    browser = sign_in(town.admin)
    let_proofs_age()
    path, data = f"/settings/people/{town.author.id}/grants", {"role": "responder", "unit_id": town.county.id}
    for headers in ({"Accept": "application/json"}, {"HX-Request": "true"}):
        told = browser.post(path, data=data, headers=headers)
        assert (told.status_code, told.headers["X-Proof-Needed"]) == (403, "1")
        assert "确认是您本人" in told.get_json()["message"]
    assert "proof_password" in browser.get("/proof/dialog").text
    wrong = browser.post("/proof", data={"proof_password": "x"}, headers={"Accept": "application/json"})
    assert wrong.status_code == 403
    assert "X-Proof-Needed" not in wrong.headers
    right = browser.post("/proof", data={"proof_password": PASSWORD}, headers={"Accept": "application/json"})
    assert right.status_code == 204
    assert browser.post(path, data=data, headers={"Accept": "application/json"}).status_code == 302
    assert "responder" in grants_of(town.author)


def test_with_an_authenticator_the_password_is_no_proof(town: Town, app: Flask) -> None:
    secret, codes = give_authenticator(actor_for(town.admin), utcnow() - timedelta(minutes=2))
    browser, code = half_way(app, town.admin), code_at(secret, utcnow())
    browser.post("/sign-in/second", data={"proof_code": code})
    let_proofs_age()
    path = f"/settings/people/{town.author.id}/deactivation"
    for given in ({"proof_password": PASSWORD}, {"proof_code": code}, {"proof_code": "1"}):
        assert browser.post(path, data=given).status_code == 403, "a password, or the code that signed in"
    db.session.rollback()
    assert db.session.get_one(User, town.author.id).active
    assert browser.post(path, data={"proof_code": codes[0]}).status_code == 302
    db.session.rollback()
    assert not db.session.get_one(User, town.author.id).active


def test_guessing_at_an_open_screen_ends_the_session(town: Town, sign_in: SignIn) -> None:
    browser = sign_in(town.admin)
    let_proofs_age()
    path = f"/settings/people/{town.author.id}/deactivation"
    words = {browser.post(path, data={"proof_password": f"guess {n}"}).text.count("会退出登录") for n in range(5)}
    assert words == {1}
    assert browser.post(path, data={"proof_password": PASSWORD}).headers["Location"].startswith("/sign-in")
    db.session.rollback()
    assert db.session.get_one(User, town.author.id).active


def test_the_proof_is_kept_nowhere(town: Town, sign_in: SignIn) -> None:
    """A refused form is kept in a cookie that the browser can read: not so the password beside it."""
    browser = sign_in(town.admin)
    let_proofs_age()
    assert browser.post("/stops", data={"scope": "site:", "reason": "", "proof_password": PASSWORD}).status_code == 303
    with browser.session_transaction() as session:
        assert session["typed"]["scope"] == "site:"
        assert "proof_password" not in session["typed"]
        assert PASSWORD not in str(dict(session))


def test_api_tokens_are_not_asked(town: Town, sign_in: SignIn, app: Flask, bearer: Bearer) -> None:
    headers = bearer(town.admin)
    let_proofs_age()
    body = {"scope": "unit", "id": town.city.id, "reason": "演练"}
    assert app.test_client().post("/api/v1/stops", json=body, headers=headers).status_code == 201


def test_a_page_that_asks_comes_back_to_itself(town: Town, sign_in: SignIn) -> None:
    browser = sign_in(town.admin)
    page = browser.get("/proof?next=/settings/people?cursor=x")
    assert faults(page.text) == []
    data = {"proof_password": PASSWORD, "next": "/settings/people?cursor=x"}
    assert browser.post("/proof", data=data).headers["Location"] == "/settings/people?cursor=x"
    data["next"] = "//evil.example"
    assert browser.post("/proof", data=data).headers["Location"] == "/"


def test_whoever_must_have_a_second_factor_gets_no_further_than_its_set_up(
    town: Town, app: Flask, sign_in: SignIn
) -> None:
    now = utcnow() - timedelta(minutes=2)
    give_authenticator(actor_for(town.admin), now)
    second_factor.require_second_factor(actor_for(town.admin), town.bureau.id, True, now=now)
    browser = sign_in(town.bureau_admin)
    for path in ("/settings", "/settings/people", "/posts", "/settings/profile"):
        assert browser.get(path).headers["Location"] == "/settings/profile/second-factor"
    answer = browser.post("/settings/profile/tokens", data={"name": "x", "days": "3"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (403, "/settings/profile/second-factor")
    assert db.session.scalar(select(ApiToken.id)) is None
    page = browser.get("/settings/profile/second-factor").text
    assert "单位规定" in page
    assert faults(page) == []
    browser.post("/settings/profile/second-factor")
    page = browser.get("/settings/profile/second-factor").text
    assert faults(page) == []
    assert "<svg" in page[page.index("factor-qr") :]
    found = re.search(r'id="totp-secret">([^<]+)<', page)
    assert found
    secret = found[1].replace(" ", "")
    wrong = browser.post("/settings/profile/second-factor/confirmation", data={"code": wrong_code(secret, utcnow())})
    assert wrong.status_code == 422
    right = browser.post("/settings/profile/second-factor/confirmation", data={"code": code_at(secret, utcnow())})
    assert right.status_code == 200
    assert faults(right.text) == []
    assert len(re.findall(r"[2-9A-Z]{4}(?:-[2-9A-Z]{4}){3}", right.text)) >= 10
    assert browser.get("/settings/people").status_code == 200
    assert sign_in(town.auditor).get("/settings").status_code == 200
    trust = browser.get(f"/settings/units/{town.bureau.id}/trust")
    assert faults(trust.text) == []
    assert "李晓" in trust.text
    assert browser.get(f"/settings/units/{town.city.id}/trust").status_code == 404


def test_the_password_alone_makes_no_fresh_proof_of_who_has_an_authenticator(town: Town, app: Flask) -> None:
    secret, codes = give_authenticator(actor_for(town.admin), utcnow() - timedelta(minutes=2))
    browser = half_way(app, town.admin)
    browser.post("/sign-in/second", data={"proof_code": code_at(secret, utcnow())})
    let_proofs_age()
    path, new = "/settings/profile/password", "a better passphrase"
    sent = {"old": PASSWORD, "new": new, "again": new}
    assert browser.post(path, data=sent).headers["X-Proof-Needed"] == "1"
    assert browser.post(path, data={**sent, "proof_password": PASSWORD}).status_code == 403
    assert browser.post(path, data={**sent, "proof_code": codes[0]}).status_code == 302
    # A step-up that is nearly over is nearly over in the new session, too.
    with atomic():
        db.session.query(BrowserSession).update({"proven_at": utcnow() - timedelta(seconds=200)})
    assert browser.post(path, data={"old": new, "new": PASSWORD, "again": PASSWORD}).status_code == 302
    left = db.session.scalars(select(BrowserSession.proven_at)).one()
    assert left < utcnow() - timedelta(seconds=190)


def test_strangers_at_the_sign_in_page_hold_up_no_proof_and_five_wrong_ones_end_the_session(
    town: Town, app: Flask, sign_in: SignIn
) -> None:
    browser, stranger = sign_in(town.admin), app.test_client()
    let_proofs_age()
    for _ in range(5):
        stranger.post("/sign-in", data={"email": town.admin.email, "password": "wrong"})
    db.session.rollback()
    until = db.session.get_one(User, town.admin.id).locked_until
    assert until is not None
    assert browser.post("/proof", data={"proof_password": PASSWORD}).status_code == 303
    wrong = {"proof_password": "wrong"}
    for _ in range(4):
        assert browser.post("/proof", data=wrong).status_code == 403
    # The right password counts from nothing again; it does not open the door that the stranger locked.
    assert browser.post("/proof", data={"proof_password": PASSWORD}).status_code == 303
    for _ in range(4):
        browser.post("/proof", data=wrong)
    assert browser.get("/settings").status_code == 200
    assert "退出登录" in browser.post("/proof", data=wrong).text
    assert browser.get("/settings").status_code == 302
    db.session.rollback()
    assert db.session.get_one(User, town.admin.id).locked_until == until


def test_wrong_codes_stay_counted_when_the_password_is_changed_between(town: Town, app: Flask) -> None:
    _secret, codes = give_authenticator(actor_for(town.admin), utcnow() - timedelta(minutes=2))
    browser, old = half_way(app, town.admin), PASSWORD
    browser.post("/sign-in/second", data={"proof_code": codes[0]})
    for turn in range(4):
        assert browser.post("/proof", data={"proof_code": "AAAA"}).status_code == 403
        new = f"a better passphrase {turn}"
        sent = {"old": old, "new": new, "again": new}
        assert browser.post("/settings/profile/password", data=sent).status_code == 302
        old = new
    browser.post("/settings/profile/second-factor/removal", data={"password": old, "code": "AAAA"})
    assert browser.get("/settings").status_code == 302
