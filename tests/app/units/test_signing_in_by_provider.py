"""Signing in through an identity platform: who may, who becomes whom, what it opens and what it does not."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import IntegrityError
from structlog.testing import capture_logs

from app.audit.models import Event
from app.db import atomic, db, utcnow
from app.errors import Invalid
from app.units import identities, second_factor, vouching
from app.units.access import SYSTEM, actor_for
from app.units.addresses import ALLOWED
from app.units.models import Identity, IdentityProvider, SignInFailure, User
from app.units.passwords import NO_PASSWORD
from app.units.people import deactivate_user, reset_password
from app.units.sign_in import Recognised
from connectors.openid import client as openid
from connectors.openid.values import Vouched
from tests.app.units.conftest import PASSWORD, SignIn, Town
from tests.app.units.identity_platform import IdentityPlatform
from tests.app.units.trusted import code_at, give_authenticator
from tests.app.units.vouched import NAME, enter, leave, session_of, sessions_open, set_up
from tests.architecture.pages import faults

# The database makes no difference to the way through the platform; where it may, test_identities.py has both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

EMAIL = {"email": "author@example.gov.cn", "email_verified": True}


@pytest.fixture(autouse=True)
def _no_csrf(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return app.test_client()


def list_author(town: Town, listed: str = "wang-1") -> None:
    identities.list_identity(SYSTEM, town.author.id, listed, now=utcnow())


def events(action: str) -> list[Event]:
    db.session.rollback()
    return db.session.query(Event).filter_by(action=action).order_by(Event.seq).all()


def test_the_sign_in_page_shows_the_way_while_it_is_open(
    town: Town, platform: IdentityPlatform, browser: FlaskClient
) -> None:
    assert "/sign-in/provider" not in browser.get("/sign-in").text
    set_up(platform, active=False)
    assert "/sign-in/provider" not in browser.get("/sign-in").text
    assert browser.get("/sign-in/provider").status_code == 409
    set_up(platform)
    page = browser.get("/sign-in?next=/settings").text
    assert f"用{NAME}登录" in page
    assert "/sign-in/provider?next=/settings" in page
    assert faults(page) == []


def test_a_listed_person_signs_in_and_is_bound(town: Town, platform: IdentityPlatform, browser: FlaskClient) -> None:
    set_up(platform)
    list_author(town)
    assert enter(browser, "/sign-in/provider?next=/settings/profile").headers["Location"] == "/settings/profile"
    page = browser.get("/settings/profile").text
    assert f"通过{NAME}" in page
    assert f"已绑定{NAME}" in page
    assert faults(page) == []
    row = session_of(town.author)
    assert (row.how, row.provider) == ("provider", NAME)
    found = db.session.query(Identity).one()
    assert (found.user_id, found.subject, found.listed) == (town.author.id, "wang-1", "wang-1")
    assert [event.after["by"] for event in events("user.identity_bind")] == [NAME]
    assert [event.after["by"] for event in events("user.sign_in")] == ["provider"]
    # Already there: not sent away again.
    assert browser.get("/sign-in/provider").headers["Location"] == "/"


def test_what_was_in_the_browser_before_is_worth_nothing_afterwards(
    town: Town, platform: IdentityPlatform, app: Flask, browser: FlaskClient, sign_in: SignIn
) -> None:
    set_up(platform)
    list_author(town)
    sign_in(town.auditor)
    with browser.session_transaction() as session:
        session["sid"], session["planted"] = "planted", "1"
    enter(browser)
    with browser.session_transaction() as session:
        assert session["sid"] != "planted"
        assert "planted" not in session
        assert "roundtrips" not in session


def test_nobody_gets_an_account_by_signing_in(town: Town, platform: IdentityPlatform, browser: FlaskClient) -> None:
    set_up(platform, allowed="@elsewhere.example.cn")
    platform.claims = {"sub": "stranger-7", **EMAIL}
    before = db.session.query(User).count()
    answer = enter(browser)
    assert answer.status_code == 401
    assert "不开放注册" in answer.text
    assert "stranger-7" in answer.text
    assert faults(answer.text) == []
    assert browser.get("/settings").status_code == 302
    assert db.session.query(User).count() == before
    assert db.session.query(Identity).count() == 0
    (event,) = events("provider.refuse")
    assert event.after["why"] == "unlisted"
    assert "stranger-7" not in str(event.after)
    assert "author@" not in str(event.after)
    assert db.session.query(SignInFailure).count() == 1


def test_a_verified_address_of_an_allowed_domain_binds_its_owner(
    town: Town, platform: IdentityPlatform, browser: FlaskClient, app: Flask
) -> None:
    set_up(platform, allowed="@example.gov.cn")
    platform.claims = {"sub": "wang-1", **EMAIL, "email_verified": False}
    refused = enter(browser)
    assert refused.status_code == 401
    assert "没有确认您的邮箱" in refused.text
    platform.claims = {"sub": "wang-1", **EMAIL}
    assert enter(browser).headers["Location"] == "/"
    assert session_of(town.author).provider == NAME
    # Whoever gets that address afterwards is somebody else.
    platform.claims = {"sub": "wang-2", **EMAIL}
    later = enter(app.test_client())
    assert later.status_code == 401
    assert "另一个身份" in later.text
    # And the one who is bound stays so, whatever becomes of the address.
    platform.claims = {"sub": "wang-1"}
    assert enter(app.test_client()).headers["Location"] == "/"


def test_no_address_makes_anybody_an_administrator(
    town: Town, platform: IdentityPlatform, browser: FlaskClient
) -> None:
    """Whoever sets the platform up writes the list: they would become whom they like."""
    platform.claims = {"sub": "boss", "email": "bureau@example.gov.cn", "email_verified": True}
    for allowed in ("example.gov.cn", "Bureau@example.gov.cn"):
        set_up(platform, allowed=allowed)
        refused = enter(browser)
        assert refused.status_code == 401
        assert "管理权限" in refused.text
    platform.claims["email"] = "auditor@example.gov.cn"
    set_up(platform, allowed="auditor@example.gov.cn")
    assert enter(browser).status_code == 401
    assert sessions_open(town.bureau_admin) == 0


def test_another_first_sign_in_with_one_identity_comes_between(
    town: Town, platform: IdentityPlatform, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(platform, allowed="@example.gov.cn")
    platform.claims = {"sub": "wang-1", **EMAIL}
    calls: list[str] = []
    once = vouching._recognise

    def twice(vouched: Vouched, row: IdentityProvider, origin: str, now: datetime) -> Recognised:
        calls.append(vouched.subject)
        if len(calls) == 1:
            raise IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed"))
        return once(vouched, row, origin, now)

    monkeypatch.setattr(vouching, "_recognise", twice)
    assert enter(browser).headers["Location"] == "/"
    assert calls == ["wang-1", "wang-1"]


def test_whom_an_administrator_listed_comes_by_no_other_identity(
    town: Town, platform: IdentityPlatform, browser: FlaskClient
) -> None:
    set_up(platform, allowed="@example.gov.cn")
    list_author(town, "wang-9")
    platform.claims = {"sub": "wang-1", **EMAIL}
    assert enter(browser).status_code == 401
    assert sessions_open(town.author) == 0


def test_another_claim_may_be_what_people_are_listed_by(
    town: Town, platform: IdentityPlatform, browser: FlaskClient
) -> None:
    set_up(platform, claim="employee_number")
    list_author(town, "12345")
    platform.claims = {"sub": "12345", "employee_number": "777"}
    assert enter(browser).status_code == 401
    platform.claims = {"sub": "other", "employee_number": 12345}
    assert enter(browser).status_code == 302
    assert db.session.query(Identity).one().subject == "other"


def test_what_was_written_down_of_one_claim_is_no_value_of_another(
    town: Town, platform: IdentityPlatform, browser: FlaskClient
) -> None:
    """Else whoever sets the platform up picks a claim that people set themselves, and comes as whom they like."""
    set_up(platform, claim="employee_number")
    list_author(town, "1001")
    with pytest.raises(Invalid) as refused:
        set_up(platform, claim="nickname")
    assert "还没有首次登录" in str(refused.value.errors["claim"])
    platform.claims = {"sub": "wang", "employee_number": "1001"}
    assert enter(browser).status_code == 302
    set_up(platform, claim="nickname")


def test_the_same_subject_of_another_platform_is_somebody_else(
    town: Town, platform: IdentityPlatform, browser: FlaskClient, platforms: object
) -> None:
    set_up(platform)
    list_author(town)
    enter(browser)
    other = platforms.new()  # type: ignore[attr-defined]
    set_up(other)
    # Signed in on the last one's word: that is not taken any more.
    assert sessions_open(town.author) == 0
    assert enter(browser).status_code == 401
    list_author(town)
    assert enter(browser).status_code == 302


def test_who_left_is_refused(town: Town, platform: IdentityPlatform, browser: FlaskClient, app: Flask) -> None:
    set_up(platform)
    list_author(town)
    enter(browser)
    deactivate_user(SYSTEM, town.author.id, now=utcnow())
    assert browser.get("/settings").status_code == 302
    refused = enter(app.test_client())
    assert refused.status_code == 401
    assert "已停用" in refused.text
    assert [event.after["why"] for event in events("provider.refuse")] == ["inactive"]


def test_a_second_factor_is_still_asked_for(town: Town, platform: IdentityPlatform, browser: FlaskClient) -> None:
    set_up(platform)
    list_author(town)
    secret, _codes = give_authenticator(actor_for(town.author), utcnow() - timedelta(minutes=2))
    platform.claims["amr"] = ["mfa"]
    answer = enter(browser, "/sign-in/provider?next=/settings")
    assert answer.headers["Location"] == "/sign-in/second?next=/settings"
    assert browser.get("/settings").status_code == 302
    page = browser.get("/sign-in/second").text
    assert f"{NAME}已确认您的身份" in page
    assert faults(page) == []
    done = browser.post("/sign-in/second", data={"proof_code": code_at(secret, utcnow()), "next": "/settings"})
    assert done.headers["Location"] == "/settings"
    row = session_of(town.author)
    assert (row.how, row.provider) == ("totp", NAME)
    assert [event.action for event in events("user.half_vouched")] == ["user.half_vouched"]


def test_more_factors_shown_at_a_trusted_platform_take_its_place(
    town: Town, platform: IdentityPlatform, browser: FlaskClient, app: Flask
) -> None:
    set_up(platform, trusts_mfa=True)
    list_author(town)
    give_authenticator(actor_for(town.author), utcnow() - timedelta(minutes=2))
    assert "/second" in enter(browser).headers["Location"]
    platform.claims["amr"] = ["pwd", "mfa"]
    assert enter(browser).headers["Location"] == "/"
    assert session_of(town.author).how == "provider_mfa"
    # Distrusted: signed out.
    set_up(platform, trusts_mfa=False)
    assert browser.get("/settings").status_code == 302


def test_where_a_second_factor_is_required_the_platforms_word_alone_is_not_enough(
    town: Town, platform: IdentityPlatform, browser: FlaskClient, app: Flask
) -> None:
    second_factor.require_second_factor(SYSTEM, town.city.id, True, now=utcnow())
    set_up(platform, trusts_mfa=True)
    identities.list_identity(SYSTEM, town.bureau_admin.id, "wang-1", now=utcnow())
    enter(browser)
    assert browser.get("/settings").headers["Location"] == "/settings/profile/second-factor"
    platform.claims["amr"] = ["mfa"]
    other = app.test_client()
    enter(other)
    assert other.get("/settings").status_code == 200


def test_a_browser_that_the_platform_knew_from_earlier_proves_nothing_yet(
    town: Town, platform: IdentityPlatform, browser: FlaskClient, app: Flask
) -> None:
    set_up(platform)
    list_author(town)
    platform.signed_in_at = time.time() - 3600
    enter(browser)
    assert browser.post("/settings/profile/tokens", data={"name": "x", "days": "1"}).status_code == 403
    platform.tells_auth_time = False
    other = app.test_client()
    enter(other)
    assert other.post("/settings/profile/tokens", data={"name": "x", "days": "1"}).status_code == 403
    platform.tells_auth_time, platform.signed_in_at = True, None
    third = app.test_client()
    enter(third)
    assert third.post("/settings/profile/tokens", data={"name": "x", "days": "1"}).status_code == 200


def test_what_came_back_is_good_once_in_the_browser_that_set_out_and_not_for_long(
    town: Town, platform: IdentityPlatform, browser: FlaskClient, app: Flask
) -> None:
    set_up(platform)
    list_author(town)
    # The platform forgets to: we do not.
    platform.once = False
    back = leave(browser)
    assert app.test_client().get(back).status_code == 400
    assert sessions_open(town.author) == 0
    with browser.session_transaction() as session:
        kept = session["roundtrips"]
    assert browser.get(back).status_code == 302
    assert browser.get(back).status_code == 409
    browser.post("/sign-out")
    assert browser.get(back).status_code == 400
    # A copy of the cookie.
    with browser.session_transaction() as session:
        session["roundtrips"] = kept
    again = browser.get(back)
    assert again.status_code == 401
    assert "已用过一次" in again.text
    late = leave(browser)
    with browser.session_transaction() as session:
        session["roundtrips"] = [{**one, "at": one["at"] - 601} for one in session["roundtrips"]]
    assert browser.get(late).status_code == 401
    assert sessions_open(town.author) == 0


def test_three_pages_may_be_on_their_way_at_once(town: Town, platform: IdentityPlatform, browser: FlaskClient) -> None:
    set_up(platform)
    list_author(town)
    first, *_others, last = [leave(browser) for _ in range(4)]
    assert browser.get(first).status_code == 400
    assert browser.get(last).status_code == 302


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("access_denied", "您在身份平台上取消了"),
        ("server_error", "暂时不能办理"),
        ("<script>", "不接受本系统的登录请求"),
    ],
)
def test_what_the_platform_answers_instead_is_told(
    town: Town, platform: IdentityPlatform, browser: FlaskClient, error: str, words: str
) -> None:
    set_up(platform)
    state = leave(browser).partition("state=")[2]
    query = {"error": error, "error_description": "请联系骗子 10086", "state": state}
    answer = browser.get("/sign-in/provider/return", query_string=query)
    assert answer.status_code in (401, 503)
    assert words in answer.text
    assert "10086" not in answer.text
    assert "<script>" not in answer.text
    assert len(events("provider.refuse")) == 1


def test_a_token_that_is_not_taken_signs_nobody_in_and_is_told(
    town: Town, platform: IdentityPlatform, browser: FlaskClient
) -> None:
    set_up(platform)
    list_author(town)
    platform.claims["aud"] = "another"
    with capture_logs() as lines:
        back = leave(browser)
        answer = browser.get(back)
    assert answer.status_code == 401
    assert "发给另一个系统的" in answer.text
    assert "系统管理员" in answer.text
    assert sessions_open(town.author) == 0
    assert [event.after["why"] for event in events("provider.refuse")] == ["audience"]
    assert [line["refused"] for line in lines if line["event"] == "identity platform"] == ["audience"]
    code = back.partition("code=")[2].partition("&")[0]
    everything = str(lines) + str([(event.before, event.after, event.summary) for event in db.session.query(Event)])
    for secret in (code, "s3cret-of-tandem", "access-1", "eyJ"):
        assert secret not in everything


def test_a_platform_that_is_away_is_told(town: Town, platform: IdentityPlatform, browser: FlaskClient) -> None:
    set_up(platform, issuer="http://127.0.0.1:9/away")
    answer = browser.get("/sign-in/provider")
    assert answer.status_code == 503
    assert "连接不上身份平台" in answer.text
    browser.post("/language", data={"locale": "en"})
    english = browser.get("/sign-in/provider").text
    assert "连接不上" not in english
    assert "identity platform" in english


def test_failures_are_counted_for_their_address(town: Town, platform: IdentityPlatform, browser: FlaskClient) -> None:
    set_up(platform)
    list_author(town)
    stranger = {"REMOTE_ADDR": "203.0.113.50"}
    with atomic():
        db.session.add_all(SignInFailure(address="203.0.113.50", at=utcnow()) for _ in range(ALLOWED))
    answer = browser.get("/sign-in/provider", environ_base=stranger)
    assert answer.status_code == 429
    back = leave(browser)
    assert browser.get(back, environ_base=stranger).status_code == 429
    assert platform.asked.count("/token") == 0
    # Somebody's own browser is not kept waiting.
    assert enter(browser).status_code == 302
    browser.post("/sign-out")
    assert browser.get("/sign-in/provider", environ_base=stranger).status_code == 302


def test_strangers_guesses_do_not_hold_it_up(
    town: Town, platform: IdentityPlatform, browser: FlaskClient, app: Flask
) -> None:
    set_up(platform)
    list_author(town)
    for _ in range(6):
        app.test_client().post("/sign-in", data={"email": town.author.email, "password": "guess guess 1"})
    assert enter(browser).headers["Location"] == "/"


def test_a_change_while_the_platform_is_asked_voids_the_sign_in(
    town: Town, platform: IdentityPlatform, browser: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(platform)
    list_author(town)
    back = leave(browser)
    asked = openid.ask

    def meanwhile(*given: object, **more: object) -> object:
        assert not db.session().in_transaction(), "a transaction waits for the platform"
        answer = asked(*given, **more)  # type: ignore[arg-type]
        identities.remove_identity(SYSTEM, town.author.id, now=utcnow())
        db.session.rollback()
        return answer

    monkeypatch.setattr(openid, "ask", meanwhile)
    assert browser.get(back).status_code == 401
    assert sessions_open(town.author) == 0


def test_who_has_no_password_signs_in_by_none(
    town: Town, platform: IdentityPlatform, browser: FlaskClient, app: Flask
) -> None:
    set_up(platform)
    list_author(town)
    enter(browser)
    identities.drop_password(SYSTEM, town.author.id, now=utcnow())
    assert sessions_open(town.author) == 0
    for password in (PASSWORD, "!", "", "nobody has this password"):
        answer = app.test_client().post("/sign-in", data={"email": town.author.email, "password": password})
        assert answer.status_code == 401
    enter(browser)
    page = browser.get("/settings/profile").text
    assert "您的密码已停用" in page
    assert faults(page) == []


def test_it_is_not_switched_off_while_no_administrator_has_another_way_in(
    town: Town, platform: IdentityPlatform, now: datetime
) -> None:
    set_up(platform)
    with atomic():
        for user in (town.admin, town.bureau_admin):
            db.session.get_one(User, user.id).password_hash = NO_PASSWORD
    for change in ({"active": False}, {"issuer": "https://other.example.gov.cn"}):
        with pytest.raises(Invalid, match=r"王敏.*没有密码和通行密钥") as refusal:
            set_up(platform, **change)
        assert "active" in refusal.value.errors
    reset_password(SYSTEM, user_id=town.admin.id, password="a new passphrase", now=now)
    assert not set_up(platform, active=False).active
