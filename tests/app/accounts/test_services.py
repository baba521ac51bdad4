"""Connecting and changing accounts: validation, permissions, secrets that stay in, tokens that follow."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from app.accounts import advice, callbacks, changing, connections, probing, quotas, tokens
from app.accounts.models import Account, QuotaUse
from app.accounts.reading import local_time
from app.accounts.schemas import account_json
from app.accounts.services import (
    accounts_of,
    check_now,
    claim_probes,
    get_account,
    heed,
    note_refused,
    probe,
    request_poll,
    request_probe,
    tidy,
    update_account,
)
from app.audit.models import Event
from app.config import Config
from app.db import atomic, db, release, utcnow
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.units.models import User
from connectors.errors import ConnectorError, NotEntitled, RateLimited
from tests.app.accounts.kit import GH, UID, WECHAT, WEIBO, Office, Sim, connect_wechat, connect_weibo

SECRETS = (
    WEIBO["app_secret"],
    WEIBO["access_token"],
    WECHAT["app_secret"],
    WECHAT["encoding_aes_key"],
    WECHAT["token"],
)


def test_an_account_is_kept_with_its_secrets_encrypted(app: Flask, office: Office) -> None:
    account = connect_weibo(office)
    assert account.credentials == {**WEIBO, "uid": UID}
    raw = db.session.execute(text("SELECT credentials FROM accounts")).scalar_one()
    raw_token = db.session.execute(text("SELECT value FROM account_tokens")).scalar_one()
    assert not any(secret in raw + raw_token for secret in SECRETS)
    assert account.token_expires_at == datetime.fromisoformat(WEIBO["expires_at"])


def test_secrets_are_in_no_answer_event_or_log(
    app: Flask, office: Office, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    weibo, wechat = connect_weibo(office), connect_wechat(office)
    update_account(office.admin, weibo.id, credentials={"access_token": "2.00Second-secret"}, now=utcnow())
    shown = json.dumps([account_json(each, manages=True, now=utcnow()) for each in (weibo, wechat)])
    events = json.dumps([[each.summary, each.before, each.after] for each in db.session.scalars(select(Event))])
    out = capsys.readouterr()
    everything = shown + events + caplog.text + out.out + out.err + repr(connections.account_config(weibo))
    assert "credentials.access_token" in events
    for secret in (*SECRETS, "2.00Second-secret"):
        assert secret not in everything


@pytest.mark.parametrize(
    ("change", "field", "word"),
    [
        ({"name": "  "}, "name", "名称"),
        ({"external_id": "青岚"}, "external_id", "UID"),
        ({"mode": "mass"}, "mode", "share"),
        ({"environment": "test"}, "environment", "演练"),
        ({"credentials": {**WEIBO, "app_secret": ""}}, "credentials.app_secret", "缺少 App Secret"),
        ({"credentials": {**WEIBO, "access_token": "2.00 x"}}, "credentials.access_token", "空格"),
        ({"credentials": {**WEIBO, "safe_domain": "https://a.gov.cn/x"}}, "credentials.safe_domain", "只写域名"),
        ({"credentials": {**WEIBO, "expires_at": "2026-08-01T00:00:00"}}, "credentials.expires_at", "时区"),
        ({"credentials": {**WEIBO, "expires_at": "明天"}}, "credentials.expires_at", "ISO"),
        ({"credentials": {**WEIBO, "uid": "1"}}, "credentials.uid", "不一致"),
        ({"credentials": {**WEIBO, "password": "x"}}, "credentials.password", "没有这一项"),
        ({"credentials": {**WEIBO, "app_key": 1352222456}}, "credentials.app_key", "文字"),
        ({"settings": {"quotas": {"daily_calls": -1}}}, "settings.quotas.daily_calls", "整数"),
        ({"settings": {"quotas": [1]}}, "settings.quotas", "对象"),
    ],
)
def test_wrong_weibo_input_names_field_and_remedy(
    app: Flask, office: Office, change: dict[str, Any], field: str, word: str
) -> None:
    with pytest.raises(Invalid) as refused:
        connect_weibo(office, **change)
    assert list(refused.value.errors) == [field]
    assert word in refused.value.errors[field][0]
    assert db.session.scalars(select(Account)).all() == []


@pytest.mark.parametrize(
    ("change", "field", "word"),
    [
        ({"credentials": {**WECHAT, "encoding_aes_key": "short"}}, "credentials.encoding_aes_key", "43"),
        ({"credentials": {**WECHAT, "token": "a b"}}, "credentials.token", "32"),
        ({"credentials": {}}, "credentials.app_id", "缺少 AppID"),
        ({"environment": "live", "settings": {"callback_mode": "plain"}}, "settings.callback_mode", "演练"),
    ],
)
def test_wrong_wechat_input_names_field_and_remedy(
    app: Flask, office: Office, change: dict[str, Any], field: str, word: str
) -> None:
    with pytest.raises(Invalid) as refused:
        connect_wechat(office, **change)
    assert word in refused.value.errors[field][0]


def test_unknown_platform(app: Flask, office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        connect_weibo(office, platform="myspace")
    assert "platform" in refused.value.errors


def test_one_account_is_connected_once_per_environment(app: Flask, office: Office) -> None:
    connect_weibo(office)
    with pytest.raises(Conflict):
        connect_weibo(office, name="别名")
    connect_weibo(office, environment="live")


def test_permission_is_checked_in_the_unit(app: Flask, office: Office) -> None:
    with pytest.raises(NotFound):
        connect_weibo(office, actor=office.stranger)
    with pytest.raises(Forbidden):
        connect_weibo(office, actor=office.author)
    account = connect_weibo(office)
    assert get_account(office.author, account.id).id == account.id
    with pytest.raises(Forbidden):
        update_account(office.author, account.id, name="改名", now=utcnow())
    with pytest.raises(NotFound):
        get_account(office.stranger, account.id)
    assert accounts_of(office.stranger).items == []
    county_admin = office.actor("administrator", unit=office.county)
    assert accounts_of(county_admin).items == []
    with pytest.raises(NotFound):
        request_probe(county_admin, account.id, utcnow())


def test_reconnecting_replaces_the_token_and_asks_for_a_probe(app: Flask, office: Office, now: datetime) -> None:
    account = connect_weibo(office)
    with atomic():
        account.status, account.rights, account.probe_requested_at = "refused", [{"key": "token"}], None
        account.poll_note, account.history_note = "授权已失效。", "授权已失效。"
    fresh = {"access_token": "2.00Second", "expires_at": "2026-08-30T00:00:00+08:00"}
    account = update_account(office.admin, account.id, credentials=fresh, now=now)
    assert (account.status, account.rights, account.probe_requested_at) == ("unknown", [], now)
    assert (account.poll_note, account.history_note, account.next_poll_at) == ("", "", now)
    token = connections.connect(account).tokens.current()
    assert token is not None
    assert token.value == "2.00Second"
    assert account.token_expires_at == datetime.fromisoformat(fresh["expires_at"])
    assert account.credentials["app_secret"] == WEIBO["app_secret"]
    event = db.session.scalars(select(Event).order_by(Event.seq.desc())).first()
    assert event is not None
    assert event.after == {"changed": ["credentials.access_token", "credentials.expires_at"]}
    assert not re.search("[a-z]+[._][a-z]+", event.summary), event.summary


def test_an_unchanged_form_changes_and_records_nothing(app: Flask, office: Office, now: datetime) -> None:
    account = connect_weibo(office)
    before = len(db.session.scalars(select(Event)).all())
    update_account(office.admin, account.id, name=account.name, mode="share", credentials={}, settings={}, now=now)
    assert len(db.session.scalars(select(Event)).all()) == before


def test_a_removed_setting_is_gone_and_wrong_ones_are_refused(app: Flask, office: Office, now: datetime) -> None:
    account = connect_wechat(office)
    assert update_account(office.admin, account.id, settings={"comments": None}, now=now).settings == {}
    with pytest.raises(Invalid):
        update_account(office.admin, account.id, credentials={"token": None}, now=now)
    with pytest.raises(Invalid):
        update_account(office.admin, account.id, responsible_id="nobody", now=now)


def test_an_account_has_one_responsible_person_and_another_one_as_deputy(
    app: Flask, office: Office, now: datetime
) -> None:
    account = connect_wechat(office)
    with atomic():
        for name in ("first", "second"):
            db.session.add(
                User(email=f"{name}@example.cn", name=name, password_hash="-", unit_id=office.city.id, created_at=now)
            )
    first, second = db.session.scalars(select(User.id).order_by(User.name)).all()
    update_account(office.admin, account.id, responsible_id=first, now=now)
    for wrong in (first, "nobody"):
        with pytest.raises(Invalid) as refused:
            update_account(office.admin, account.id, deputy_id=wrong, now=now)
        assert list(refused.value.errors) == ["deputy_id"]
    account = update_account(office.admin, account.id, deputy_id=second, now=now)
    assert (account.responsible_id, account.deputy_id) == (first, second)
    assert account_json(account, manages=True, now=now)["deputy_id"] == second
    event = db.session.scalars(select(Event).order_by(Event.seq.desc())).first()
    assert event is not None
    assert "副责任人" in event.summary
    # A form sends what it shows of what was never set.
    update_account(office.admin, account.id, responsible_id=None, settings={"theme": "official"}, now=now)
    event = db.session.scalars(select(Event).order_by(Event.seq.desc())).first()
    assert event is not None
    assert ("责任人" in event.summary, "默认版式" in event.summary) == (True, False)
    update_account(office.admin, account.id, responsible_id=first, now=now)
    with pytest.raises(Invalid):
        update_account(office.admin, account.id, responsible_id=second, now=now)
    account = update_account(office.admin, account.id, responsible_id=second, deputy_id=None, now=now)
    assert (account.responsible_id, account.deputy_id) == (second, None)


def test_where_calls_go(app: Flask, office: Office, config: Config) -> None:
    simulated, live = connect_weibo(office), connect_wechat(office, environment="live")
    given = replace(config, weibo_base_url="http://w.example", wechat_base_url=None)
    assert connections.base_url(simulated, given) == config.simulator_url
    assert connections.base_url(live, given) is None
    assert connections.base_url(live, replace(config, wechat_base_url="http://x.example")) == "http://x.example"


def test_the_senders_address_falls_back_to_the_servers(app: Flask, office: Office, config: Config) -> None:
    app.extensions["tandem_config"] = replace(config, egress_ip="198.51.100.7")
    account = connect_weibo(office)
    assert connections.account_config(account, operator_ip="203.0.113.5").operator_ip == "203.0.113.5"
    assert connections.account_config(account).operator_ip == "198.51.100.7"


def test_a_due_probe_is_claimed_once(app: Flask, office: Office, now: datetime) -> None:
    account = connect_weibo(office, now=now)
    assert claim_probes(now) == [account.id]
    assert claim_probes(now) == []
    assert claim_probes(now + timedelta(minutes=11)) == [account.id]
    # Who asks while somebody is at it gets another one afterwards.
    request_probe(office.admin, account.id, now)
    assert claim_probes(now + timedelta(minutes=12)) == []
    assert claim_probes(now + timedelta(minutes=22)) == [account.id]
    update_account(office.admin, account.id, active=False, now=now)
    assert claim_probes(now + timedelta(days=3)) == []


def test_a_poll_is_asked_for_now(app: Flask, office: Office, now: datetime) -> None:
    account = connect_weibo(office)
    assert request_poll(office.admin, account.id, now).next_poll_at == now


def test_probing_a_good_account(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    account = probe(connect_wechat(office).id, utcnow())
    by_key = {right["key"]: right for right in account.rights}
    assert by_key["token"]["ok"] is True
    assert by_key["draft"]["ok"] is True
    assert account.checked_at is not None
    assert account.probe_requested_at is None
    assert account.status in ("ok", "limited")


def test_probing_with_a_wrong_secret_says_so(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    account = probe(connect_wechat(office, credentials={**WECHAT, "app_secret": "wrong"}).id, utcnow())
    assert account.status == "refused"
    token = account.rights[0]
    assert (token["key"], token["ok"]) == ("token", False)
    assert token["detail"]
    assert token["remedy"]


def test_a_frozen_secret_is_thawed_at_the_platform_not_typed_again(
    app_on_simulator: Flask, sim: Sim, office: Office
) -> None:
    sim.call("PUT", f"/_sim/accounts/wechat/{GH}", {"secret_frozen": True})
    account = probe(connect_wechat(office).id, utcnow())
    step = advice.next_step(account, utcnow())
    assert (account.status, step.act) == ("refused", "wait")
    assert "凭据不用改" in step.text


def test_probing_from_outside_the_whitelist_shows_our_address(
    app_on_simulator: Flask, sim: Sim, office: Office
) -> None:
    sim.call("PUT", f"/_sim/accounts/wechat/{GH}", {"ip_whitelist": ["192.0.2.1"]})
    account = probe(connect_wechat(office).id, utcnow())
    assert account.egress_ip == "127.0.0.1"
    assert account.status == "refused"
    assert advice.barred(account)
    assert advice.unconnected(account) == "未放行本服务器"
    sim.call("PUT", f"/_sim/accounts/wechat/{GH}", {"ip_whitelist": [], "app_secret": "another"})
    account = probe(account.id, utcnow())
    assert (account.status, advice.barred(account)) == ("refused", False)
    assert advice.unconnected(account) == "须重新连接"


def test_another_way_of_publishing_was_not_tested_yet(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    account = probe(connect_weibo(office).id, utcnow())
    assert account.rights
    account = update_account(office.admin, account.id, mode="full", now=utcnow())
    assert (account.status, account.rights) == ("unknown", [])
    assert advice.next_step(account, utcnow()).act == "probe"
    renamed = update_account(office.admin, probe(account.id, utcnow()).id, name="青岚政务", now=utcnow())
    assert renamed.rights


def test_an_administrator_must_confirm_the_address(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    account = probe(connect_wechat(office).id, utcnow())
    sim.call("PUT", f"/_sim/accounts/wechat/{GH}", {"ip_confirm": "ask"})
    account = probe(account.id, utcnow())
    token = account.rights[0]
    assert (account.status, token["ok"]) == ("unknown", None)
    assert "管理员确认" in token["detail"]
    assert "draft" in {right["key"] for right in account.rights}, "what was known of the others stays"
    assert "管理员同意" in advice.next_step(account, utcnow()).text


@pytest.mark.parametrize(("answer", "hours"), [("ask", 1), ("refused_hour", 1), ("refused_day", 24)])
def test_an_address_that_waits_for_a_person_is_asked_about_again(
    app_on_simulator: Flask, sim: Sim, office: Office, answer: str, hours: int
) -> None:
    account = connect_wechat(office)
    sim.call("PUT", f"/_sim/accounts/wechat/{GH}", {"ip_confirm": answer})
    account, now = probe(account.id, utcnow()), utcnow()
    again = account.probe_requested_at
    assert again is not None
    assert timedelta(hours=hours, minutes=-1) < again - now <= timedelta(hours=hours)
    # Nobody is told that calls are used up, however often the button is pressed: what to do is, and from when.
    for press in range(2):
        if press and answer != "ask":
            account = check_now(account.id, now).account
        step = advice.next_step(account, now)
        assert "管理员" in step.text
        assert (step.act, step.at) == (("probe", None) if answer == "ask" else ("later", again))
    sim.call("PUT", f"/_sim/accounts/wechat/{GH}", {"ip_confirm": None})
    assert claim_probes(again - timedelta(minutes=1)) == []
    assert claim_probes(again) == [account.id]
    with atomic():
        quotas.unblock(account.id)
    assert probe(account.id, utcnow()).status in ("ok", "limited")


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"ip_whitelist": ["192.0.2.1"]}, "refused"),
        ({"account_frozen": True}, "refused"),
        ({"ip_confirm": "ask"}, "unknown"),
        ({"ip_confirm": "refused_day"}, "unknown"),
    ],
)
def test_what_bars_the_whole_account_is_probed_at_once(
    app_on_simulator: Flask, sim: Sim, office: Office, said: dict[str, object], status: str
) -> None:
    """It showed green until the next daily test."""
    account, now = probe(connect_wechat(office).id, utcnow()), utcnow()
    sim.call("PUT", f"/_sim/accounts/wechat/{GH}", said)
    with atomic():
        tokens.store(account.id, None)
        account.probe_requested_at = None
    connector = connections.connect(account)
    release()
    with pytest.raises(ConnectorError) as caught:
        connector.history(now - timedelta(days=1))
    heed(account.id, connector, caught.value, now)
    account = db.session.get_one(Account, account.id, populate_existing=True)
    if isinstance(caught.value, RateLimited):
        # No call is answered until then, so no test can ask: the platform's word stands.
        assert claim_probes(now) == []
        assert account.probe_requested_at == caught.value.until
    else:
        assert claim_probes(now) == [account.id]
        account = probe(account.id, now)
    assert account.status == status
    assert (status == "unknown") is advice.confirming(account)
    assert len(account.rights) > 1 or status == "refused", "what was known of the others stays"
    # Known now: another call that hears it asks for no further probe, of which each may ring at somebody's phone.
    again = account.probe_requested_at
    heed(account.id, connector, caught.value, now)
    assert db.session.get_one(Account, account.id, populate_existing=True).probe_requested_at == again


def test_the_administrators_no_after_the_question_is_told(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    """First the platform asks (89503), then the administrator says no (89506): nobody should be told to test any more."""
    account, now = connect_wechat(office), utcnow()
    sim.call("PUT", f"/_sim/accounts/wechat/{GH}", {"ip_confirm": "ask"})
    account = probe(account.id, now)
    assert (advice.confirming(account), advice.confirming_from(account)) == (True, None)
    sim.call("PUT", f"/_sim/accounts/wechat/{GH}", {"ip_confirm": "refused_day"})
    connector = connections.connect(account)
    release()
    with pytest.raises(RateLimited) as caught:
        connector.history(now - timedelta(days=1))
    heed(account.id, connector, caught.value, now)
    account = db.session.get_one(Account, account.id, populate_existing=True)
    assert advice.confirming_from(account) == caught.value.until
    assert advice.next_step(account, now).act == "later"


def test_a_barred_server_sends_nobody_to_authorise_again(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    """Signing in at Weibo once more puts no address and no audit right."""
    now = utcnow()
    sim.fault("refuse", platform="weibo", path="get_token_info", code=10004, times=1)
    account = probe(connect_weibo(office).id, now)
    assert (account.status, advice.put_right_there(account)) == ("refused", True)
    assert advice.next_step(account, now).act == "wait"
    assert account.probe_requested_at is not None
    assert account.probe_requested_at <= now + timedelta(hours=3)


def test_what_bars_one_call_probes_nothing(app: Flask, office: Office, now: datetime) -> None:
    account = connect_wechat(office)
    with atomic():
        account.probe_requested_at = None
    note_refused(account.id, NotEntitled("公众号没有这个接口的权限。", code="48001"), now)
    assert db.session.get_one(Account, account.id, populate_existing=True).probe_requested_at is None


def test_probing_weibo_with_a_dead_token(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    good = probe(connect_weibo(office).id, utcnow())
    assert good.status in ("ok", "limited")
    dead = update_account(office.admin, good.id, credentials={"access_token": "2.00Wrong"}, now=utcnow())
    assert probe(dead.id, utcnow()).status == "refused"


def test_what_a_probe_found_of_the_old_secret_is_not_said_of_the_new_one(
    app_on_simulator: Flask, sim: Sim, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret is corrected while the platform is still busy with the wrong one."""
    account_id = connect_wechat(office, credentials={**WECHAT, "app_secret": "wrong"}).id
    connect = connections.connect

    def connect_and_correct(account: Account, **purpose: Any) -> Any:
        connector = connect(account, **purpose)
        ask = connector.probe

        def probe_slowly() -> Any:
            found = ask()
            update_account(office.admin, account_id, credentials={"app_secret": WECHAT["app_secret"]}, now=utcnow())
            return found

        monkeypatch.setattr(connector, "probe", probe_slowly)
        return connector

    with monkeypatch.context() as slowly:
        slowly.setattr(connections, "connect", connect_and_correct)
        account = probe(account_id, utcnow())
    assert (account.status, account.rights) == ("unknown", [])
    assert account.probe_requested_at is not None
    assert probe(account_id, utcnow()).status in ("ok", "limited")


def test_a_limit_of_the_old_secret_stops_not_the_new_one(
    app_on_simulator: Flask, sim: Sim, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform's "not before" was met while the credentials were being corrected."""
    account_id = connect_wechat(office).id
    sim.call("PUT", f"/_sim/accounts/wechat/{GH}", {"ip_confirm": "refused_day"})
    ask = probing._asked

    def ask_and_correct(account: Account) -> Any:
        found = ask(account)
        assert found.limits
        update_account(office.admin, account_id, credentials={"token": "another"}, now=utcnow())
        return found

    with monkeypatch.context() as slowly:
        slowly.setattr(probing, "_asked", ask_and_correct)
        probe(account_id, utcnow())
    assert quotas.blocked_until(account_id, "stable_token", utcnow()) is None
    sim.call("PUT", f"/_sim/accounts/wechat/{GH}", {"ip_confirm": None})
    assert probe(account_id, utcnow()).status in ("ok", "limited")


@pytest.mark.parametrize("corrected", [True, False])
def test_a_test_that_is_left_alone_forgets_none_that_was_asked_for_meanwhile(
    app: Flask, office: Office, now: datetime, monkeypatch: pytest.MonkeyPatch, corrected: bool
) -> None:
    account = connect_weibo(office, credentials={**WEIBO, "access_token": ""}, waiting=True, now=now)
    locked, later = changing.locked, now + timedelta(minutes=1)

    def ask_first(account_id: str) -> Account:
        monkeypatch.undo()
        found = locked(account_id)
        if corrected:
            found.credentials = {**found.credentials, "access_token": "2.00New"}
        found.probe_requested_at = later
        db.session.flush()
        return found

    monkeypatch.setattr(changing, "locked", ask_first)
    assert probe(account.id, now).probe_requested_at == later


def test_probing_an_unreachable_platform_is_unknown_not_refused(app: Flask, config: Config, office: Office) -> None:
    app.extensions["tandem_config"] = replace(config, simulator_url="http://127.0.0.1:9")
    account = probe(connect_wechat(office).id, utcnow())
    assert account.status == "unknown"
    assert "连接不上" in account.rights[0]["detail"]


def test_many_probes_test_the_secret_and_keep_one_token(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    account, kept = connect_wechat(office), set()
    for _ in range(3):
        probe(account.id, utcnow())
        token = connections.connect(account).tokens.current()
        kept.add(token.value if token else "")
    assert sim.asked("/cgi-bin/stable_token") == 3
    assert len(kept) == 1
    assert "" not in kept


def test_the_platform_knows_better_when_a_token_ends(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    """A person typed tomorrow by mistake: after the probe the platform's own word counts."""
    soon = {**WEIBO, "expires_at": (utcnow() + timedelta(days=1)).isoformat()}
    account = probe(connect_weibo(office, credentials=soon).id, utcnow())
    token = connections.connect(account).tokens.current()
    assert token is not None
    assert token.expires_at is not None
    assert token.expires_at > utcnow() + timedelta(days=1)
    assert account.token_expires_at == token.expires_at


def test_old_counters_and_callbacks_are_forgotten(app: Flask, office: Office, now: datetime) -> None:
    account = connect_wechat(office)
    connections.connect(account, clock=lambda: now).meter.spend("draft/add")
    quotas.block(account.id, "draft/get", now + timedelta(hours=1))
    with atomic():
        assert callbacks.is_first(account.id, "n", "d", b"", now)
    tidy(now + timedelta(days=1))
    assert db.session.scalar(select(func.count()).select_from(QuotaUse)) == 2
    assert len(callbacks.recent(account.id)) == 1
    tidy(now + timedelta(days=63))
    assert db.session.scalar(select(func.count()).select_from(QuotaUse)) == 0
    assert callbacks.recent(account.id) == []


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"article_cover": "https://example.com/a.jpg"}, "settings.article_cover"),
        ({"article_cover": "https://sinaimg.cn.evil.com/a.jpg"}, "settings.article_cover"),
        ({"article_cover": 'https://wx1.sinaimg.cn/a.jpg" onload="'}, "settings.article_cover"),
        ({"article_cover": 7}, "settings.article_cover"),
        ({"welcome_text": "欢" * 300}, "settings.welcome_text"),
        ({"welcome_text": ["欢迎"]}, "settings.welcome_text"),
        ({"audience": "all"}, "settings.audience"),
        ({"audience": {"is_to_all": False}}, "settings.audience"),
        ({"audience": {"is_to_all": False, "tag_id": True}}, "settings.audience"),
        ({"send_ignore_reprint": "yes"}, "settings.send_ignore_reprint"),
        ({"article": "yes"}, "settings.article"),
        ({"comments": 2}, "settings.comments"),
        ({"default_author": 7}, "settings.default_author"),
        ({"theme": ["official"]}, "settings.theme"),
        ({"kind": True}, "settings.kind"),
        ({"default_cover": "../cover.png"}, "settings.default_cover"),
        ({"rights": "article"}, "settings.rights"),
    ],
)
def test_wrong_settings_are_named(office: Office, settings: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        connect_weibo(office, settings=settings)
    assert set(caught.value.errors) == {field}


def test_right_settings_are_kept(office: Office) -> None:
    settings = {
        "article": True,
        "article_cover": "http://ww2.sinaimg.cn/large/71666d49.jpg",
        "welcome_text": "欢" * 299,
        "rights": ["article"],
        "audience": {"is_to_all": False, "tag_id": 101, "tag_name": "居民"},
        "send_ignore_reprint": 1,
        "default_cover": "0" * 64,
    }
    assert connect_weibo(office, settings=settings).settings == settings


@pytest.mark.parametrize(
    "ends",
    ["9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+08:00", "1999-12-31T00:00:00Z"],
)
def test_an_end_beyond_all_calendars_is_refused(office: Office, ends: str) -> None:
    with pytest.raises(Invalid) as caught:
        connect_weibo(office, credentials={**WEIBO, "expires_at": ends})
    assert set(caught.value.errors) == {"credentials.expires_at"}
    # One that was stored before is an end that nobody knows, and breaks no page.
    token = connections.given_token({**WEIBO, "expires_at": ends})
    assert token is not None
    assert token.expires_at is None
    assert local_time(ends, "Asia/Shanghai") in ("", "1999-12-31T08:00", "0001-01-01T00:00")
