"""Strangers at the sign-in page: what they guess is counted, and shuts nobody out of the browser they always use."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.db import db, utcnow
from app.errors import TooMany, Unauthenticated
from app.units import addresses, devices, passwords
from app.units.access import actor_for
from app.units.models import KnownDevice, SignInFailure, User
from app.units.people import reset_password
from app.units.sign_in import authenticate, finish, prove_by_password
from tests.app.units.conftest import PASSWORD, SignIn, Town
from tests.app.units.trusted import code_at, give_authenticator, wrong_code
from tests.patience import PATIENCE, wait_for


def fail(
    email: str, now: datetime, *, origin: str = "", known: Mapping[str, str] = devices.NOWHERE, times: int = 1
) -> None:
    for _ in range(times):
        with pytest.raises(Unauthenticated):
            authenticate(email, "wrong", origin=origin, devices=known, now=now)


def submit(client: FlaskClient, user: User, password: str) -> int:
    return client.post("/sign-in", data={"email": user.email, "password": password}).status_code


def test_a_stranger_does_not_shut_an_officer_out_of_their_own_browser(town: Town, app: Flask, sign_in: SignIn) -> None:
    own, stranger = sign_in(town.author), app.test_client()
    assert own.post("/sign-out").status_code == 302
    for _ in range(5):
        assert submit(stranger, town.author, "wrong") == 401
    assert submit(stranger, town.author, PASSWORD) == 401, "locked for whoever is not known"
    assert submit(own, town.author, PASSWORD) == 302
    assert submit(stranger, town.author, PASSWORD) == 401, "which opens nothing for the stranger"
    # Wrong ones in it lock it alone.
    assert own.post("/sign-out").status_code == 302
    for _ in range(5):
        assert submit(own, town.author, "wrong") == 401
    assert submit(own, town.author, PASSWORD) == 401


def test_the_cookie_is_for_the_server_alone_and_ends_with_the_password(town: Town, app: Flask, now: datetime) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    answer = client.post("/sign-in", data={"email": town.author.email, "password": PASSWORD})
    name = devices.cookie_of(town.author.id)
    (cookie,) = (one for one in answer.headers.getlist("Set-Cookie") if one.startswith(name))
    for part in ("HttpOnly", "SameSite=Lax", "Max-Age=15552000"):
        assert part in cookie
    secret = cookie.partition("=")[2].partition(";")[0]
    db.session.rollback()
    given = {name: secret}
    assert devices.find(town.author.id, given, utcnow()) is not None
    assert devices.find(town.admin.id, {devices.cookie_of(town.admin.id): secret}, utcnow()) is None, "for them alone"
    assert devices.find(town.author.id, given, utcnow() + devices.KEPT_FOR) is None
    assert secret not in {row.digest for row in db.session.query(KnownDevice)}
    reset_password(actor_for(town.admin), user_id=town.author.id, password="a new passphrase", now=now)
    assert devices.find(town.author.id, given, utcnow()) is None


def test_a_person_has_so_many_and_one_is_known_again(town: Town, now: datetime) -> None:
    made = [devices.remember(town.author.id, {}, now + timedelta(minutes=turn)) for turn in range(22)]
    later = now + timedelta(hours=1)
    mine = devices.cookie_of(town.author.id)
    assert devices.remember(town.author.id, {mine: made[-1]}, later) == made[-1]
    assert [devices.find(town.author.id, {mine: secret}, later) for secret in made[:2]] == [None, None]
    assert db.session.scalar(select(func.count()).select_from(KnownDevice)) == 20


def test_a_browser_that_many_share_knows_each(town: Town, app: Flask, sign_in: SignIn) -> None:
    """As the one at the duty desk: others' cookies stand before one's own."""
    own = sign_in(town.author)
    mine = devices.cookie_of(town.author.id)
    secret = next(cookie.value for cookie in own._cookies.values() if cookie.key == mine)
    shared, stranger = app.test_client(), app.test_client()
    for turn in range(30):
        shared.set_cookie(devices.cookie_of(f"colleague {turn}"), "x" * 43)
    shared.set_cookie(mine, secret)
    for _ in range(5):
        assert submit(stranger, town.author, "wrong") == 401
    assert submit(stranger, town.author, PASSWORD) == 401
    assert submit(shared, town.author, PASSWORD) == 302


def test_codes_in_a_known_browser_are_counted_with_its_passwords(town: Town, now: datetime) -> None:
    """Between right passwords no code is guessed there for ever."""
    secret, _codes = give_authenticator(actor_for(town.author), now)
    known = {devices.cookie_of(town.author.id): devices.remember(town.author.id, {}, now)}
    later = now + timedelta(minutes=1)
    for _ in range(5):
        half = authenticate(town.author.email, PASSWORD, origin="", devices=known, now=later)
        with pytest.raises(Unauthenticated):
            finish(town.author.id, half.epoch, wrong_code(secret, later), origin="", devices=known, now=later)
    with pytest.raises(Unauthenticated):
        authenticate(town.author.email, PASSWORD, origin="", devices=known, now=later)
    half = authenticate(town.author.email, PASSWORD, origin="", now=later)
    assert finish(town.author.id, half.epoch, code_at(secret, later), origin="", now=later).how == "totp"


@pytest.mark.parametrize("who", ["nobody", "locked", "somebody"])
def test_every_failure_counts_for_its_address(
    town: Town, now: datetime, who: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.units.addresses.ALLOWED", 7)
    email = "nobody@example.gov.cn" if who == "nobody" else town.author.email
    if who == "locked":
        fail(email, now, times=5)
    for turn in range(7):
        fail(town.auditor.email if who == "somebody" and turn % 2 else email, now, origin=f"2001:db8:0:1::{turn}")
    with pytest.raises(TooMany):
        authenticate(town.admin.email, PASSWORD, origin="2001:db8:0:1:ffff::", now=now)
    authenticate(town.admin.email, PASSWORD, origin="2001:db8:0:2::1", now=now)
    # Who is known there is not kept waiting by the others of the office.
    known = {devices.cookie_of(town.admin.id): devices.remember(town.admin.id, {}, now)}
    authenticate(town.admin.email, PASSWORD, origin="2001:db8:0:1::1", devices=known, now=now)
    later = now + addresses.WITHIN
    fail(email, later, origin="2001:db8:0:1::1")
    assert db.session.scalar(select(func.count(SignInFailure.id))) == 1, "what is over is cleared away"


def test_an_ipv4_address_told_as_ipv6_is_that_address(
    town: Town, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So says a server that listens on both: guesses from one must not shut out all the others, nor the machine itself."""
    monkeypatch.setattr("app.units.addresses.ALLOWED", 4)
    for turn in range(4):
        fail("nobody@example.gov.cn", now, origin="::ffff:203.0.113.9" if turn % 2 else "203.0.113.9")
        fail("nobody@example.gov.cn", now, origin="::ffff:127.0.0.1")
    with pytest.raises(TooMany):
        authenticate(town.admin.email, PASSWORD, origin="203.0.113.9", now=now)
    with pytest.raises(TooMany):
        authenticate(town.admin.email, PASSWORD, origin="::ffff:203.0.113.9", now=now)
    for origin in ("::ffff:203.0.113.10", "::ffff:127.0.0.1", "::1"):
        authenticate(town.admin.email, PASSWORD, origin=origin, now=now)


def test_a_flood_of_passwords_is_sent_away(
    town: Town, app: Flask, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Strangers fill all places but one: it is kept for people in their own browsers, and for proofs of who is signed in."""
    own, stranger = sign_in(town.author), app.test_client()
    monkeypatch.setattr(passwords, "_WAIT", 0.01)
    with ExitStack() as flood:
        for _ in range(3):
            flood.enter_context(passwords._places.one(known=False))
        answer = stranger.post("/sign-in", data={"email": "nobody@example.gov.cn", "password": "x"})
        assert (answer.status_code, "轮不到这一次" in answer.text) == (429, True)
        assert submit(stranger, town.author, PASSWORD) == 429
        prove_by_password(actor_for(town.author), PASSWORD, now=utcnow())
        assert own.post("/sign-out").status_code == 302
        assert submit(own, town.author, PASSWORD) == 302
        with passwords._places.one(known=True), pytest.raises(TooMany):
            passwords.is_right("x", None, known=True)
    assert submit(stranger, town.author, PASSWORD) == 302


def test_few_wait_for_a_place_and_the_others_hear_so_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else waiting takes every thread of the server, and nobody is answered."""
    monkeypatch.setattr(passwords, "_WAIT", PATIENCE)
    places, told = passwords._Places(), []

    def wait(known: bool) -> None:
        with places.one(known=known):
            told.append(known)

    waiting = [threading.Thread(target=wait, args=(known,)) for known in (False, True)]
    with ExitStack() as held:
        for known in (False, False, False, True):
            held.enter_context(places.one(known=known))
        for number, thread in enumerate(waiting, 1):
            thread.start()
            wait_for("one more waits", lambda number=number: len(places._waiting) == number, every=0.01)
            # A second stranger beside one who waits; a third of any kind.
            with pytest.raises(TooMany), places.one(known=number == 2):
                pass
    for thread in waiting:
        thread.join()
    assert sorted(told) == [False, True]
