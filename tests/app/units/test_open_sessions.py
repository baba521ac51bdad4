"""The list of open sessions: seen, ended one by one, ended together."""

from __future__ import annotations

import re

from sqlalchemy import select

from app.audit.models import Event
from app.db import atomic, db, utcnow
from app.units.access import SYSTEM, actor_for
from app.units.models import BrowserSession, SecondFactor
from app.units.second_factor import require_second_factor, reset_second_factor
from app.units.services import change_password, deactivate_user, reset_password
from tests.app.units.conftest import PASSWORD, SignIn, Town
from tests.app.units.trusted import code_at, give_authenticator, let_proofs_age
from tests.architecture.pages import faults

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 Edg/120.0"


def ids(page: str) -> list[str]:
    return re.findall(r"/settings/profile/sessions/(\w{24})/end", page)


def test_a_person_sees_their_sessions_and_ends_one(town: Town, sign_in: SignIn) -> None:
    here, there, stranger = sign_in(town.author), sign_in(town.author), sign_in(town.admin)
    page = here.get("/settings/profile").text
    assert faults(page) == []
    assert "本机" in page
    (other,) = ids(page)
    assert ids(stranger.get("/settings/profile").text) == []
    assert stranger.post(f"/settings/profile/sessions/{other}/end").status_code == 404
    assert there.get("/settings").status_code == 200
    assert here.post(f"/settings/profile/sessions/{other}/end").status_code == 303
    assert there.get("/settings").status_code == 302
    assert here.get("/settings").status_code == 200
    assert here.post(f"/settings/profile/sessions/{other}/end").status_code == 404
    event = db.session.scalars(select(Event).where(Event.action == "session.end")).one()
    assert (event.actor_id, event.before["address"]) == (town.author.id, "127.0.0.1")


def test_all_others_end_at_once(town: Town, sign_in: SignIn) -> None:
    here, *others = (sign_in(town.author) for _ in range(3))
    stranger = sign_in(town.admin)
    here.post("/settings/profile/sessions/end-others")
    assert [browser.get("/settings").status_code for browser in (here, *others, stranger)] == [200, 302, 302, 200]


def test_what_changes_who_one_is_ends_every_session(town: Town, sign_in: SignIn) -> None:
    admin, author, now, new = actor_for(town.admin), actor_for(town.author), utcnow(), "a better passphrase"

    def lose_the_phone() -> None:
        give_authenticator(author, now)
        reset_second_factor(admin, town.author.id, now=now)

    for password, act in (
        (PASSWORD, lose_the_phone),
        (PASSWORD, lambda: change_password(author, user_id=author.user_id, old=PASSWORD, new=new, now=now)),
        (new, lambda: reset_password(admin, user_id=author.user_id, password=PASSWORD, now=now)),
        (PASSWORD, lambda: deactivate_user(admin, author.user_id, now=now)),
    ):
        browser = sign_in(town.author, password)
        assert browser.get("/settings").status_code == 200
        act()
        assert browser.get("/settings").status_code == 302
    assert db.session.scalars(select(BrowserSession).where(BrowserSession.user_id == author.user_id)).all() == []


def test_devices_are_named_as_people_call_them(town: Town, sign_in: SignIn) -> None:
    browser = sign_in(town.author)
    browser.post("/sign-out")
    browser.post("/sign-in", data={"email": town.author.email, "password": PASSWORD}, headers={"User-Agent": CHROME})
    page = browser.get("/settings/profile").text
    assert "Windows · Edge" in page
    row = db.session.scalars(select(BrowserSession)).one()
    with browser.session_transaction() as session:
        assert session["sid"] not in (row.id, row.digest)
    assert "user.sign_out" in db.session.scalars(select(Event.action)).all()


def test_the_first_second_factor_ends_what_was_signed_in_without_it(town: Town, sign_in: SignIn) -> None:
    here, elsewhere, now = sign_in(town.author), sign_in(town.author), utcnow()
    here.post("/settings/profile/second-factor")
    secret = db.session.get_one(SecondFactor, town.author.id).secret["totp"]
    path = "/settings/profile/second-factor"
    assert secret[:4] in here.get(path).text
    let_proofs_age()
    assert secret[:4] not in here.get(path).text, "an open screen shows no secret"
    with atomic():
        db.session.query(BrowserSession).update({"proven_at": now})
    assert here.post(f"{path}/confirmation", data={"code": code_at(secret, now)}).status_code == 200
    assert (here.get("/settings").status_code, elsewhere.get("/settings").status_code) == (200, 302)
    require_second_factor(SYSTEM, town.bureau.id, True, now=now)
    assert here.get("/settings").status_code == 200
    with atomic():
        db.session.query(BrowserSession).update({"how": "password"})
    assert here.get("/settings").headers["Location"].startswith("/sign-in")
