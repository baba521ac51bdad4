"""Setting an identity platform up, listing people there and unbinding them, and proving to be there through it."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.audit.models import Event
from app.config import Config
from app.db import atomic, db, utcnow
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.notices.models import Notice
from app.system.keys import rotate, unreadable
from app.units import identities, second_factor
from app.units.access import SYSTEM, actor_for
from app.units.models import ApiToken, Identity, IdentityProvider, Passkey, User
from app.units.people import reset_password
from app.units.provider import may_manage, remove_provider, save_provider
from app.units.provider_check import check
from app.units.services import create_unit
from tests.app.units.conftest import PASSWORD, SignIn, Town
from tests.app.units.identity_platform import SECRET, IdentityPlatform
from tests.app.units.trusted import let_proofs_age
from tests.app.units.vouched import NAME, enter, leave, session_of, sessions_open, set_up, settings_of
from tests.architecture.pages import faults

ONE_KIND = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
FORM = {
    "name": NAME,
    "client_id": "tandem",
    "secret": SECRET,
    "scopes": "openid email",
    "claim": "sub",
    "allowed": "@Example.gov.cn\nwang@qinglan.gov.cn",
    "active": "1",
}


@pytest.fixture(autouse=True)
def _no_csrf(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    return app.test_client()


def list_author(town: Town, listed: str = "wang-1") -> None:
    identities.list_identity(SYSTEM, town.author.id, listed, now=utcnow())


# Setting up.


def test_an_administrator_sets_the_platform_up_on_screen(
    town: Town, platform: IdentityPlatform, sign_in: SignIn, config: Config
) -> None:
    admin = sign_in(town.admin)
    assert "/settings/identity-provider" in admin.get("/settings").text
    assert faults(admin.get("/settings/identity-provider").text) == []
    let_proofs_age()
    form = {**FORM, "issuer": platform.issuer}
    assert admin.post("/settings/identity-provider", data=form).status_code == 403
    done = admin.post("/settings/identity-provider", data={**form, "proof_password": PASSWORD})
    assert done.status_code == 303
    page = admin.get("/settings/identity-provider").text
    assert faults(page) == []
    assert "http://127.0.0.1:8000/sign-in/provider/return" in page
    assert "@example.gov.cn" in page
    assert SECRET not in page
    (event,) = db.session.query(Event).filter_by(action="provider.save")
    assert event.after["issuer"] == platform.issuer
    assert event.after["secret_changed"] is True
    assert SECRET not in str([event.before, event.after])
    # Encrypted like all secrets, and turned to another key with them.
    stored = db.session.execute(text("SELECT secrets FROM identity_providers")).scalar_one()
    assert SECRET not in stored
    assert rotate(config, utcnow()) == 1
    db.session.rollback()
    assert db.session.execute(text("SELECT secrets FROM identity_providers")).scalar_one() != stored
    assert unreadable(config.encryption_keys) == 0
    assert db.session.query(IdentityProvider).one().secrets["client_secret"] == SECRET


@ONE_KIND
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("issuer", "http://id.example.gov.cn"),
        ("issuer", "https://id.example.gov.cn/?a=1"),
        ("issuer", "https://user@id.example.gov.cn"),
        ("client_id", "政务"),
        ("secret", "密钥"),
        ("scopes", "profile email"),
        ("claim", "<sub>"),
        ("allowed", "qinglan"),
        ("allowed", "@@x.cn"),
        ("allowed", "wang@"),
    ],
)
def test_what_cannot_be_right_is_refused_by_name(
    town: Town, platform: IdentityPlatform, field: str, value: str
) -> None:
    with pytest.raises(Invalid) as refused:
        save_provider(SYSTEM, settings_of(platform, **{field: value}), now=utcnow())
    assert set(refused.value.errors) == {field}
    assert db.session.query(IdentityProvider).count() == 0


@ONE_KIND
def test_another_platform_never_gets_the_last_ones_secret(town: Town, platform: IdentityPlatform) -> None:
    set_up(platform)
    assert set_up(platform, secret="", name="另一个名称").secrets["client_secret"] == SECRET
    for moved in ({"issuer": "https://evil.example.cn"}, {"client_id": "another"}):
        with pytest.raises(Invalid) as refused:
            set_up(platform, secret="", **moved)
        assert set(refused.value.errors) == {"secret"}
    assert set_up(platform, secret="", no_secret=True).secrets["client_secret"] == ""


@ONE_KIND
def test_only_who_manages_people_everywhere_sets_it_up(town: Town, platform: IdentityPlatform, sign_in: SignIn) -> None:
    assert may_manage(actor_for(town.admin))
    assert not may_manage(actor_for(town.bureau_admin))
    with pytest.raises(Forbidden):
        save_provider(actor_for(town.bureau_admin), settings_of(platform), now=utcnow())
    bureau = sign_in(town.bureau_admin)
    assert bureau.get("/settings/identity-provider").status_code == 403
    assert "/settings/identity-provider" not in bureau.get("/settings").text
    # Another tree beside ours: its people are not ours.
    create_unit(SYSTEM, name="邻市政府办", level="city", parent_id=None, now=utcnow())
    assert not may_manage(actor_for(town.admin))


@ONE_KIND
def test_a_test_of_the_settings_says_what_is_wrong(town: Town, platform: IdentityPlatform, sign_in: SignIn) -> None:
    admin = sign_in(town.admin)
    set_up(platform)
    found = [(one.good, one.words) for one in check(actor_for(town.admin), now=utcnow())]
    assert [good for good, _words in found] == [True, True, True]
    page = admin.post("/settings/identity-provider/test").text
    assert faults(page) == []
    assert "认得本系统的客户端编号和密钥" in page
    set_up(platform, secret="another")
    assert "不认本系统的客户端编号或密钥" in admin.post("/settings/identity-provider/test").text
    platform.document = {
        "scopes_supported": ["openid"],
        "claims_supported": ["email"],
        "code_challenge_methods_supported": ["plain"],
    }
    page = admin.post("/settings/identity-provider/test").text
    for words in ("没有列出这些授权范围", "没有列出用来识别人的字段", "没有声明支持 PKCE"):
        assert words in page
    platform.document = {"issuer": "https://id.example.gov.cn"}
    page = admin.post("/settings/identity-provider/test").text
    assert "自称的 Issuer 与这里填的不同" in page
    assert "https://id.example.gov.cn" in page
    # What is typed is tested and kept, and what is stored stays.
    typed = {"name": "另一个", "issuer": "http://127.0.0.1:9/x", "client_id": "other", "secret": "typed-secret"}
    page = admin.post("/settings/identity-provider/test", data={**typed, "scopes": "openid", "claim": "sub"}).text
    assert "连接不上身份平台" in page
    assert 'value="http://127.0.0.1:9/x"' in page
    assert "typed-secret" not in page
    assert "http://127.0.0.1:9/x" not in admin.get("/settings/identity-provider").text
    unsaid = admin.post("/settings/identity-provider/test", data={**typed, "secret": "", "scopes": "openid"})
    assert (unsaid.status_code, 'value="另一个"' in unsaid.text) == (422, True)
    set_up(platform, issuer="http://127.0.0.1:9/x")
    assert "连接不上身份平台" in admin.post("/settings/identity-provider/test").text


@ONE_KIND
def test_clocks_that_are_apart_are_found_by_the_test(town: Town, platform: IdentityPlatform) -> None:
    set_up(platform)
    found = check(SYSTEM, now=utcnow() + timedelta(seconds=90))
    assert [one.good for one in found if "时钟" in one.words] == [None]
    found = check(SYSTEM, now=utcnow() + timedelta(seconds=600))
    assert [one.good for one in found if "时钟" in one.words] == [False]


def test_removing_it_forgets_who_is_who_and_signs_them_out(
    town: Town, platform: IdentityPlatform, browser: FlaskClient
) -> None:
    set_up(platform)
    list_author(town)
    enter(browser)
    identities.drop_password(SYSTEM, town.author.id, now=utcnow())
    with pytest.raises(Conflict, match="李晓"):
        remove_provider(SYSTEM, now=utcnow())
    reset_password(SYSTEM, user_id=town.author.id, password=PASSWORD, now=utcnow())
    enter(browser)
    assert sessions_open(town.author) == 1
    remove_provider(SYSTEM, now=utcnow())
    assert sessions_open(town.author) == 0
    assert db.session.query(Identity).count() == 0
    with pytest.raises(NotFound):
        remove_provider(SYSTEM, now=utcnow())


@ONE_KIND
def test_switched_off_it_signs_out_who_came_through_it(
    town: Town, platform: IdentityPlatform, browser: FlaskClient
) -> None:
    set_up(platform)
    list_author(town)
    enter(browser)
    set_up(platform, name="换个名称")
    assert sessions_open(town.author) == 1
    set_up(platform, active=False)
    assert sessions_open(town.author) == 0


# Listing and unbinding.


def test_an_administrator_lists_and_unbinds_on_the_persons_page(
    town: Town, platform: IdentityPlatform, sign_in: SignIn, browser: FlaskClient, bearer: Any
) -> None:
    set_up(platform)
    admin = sign_in(town.admin)
    path = f"/settings/people/{town.author.id}"
    assert faults(admin.get(path).text) == []
    assert admin.post(f"{path}/identity", data={"listed": " "}).status_code == 422
    assert admin.post(f"{path}/identity", data={"listed": "wang-1"}).status_code == 303
    assert "本人还没有用它登录过" in admin.get(path).text
    assert [notice.user_id for notice in db.session.query(Notice)] == [town.author.id]
    taken = admin.post(f"/settings/people/{town.auditor.id}/identity", data={"listed": "wang-1"})
    assert taken.status_code == 422
    assert "已登记给另一位成员" in taken.text
    enter(browser)
    bearer(town.author)
    page = admin.get(path).text
    assert f"已绑定{NAME}" in page
    assert faults(page) == []
    assert admin.post(f"{path}/identity/removal").status_code == 303
    assert sessions_open(town.author) == 0
    assert all(token.revoked_at for token in db.session.query(ApiToken).filter_by(user_id=town.author.id))
    assert enter(browser).status_code == 401
    assert admin.post(f"{path}/identity/removal").status_code == 409


def test_another_identity_takes_the_last_ones_place_at_once(
    town: Town, platform: IdentityPlatform, browser: FlaskClient
) -> None:
    set_up(platform)
    list_author(town)
    enter(browser)
    list_author(town, "wang-2")
    assert sessions_open(town.author) == 0
    assert enter(browser).status_code == 401
    platform.claims["sub"] = "wang-2"
    assert enter(browser).status_code == 302


@ONE_KIND
def test_nobody_lists_whom_they_do_not_manage(town: Town, platform: IdentityPlatform) -> None:
    set_up(platform)
    with pytest.raises(NotFound):
        identities.list_identity(actor_for(town.bureau_admin), town.admin.id, "mine", now=utcnow())
    with pytest.raises(Forbidden):
        identities.list_identity(actor_for(town.auditor), town.author.id, "mine", now=utcnow())
    with pytest.raises(NotFound):
        identities.remove_identity(actor_for(town.bureau_admin), town.auditor.id, now=utcnow())
    assert db.session.query(Identity).count() == 0


@ONE_KIND
def test_ones_own_identity_goes_while_another_way_is_left(
    town: Town, platform: IdentityPlatform, browser: FlaskClient, app: Flask
) -> None:
    set_up(platform)
    list_author(town)
    enter(browser)
    assert browser.post("/settings/profile/identity/removal").status_code == 303
    assert session_of(town.author).provider == NAME
    assert enter(app.test_client()).status_code == 401
    list_author(town)
    enter(app.test_client())
    identities.drop_password(SYSTEM, town.author.id, now=utcnow())
    enter(browser)
    assert browser.post("/settings/profile/identity/removal").status_code == 409
    with pytest.raises(Conflict):
        identities.remove_identity(SYSTEM, town.author.id, now=utcnow())
    with atomic():
        key = Passkey(user_id=town.author.id, name="机", credential_id="c", public_key="-", created_at=utcnow())
        db.session.add(key)
    assert identities.remove_identity(SYSTEM, town.author.id, now=utcnow()).id == town.author.id


@ONE_KIND
def test_a_password_is_dropped_once_the_other_way_was_used_and_not_ones_own(
    town: Town, platform: IdentityPlatform, browser: FlaskClient, sign_in: SignIn
) -> None:
    set_up(platform)
    list_author(town)
    admin = sign_in(town.admin)
    path = f"/settings/people/{town.author.id}/password/removal"
    assert admin.post(path).status_code == 409
    enter(browser)
    assert admin.post(path).status_code == 303
    assert db.session.get_one(User, town.author.id).password_hash == "!"
    with pytest.raises(Forbidden):
        identities.drop_password(actor_for(town.admin), town.admin.id, now=utcnow())


@ONE_KIND
def test_a_new_password_leaves_it_said_through_what_one_came(
    town: Town, platform: IdentityPlatform, browser: FlaskClient
) -> None:
    set_up(platform)
    list_author(town)
    enter(browser)
    new = {"old": PASSWORD, "new": "another horse 345", "again": "another horse 345"}
    assert browser.post("/settings/profile/password", data=new).status_code == 302
    row = session_of(town.author)
    assert (row.how, row.provider) == ("provider", NAME)


# Proving to be there.


def needs_proof(client: FlaskClient, **more: str) -> int:
    return client.post("/settings/profile/tokens", data={"name": "x", "days": "1", **more}).status_code


@ONE_KIND
def test_who_has_no_password_proves_to_be_there_at_the_platform(
    town: Town, platform: IdentityPlatform, browser: FlaskClient
) -> None:
    set_up(platform)
    list_author(town)
    enter(browser)
    identities.drop_password(SYSTEM, town.author.id, now=utcnow())
    enter(browser)
    let_proofs_age()
    asked = browser.post("/settings/profile/tokens", data={"name": "x", "days": "1"})
    assert asked.status_code == 403
    assert f"用{NAME}确认" in asked.text
    assert "proof_password" not in asked.text
    assert faults(asked.text) == []
    assert f"用{NAME}确认" in browser.get("/proof/dialog").text
    assert needs_proof(browser, proof_provider="1") == 403
    json = {"Accept": "application/json"}
    assert browser.post("/proof", data={"proof_provider": "1"}, headers=json).status_code == 403
    page = enter(browser, "/proof/provider")
    assert page.status_code == 200
    assert "已确认是您本人" in page.text
    assert faults(page.text) == []
    assert platform.last_fresh
    assert browser.post("/proof", data={"proof_provider": "1"}, headers=json).status_code == 204
    assert needs_proof(browser, proof_provider="1") == 200
    (event,) = db.session.query(Event).filter_by(action="user.prove")
    assert event.after == {"by": "provider"}


@ONE_KIND
def test_an_old_sign_in_there_and_somebody_elses_prove_nothing(
    town: Town, platform: IdentityPlatform, browser: FlaskClient, app: Flask
) -> None:
    set_up(platform)
    list_author(town)
    identities.list_identity(SYSTEM, town.auditor.id, "zhao-1", now=utcnow())
    enter(browser)
    let_proofs_age()
    platform.signed_in_at = time.time() - 60
    stale = enter(browser, "/proof/provider")
    assert stale.status_code == 403
    assert "没有让您当场重新验证" in stale.text
    platform.signed_in_at = None
    platform.claims["sub"] = "zhao-1"
    other = enter(browser, "/proof/provider")
    assert other.status_code == 403
    assert "不是这个账户登记的身份" in other.text
    enter(app.test_client())
    assert enter(browser, "/proof/provider").status_code == 403
    platform.claims["sub"] = "wang-1"
    # Set out by one session, brought back in the next.
    back = leave(browser, "/proof/provider")
    with browser.session_transaction() as session:
        kept = session["roundtrips"]
    browser.post("/sign-out")
    enter(browser)
    let_proofs_age()
    with browser.session_transaction() as session:
        session["roundtrips"] = kept
    assert browser.get(back).status_code == 400
    assert needs_proof(browser) == 403
    assert db.session.query(Event).filter_by(action="user.proof_failed").count() == 2
    assert db.session.query(Event).filter_by(action="user.prove").count() == 0


@ONE_KIND
def test_who_has_a_second_factor_proves_by_it_unless_the_platform_is_trusted(
    town: Town, platform: IdentityPlatform, browser: FlaskClient
) -> None:
    set_up(platform, trusts_mfa=True)
    second_factor.require_second_factor(SYSTEM, town.city.id, True, now=utcnow())
    list_author(town)
    platform.claims["amr"] = ["mfa"]
    enter(browser)
    assert browser.get("/settings").status_code == 200
    let_proofs_age()
    # The password would be less than what the unit asks for.
    assert needs_proof(browser, proof_password=PASSWORD) == 403
    assert "proof_password" not in browser.get("/proof").text
    platform.claims["amr"] = ["pwd"]
    assert "已确认" not in enter(browser, "/proof/provider").text
    platform.claims["amr"] = ["mfa"]
    assert "已确认是您本人" in enter(browser, "/proof/provider").text
    assert needs_proof(browser) == 200


@ONE_KIND
def test_who_is_not_bound_cannot_prove_that_way(town: Town, platform: IdentityPlatform, sign_in: SignIn) -> None:
    set_up(platform)
    author = sign_in(town.author)
    assert author.get("/proof/provider").status_code == 409
    assert NAME not in author.get("/proof").text
