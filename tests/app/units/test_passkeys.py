"""Passkeys: registered, asked for, used once per question, and nobody else's."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.config import Config
from app.db import db, utcnow
from app.errors import Conflict, Invalid, NotFound, Unauthenticated
from app.units import passkeys
from app.units.access import actor_for
from app.units.factors import kinds_of, recovery_codes_left
from app.units.models import Passkey, User
from tests.app.units.conftest import PASSWORD, SignIn, Town
from tests.app.units.device import PRESENT, Device
from tests.app.units.trusted import let_proofs_age
from tests.architecture.pages import faults


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, public_url="https://tandem.example.gov.cn")


def registered(user: User, now: datetime, device: Device | None = None, name: str = "办公室电脑") -> Device:
    device = device or Device()
    options, kept = passkeys.options_to_register(actor_for(user), now=now)
    passkeys.register(actor_for(user), name=name, credential=device.create(options), kept=kept, now=now)
    return device


def test_registered_once_with_a_name_and_recovery_codes(town: Town, now: datetime) -> None:
    actor, device = actor_for(town.author), Device()
    options, kept = passkeys.options_to_register(actor, now=now)
    asked = json.loads(options)
    assert (asked["rp"]["id"], asked["authenticatorSelection"]["userVerification"]) == (
        "tandem.example.gov.cn",
        "required",
    )
    answer = device.create(options)
    with pytest.raises(Invalid, match="起个名字"):
        passkeys.register(actor, name=" ", credential=answer, kept=kept, now=now)
    codes = passkeys.register(actor, name=" 办公室  电脑 ", credential=answer, kept=kept, now=now)
    assert (len(codes), recovery_codes_left(actor.user_id), kinds_of(actor.user_id)) == (10, 10, {"passkey"})
    assert [key.name for key in passkeys.passkeys_of(actor.user_id)] == ["办公室 电脑"]
    with pytest.raises(Invalid):
        passkeys.register(actor, name="again", credential=answer, kept=kept, now=now)
    with pytest.raises(Conflict, match="已经登记过"):
        registered(town.author, now, device)
    registered(town.author, now, name="手机")
    assert recovery_codes_left(actor.user_id) == 10
    assert len(json.loads(passkeys.options_to_register(actor, now=now)[0])["excludeCredentials"]) == 2


@pytest.mark.parametrize(
    "device",
    [Device(origin="https://evil.example"), Device(flags=PRESENT)],
    ids=["another site", "nobody recognised"],
)
def test_what_does_not_hold_is_not_registered(town: Town, now: datetime, device: Device) -> None:
    with pytest.raises(Invalid):
        registered(town.author, now, device)
    assert kinds_of(town.author.id) == frozenset()


@pytest.mark.parametrize(
    "rubbish",
    [
        "",
        "{}",
        "[]",
        "null",
        '"x"',
        '{"id": 1}',
        '{"id": "a", "response": []}',
        "[" * 19_000,
        '{"id": "' + "a" * 20_000,
    ],
    ids=range(9),
)
def test_rubbish_is_refused(town: Town, now: datetime, rubbish: str) -> None:
    _options, kept = passkeys.options_to_register(actor_for(town.author), now=now)
    with pytest.raises(Invalid):
        passkeys.register(actor_for(town.author), name="x", credential=rubbish, kept=kept, now=now)
    _options, kept = passkeys.options_to_answer(passkeys.SIGN_IN, now=now)
    with pytest.raises(Unauthenticated):
        passkeys.verify(rubbish, kept, passkeys.SIGN_IN, now=now)


def test_an_answer_holds_once_for_its_question_and_for_five_minutes(town: Town, now: datetime) -> None:
    device = registered(town.author, now)
    words = set()

    def refused(answer: str, kept: passkeys.Kept | None, purpose: str = passkeys.SIGN_IN, later: int = 0) -> None:
        with pytest.raises(Unauthenticated) as refusal:
            passkeys.verify(answer, kept, purpose, now=now + timedelta(seconds=later))
        words.add(refusal.value.message)

    options, kept = passkeys.options_to_answer(passkeys.SIGN_IN, now=now)
    answer = device.get(options)
    refused(answer, kept, later=301)
    refused(answer, kept, passkeys.PROOF)
    refused(answer, None)
    refused(answer, passkeys.options_to_answer(passkeys.SIGN_IN, now=now)[1])
    assert passkeys.verify(answer, kept, passkeys.SIGN_IN, now=now).user_id == town.author.id
    # The cookie copied with its challenge, the very same answer again.
    refused(answer, kept)
    options, kept = passkeys.options_to_answer(passkeys.SIGN_IN, now=now)
    stranger = Device(id=device.id)
    stranger.count = 5
    refused(stranger.get(options), kept)
    options, kept = passkeys.options_to_answer(passkeys.SIGN_IN, now=now)
    device.origin = "https://evil.example"
    refused(device.get(options), kept)
    device.origin, device.count = Device().origin, 0
    options, kept = passkeys.options_to_answer(passkeys.SIGN_IN, now=now)
    refused(device.get(options), kept)
    assert words == {passkeys.REFUSED}


def test_removed_it_is_worth_nothing_and_only_its_owner_removes_it(town: Town, now: datetime) -> None:
    device = registered(town.author, now)
    (key,) = passkeys.passkeys_of(town.author.id)
    with pytest.raises(NotFound):
        passkeys.remove(actor_for(town.admin), key.id, now=now)
    passkeys.remove(actor_for(town.author), key.id, now=now)
    assert (kinds_of(town.author.id), recovery_codes_left(town.author.id)) == (frozenset(), 0)
    options, kept = passkeys.options_to_answer(passkeys.SIGN_IN, now=now)
    with pytest.raises(Unauthenticated):
        passkeys.verify(device.get(options), kept, passkeys.SIGN_IN, now=now)


def test_signing_in_without_a_password(town: Town, app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    device = registered(town.author, utcnow())
    client = app.test_client()
    assert faults(client.get("/sign-in").text) == []
    answer = device.get(client.post("/sign-in/passkey/options").text)
    elsewhere = app.test_client()
    assert elsewhere.post("/sign-in/passkey", data={"proof_passkey": answer}).status_code == 401
    entered = client.post("/sign-in/passkey", data={"proof_passkey": answer, "next": "/settings/profile"})
    assert entered.headers["Location"] == "/settings/profile"
    page = client.get("/settings/profile").text
    assert faults(page) == []
    assert "办公室电脑" in page
    assert client.post("/sign-in/passkey", data={"proof_passkey": answer}).status_code == 401


def half_way(app: Flask, user: User) -> FlaskClient:
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    return client


def test_the_second_step_takes_that_persons_passkey_only(town: Town, app: Flask) -> None:
    mine, hers = registered(town.author, utcnow()), registered(town.admin, utcnow())
    client = half_way(app, town.author)
    assert client.get("/settings").status_code == 302
    options = client.post("/sign-in/passkey/options?step=second").text
    assert len(json.loads(options)["allowCredentials"]) == 1
    assert client.post("/sign-in/second", data={"proof_passkey": hers.get(options)}).status_code == 401
    answer = mine.get(client.post("/sign-in/passkey/options?step=second").text)
    assert client.post("/sign-in/second", data={"proof_passkey": answer}).status_code == 302
    assert town.author.email in client.get("/settings/profile").text


def test_a_passkey_proves_one_to_be_there_and_registers_from_the_page(town: Town, sign_in: SignIn) -> None:
    browser = sign_in(town.admin)
    device = Device()
    options = browser.post("/settings/profile/passkeys/options").text
    data = {"passkey_name": "手机", "credential": device.create(options)}
    page = browser.post("/settings/profile/passkeys", data=data)
    assert "恢复码" in page.text
    assert faults(page.text) == []
    hers = registered(town.auditor, utcnow())
    let_proofs_age()
    path = f"/settings/people/{town.author.id}/deactivation"
    assert "用通行密钥确认" in browser.post(path).text
    stolen = hers.get(browser.post("/proof/passkey/options").text)
    assert browser.post(path, data={"proof_passkey": stolen}).status_code == 403
    assert browser.post(path, data={"proof_password": PASSWORD}).status_code == 403
    answer = device.get(browser.post("/proof/passkey/options").text)
    assert browser.post(path, data={"proof_passkey": answer}).status_code == 302
    db.session.rollback()
    assert not db.session.get_one(User, town.author.id).active
    (key,) = passkeys.passkeys_of(town.admin.id)
    assert key.last_used_at is not None
    assert browser.post(f"/settings/profile/passkeys/{key.id}/removal").status_code == 303
    assert db.session.query(Passkey).filter_by(user_id=town.admin.id).count() == 0


@pytest.mark.parametrize(
    ("url", "fit"),
    [
        ("https://tandem.example.gov.cn", True),
        ("http://localhost:8000", True),
        ("http://tandem.example.gov.cn", False),
        ("http://127.0.0.1:8000", False),
        ("https://10.0.0.7", False),
    ],
)
def test_where_browsers_cannot_the_page_says_why(app: Flask, config: Config, url: str, fit: bool) -> None:
    app.extensions["tandem_config"] = replace(config, public_url=url)
    assert (passkeys.why_not() == "") is fit
