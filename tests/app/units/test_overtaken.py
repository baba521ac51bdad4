"""A sign-in that is overtaken: password, second step or passkey were right, and meant nothing any more when it was to be let
in. Nothing of it survives."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

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
from app.units.models import BrowserSession, User
from app.units.open_sessions import OVERTAKEN, end_all, open_session
from app.units.passwords import is_right
from app.units.sign_in import Recognised, authenticate, finish, finish_by_passkey
from tests.app.units.conftest import PASSWORD, Town
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
