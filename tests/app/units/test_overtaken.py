"""A sign-in that is overtaken: password, second step or passkey were right, and meant nothing any more when it was to be let
in. Nothing of it survives."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import func, select

from app.config import Config
from app.db import atomic, db, utcnow
from app.errors import Unauthenticated
from app.units import passkeys, second_factor
from app.units import services as units
from app.units.access import Actor
from app.units.models import BrowserSession, RecoveryCode, SecondFactor, User
from app.units.open_sessions import OVERTAKEN, end_all, end_others, open_session
from app.units.passwords import is_right
from app.units.sign_in import Recognised, authenticate, finish, finish_by_passkey
from tests.app.units.conftest import PASSWORD, SignIn, Town
from tests.app.units.device import Device
from tests.app.units.trusted import code_at, give_authenticator

NEW = "a better passphrase"
Acts = Callable[[User], Actor]


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, public_url="https://tandem.example.gov.cn")


def opened(found: Recognised, now: datetime) -> str:
    return open_session(found.user.id, epoch=found.epoch, how=found.how, user_agent="", address="203.0.113.7", now=now)


def open_ones(user: User) -> int:
    return db.session.scalar(select(func.count(BrowserSession.id)).where(BrowserSession.user_id == user.id)) or 0


@pytest.fixture
def while_checked(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """This happens while the password is being checked, which takes long on purpose."""

    def arrange(act: Callable[[], object]) -> None:
        def slow(password: str, stored: str | None, *, known: bool) -> bool:
            monkeypatch.undo()
            right = is_right(password, stored, known=known)
            act()
            return right

        monkeypatch.setattr("app.units.sign_in.is_right", slow)

    return arrange


def test_the_old_password_is_not_let_in_over_a_reset(
    town: Town, acts: Acts, now: datetime, while_checked: Callable[[Callable[[], object]], None]
) -> None:
    admin = acts(town.admin)
    while_checked(lambda: units.reset_password(admin, user_id=town.author.id, password=NEW, now=now))
    with pytest.raises(Unauthenticated):
        authenticate(town.author.email, PASSWORD, origin="", now=now)
    assert authenticate(town.author.email, NEW, origin="", now=now).how == "password"


def test_an_old_password_is_not_written_over_the_new_one(
    town: Town, acts: Acts, now: datetime, while_checked: Callable[[Callable[[], object]], None]
) -> None:
    """Its hash was to be brought up to date."""
    with atomic():
        db.session.get_one(User, town.author.id).password_hash = PasswordHasher(time_cost=1).hash(PASSWORD)
    admin = acts(town.admin)
    while_checked(lambda: units.reset_password(admin, user_id=town.author.id, password=NEW, now=now))
    with pytest.raises(Unauthenticated):
        authenticate(town.author.email, PASSWORD, origin="", now=now)
    db.session.rollback()
    assert is_right(NEW, db.session.get_one(User, town.author.id).password_hash)


@pytest.mark.parametrize("change", ["reset", "deactivate", "factor"])
def test_no_session_is_opened_for_what_was_right_before(
    town: Town, acts: Acts, now: datetime, config: Config, change: str
) -> None:
    """Password, code or passkey were right; before the browser is let in, somebody ends everything of this person."""
    secret, _ = give_authenticator(acts(town.author), now)
    device = Device()
    options, kept = passkeys.options_to_register(acts(town.author), now=now)
    passkeys.register(acts(town.author), name="电脑", credential=device.create(options), kept=kept, now=now)
    key_id = passkeys.passkeys_of(town.author.id)[0].id
    later = now + timedelta(minutes=1)
    half = authenticate(town.author.email, PASSWORD, origin="", now=later)
    by_code = finish(town.author.id, half.epoch, code_at(secret, later), origin="", now=later)
    by_passkey = finish_by_passkey(key_id, origin="", now=later)
    assert (half.how, by_code.how, by_passkey.how) == ("", "totp", "passkey")
    admin = acts(town.admin)
    if change == "reset":
        units.reset_password(admin, user_id=town.author.id, password=NEW, now=later)
    elif change == "deactivate":
        units.deactivate_user(admin, town.author.id, now=later)
    else:
        second_factor.reset_second_factor(admin, town.author.id, now=later)
    for found in (by_code, by_passkey):
        with pytest.raises(Unauthenticated, match="有了改变"):
            opened(found, later)
    if change != "reset":
        with pytest.raises(Unauthenticated, match="有了改变"):
            finish_by_passkey(key_id, origin="", now=later)
    else:
        with pytest.raises(Unauthenticated, match="有了改变"):
            finish_by_passkey(key_id, epoch=half.epoch, origin="", now=later)
    assert open_ones(town.author) == 0


def test_the_page_says_so_and_nobody_is_signed_in(
    town: Town, acts: Acts, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    admin = acts(town.admin)

    def overtaken(*args: object, **named: object) -> Recognised:
        found = authenticate(town.author.email, PASSWORD, origin="", now=utcnow())
        units.reset_password(admin, user_id=town.author.id, password=NEW, now=utcnow())
        return found

    monkeypatch.setattr("app.units.views.authenticate", overtaken)
    client = app.test_client()
    answer = client.post("/sign-in", data={"email": town.author.email, "password": PASSWORD})
    assert answer.status_code == 401
    assert "有了改变" in answer.text
    assert client.get("/settings").status_code == 302


@pytest.mark.parametrize("ended_by", ["reset", "own hand"])
@pytest.mark.parametrize("planted", ["passkey", "begun", "confirmed", "codes", "token"])
def test_a_request_of_an_ended_session_gives_nothing_that_outlives_it(
    town: Town, acts: Acts, now: datetime, config: Config, planted: str, ended_by: str
) -> None:
    """It was let in before; what it was to add would stand behind the reset."""
    opened(authenticate(town.author.email, PASSWORD, origin="", now=now), now)
    session_id = db.session.scalars(select(BrowserSession.id)).one()
    there, device = replace(acts(town.author), session_id=session_id), Device()
    options, kept = passkeys.options_to_register(there, now=now)
    credential, code = device.create(options), ""
    if planted == "codes":
        give_authenticator(there, now)
    if planted == "confirmed":
        second_factor.begin(there, now=now)
        code = code_at(db.session.get_one(SecondFactor, town.author.id).secret["totp"], now)
    if ended_by == "reset":
        units.reset_password(acts(town.admin), user_id=town.author.id, password=NEW, now=now)
    else:
        end_others(acts(town.author), keep="", now=now)
    acting = {
        "passkey": lambda: passkeys.register(there, name="电脑", credential=credential, kept=kept, now=now),
        "begun": lambda: second_factor.begin(there, now=now),
        "confirmed": lambda: second_factor.confirm(there, code, now=now),
        "codes": lambda: second_factor.renew_recovery_codes(there, now=now),
        "token": lambda: units.issue_token(there, user_id=there.user_id, name="", days=1, scopes=[], now=now),
    }
    before = [digest for (digest,) in db.session.execute(select(RecoveryCode.digest).order_by(RecoveryCode.digest))]
    with pytest.raises(Unauthenticated, match="刚刚被退出"):
        acting[planted]()
    after = [digest for (digest,) in db.session.execute(select(RecoveryCode.digest).order_by(RecoveryCode.digest))]
    assert after == before
    assert passkeys.passkeys_of(town.author.id) == []
    assert units.tokens_of(there) == []


def test_the_page_tells_who_was_signed_out_meanwhile(
    town: Town, acts: Acts, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, admin = sign_in(town.author), acts(town.admin)

    def overtaken(actor: Actor, **named: Any) -> str:
        units.reset_password(admin, user_id=town.author.id, password=NEW, now=utcnow())
        return units.issue_token(actor, **named)

    monkeypatch.setattr("app.units.profile_views.issue_token", overtaken)
    answer = client.post("/settings/profile/tokens", data={"name": "x", "days": "9"})
    assert (answer.status_code, "刚刚被退出" in answer.text) == (401, True)
    assert units.tokens_of(acts(town.author)) == []


def test_what_is_opened_while_all_are_ended_is_refused(town: Town, now: datetime, app: Flask) -> None:
    """Whoever ends all has the person's row before looking at what is open."""
    found = authenticate(town.author.email, PASSWORD, origin="", now=now)
    ended, told = threading.Event(), []

    def enter() -> None:
        with app.app_context():
            ended.wait()
            try:
                told.append(opened(found, now))
            except Unauthenticated as refusal:
                told.append(refusal.message)

    other = threading.Thread(target=enter)
    other.start()
    with atomic():
        end_all(db.session.get_one(User, town.author.id))
        ended.set()
        other.join(timeout=0.3)
        assert told == [], "it waits for the person's row"
    other.join()
    assert told == [OVERTAKEN]
    assert open_ones(town.author) == 0
