"""Accounts on screen: connecting by the wizard against the simulator, the ledger, one account's page."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, event, select, text

from app.accounts.advice import barred
from app.accounts.callbacks import note_callback
from app.accounts.changing import LOOK_AGAIN
from app.accounts.models import Account
from app.accounts.quotas import blocked_until
from app.accounts.services import claim_probes, probe
from app.db import atomic, db, utcnow
from app.inbox import polling
from app.units.models import Unit, User
from app.web import local
from connectors.errors import NotEntitled
from tests.app.accounts.kit import GH, UID, WECHAT, WEIBO, Sim, use_up_the_tests
from tests.app.accounts.people import People
from tests.architecture.pages import faults


def wechat_form(people: People, **changes: str) -> dict[str, str]:
    given = {f"credentials.{key}": value for key, value in WECHAT.items()}
    return {
        "platform": "wechat",
        "unit_id": people.city.id,
        "name": "青岚发布",
        "external_id": GH,
        "mode": "mass",
        "environment": "simulator",
        "understood": "1",
        **given,
        **changes,
    }


def weibo_form(people: People, **changes: str) -> dict[str, str]:
    given = {f"credentials.{key}": value for key, value in WEIBO.items()}
    given["credentials.expires_at"] = "2027-01-01T08:00"
    base = wechat_form(people)
    kept = {key: value for key, value in base.items() if not key.startswith("credentials.")}
    return {**kept, "platform": "weibo", "external_id": UID, "mode": "share", **given, **changes}


def only() -> Account:
    db.session.rollback()
    return db.session.scalars(select(Account)).one()


def sound(answer: Any, status: int = 200) -> str:
    html = str(answer.get_data(as_text=True))
    assert answer.status_code == status, html[:2000]
    assert faults(html) == []
    return html


def saved(browser: FlaskClient, form: dict[str, str]) -> str:
    """The page after a wizard that was accepted: at an address of the account's own."""
    answer = browser.post("/accounts/new", data=form)
    assert answer.status_code == 302, answer.get_data(as_text=True)[:2000]
    assert answer.headers["Location"].endswith(f"/accounts/{only().id}/connected")
    return sound(browser.get(answer.headers["Location"]))


def test_the_way_from_choosing_to_a_tested_account(app_on_simulator: Flask, people: People, sim: Sim) -> None:
    browser = people.browser(people.admin)
    assert "接入微信公众号" in sound(browser.get("/accounts/new"))
    form = sound(browser.get("/accounts/new?platform=wechat"))
    assert "自动回复和自定义菜单会停用" in form
    proposed = re.search(r'value="([A-Za-z0-9]{43})"[^>]*name="credentials.encoding_aes_key"', form)
    assert proposed is not None
    answer = saved(browser, wechat_form(people))
    account = only()
    assert f"/callbacks/wechat/{account.callback_key}" in answer
    assert WECHAT["encoding_aes_key"] in answer, "shown once, to be pasted"
    assert WECHAT["app_secret"] not in answer
    tested = browser.post(f"/accounts/{account.id}/probe", data={"back": "wizard"})
    assert tested.headers["Location"].endswith("/connected")
    page = sound(browser.get(tested.headers["Location"]))
    assert "访问令牌" in page
    assert "草稿" in page
    assert only().checked_at is not None
    assert WECHAT["encoding_aes_key"] in page, "testing must not take it away"
    assert "已填好" in page
    # Who is led to the account's page to put a secret right still needs them.
    assert WECHAT["encoding_aes_key"] in sound(browser.get(f"/accounts/{account.id}"))
    assert WECHAT["encoding_aes_key"] not in sound(people.browser(people.admin).get(f"/accounts/{account.id}"))
    assert browser.post(f"/accounts/{account.id}/pasted").headers["Location"].endswith(f"/accounts/{account.id}")
    for path in ("", "/connected"):
        assert WECHAT["encoding_aes_key"] not in sound(browser.get(f"/accounts/{account.id}{path}")), "done is done"


def test_the_warning_must_be_ticked(app: Flask, people: People) -> None:
    answer = people.browser(people.admin).post("/accounts/new", data=wechat_form(people, understood=""))
    assert "请阅读后勾选" in sound(answer, 422)
    assert db.session.scalars(select(Account)).all() == []


def test_a_refused_form_keeps_what_was_typed_but_no_secret(app: Flask, people: People) -> None:
    form = weibo_form(people, **{"credentials.app_key": "with space", "name": "青岚住建"})
    page = sound(people.browser(people.admin).post("/accounts/new", data=form), 422)
    assert "App Key 格式不对" in page
    assert 'value="青岚住建"' in page
    assert WEIBO["app_secret"] not in page
    assert WEIBO["access_token"] not in page


def test_local_times_get_the_zone_of_the_house(app: Flask, people: People) -> None:
    saved(people.browser(people.admin), weibo_form(people))
    account = only()
    assert account.credentials["expires_at"] == "2027-01-01T08:00:00+08:00"
    page = sound(people.browser(people.admin).get(f"/accounts/{account.id}"))
    assert 'value="2027-01-01T08:00"' in page


def test_ledger_and_account_page_for_reader_and_manager(app: Flask, people: People) -> None:
    browser = people.browser(people.admin)
    assert "接入第一个账号" in sound(browser.get("/accounts"))
    saved(browser, weibo_form(people))
    account_id, key = only().id, only().callback_key
    with atomic():
        account = db.session.get_one(Account, account_id)
        account.checked_at, account.status = utcnow(), "limited"
        account.rights = [{"key": "comments", "ok": False, "detail": "缺少权限。", "remedy": "请申请。"}]
    ledger = sound(browser.get("/accounts"))
    for words in ("青岚发布", "演练", "部分权限缺失", "当日全部调用", "不支持的功能", "还有"):
        assert words in ledger
    assert "青岚发布" not in sound(browser.get("/accounts?platform=wechat"))
    mine = sound(browser.get(f"/accounts/{account_id}"))
    assert key in mine
    assert "停用账号" in mine
    reader = sound(people.browser(people.author).get(f"/accounts/{account_id}"))
    assert key not in reader
    assert "停用账号" not in reader
    assert people.browser(people.stranger).get(f"/accounts/{account_id}").status_code == 404


def test_the_ledger_asks_the_database_as_often_for_twenty_accounts_as_for_one(app: Flask, people: People) -> None:
    browser = people.browser(people.admin)
    saved(browser, weibo_form(people))

    def statements() -> int:
        seen: list[str] = []

        def note(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
            seen.append(statement)

        db.session.rollback()
        event.listen(db.engine, "before_cursor_execute", note)
        sound(browser.get("/accounts"))
        event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    alone = statements()
    with atomic():
        first = db.session.scalars(select(Account)).one()
        for number in range(19):
            unit = Unit(name=f"青岚第{number}中学", level="township", parent_id=people.city.id, created_at=utcnow())
            db.session.add(unit)
            db.session.flush()
            unit.path = f"{people.city.path}{unit.id}/"
            twin = {name: getattr(first, name) for name in ("platform", "name", "environment", "mode", "credentials")}
            db.session.add(
                Account(
                    **twin,
                    unit_id=unit.id,
                    external_id=f"19025{number:05}",
                    settings={},
                    callback_key=f"key-{number}",
                    created_at=utcnow(),
                )
            )
    assert statements() == alone


def test_settings_credentials_and_switch(app: Flask, people: People) -> None:
    browser = people.browser(people.admin)
    saved(browser, wechat_form(people))
    path = f"/accounts/{only().id}"
    settings = {
        "part": "settings",
        "name": "青岚发布（新）",
        "mode": "publish",
        "responsible_id": people.author.id,
        "deputy_id": people.admin.id,
        "settings.kind": "service",
        "settings.comments": "1",
        "settings.quotas.mass": "4",
    }
    assert browser.post(path, data=settings).status_code == 302
    account = only()
    assert (account.name, account.mode, account.responsible_id) == ("青岚发布（新）", "publish", people.author.id)
    assert account.deputy_id == people.admin.id
    assert account.settings == {"kind": "service", "comments": True, "quotas": {"mass": 4}}
    assert "应为不小于 0 的整数" in sound(browser.post(path, data={**settings, "settings.quotas.mass": "四"}), 422)
    browser.post(path, data={"part": "settings", "name": "青岚发布", "mode": "publish", "settings.kind": "service"})
    assert only().settings == {"kind": "service"}
    fresh = {"credentials.app_id": WECHAT["app_id"], "credentials.app_secret": "fresh-secret", "credentials.token": ""}
    assert browser.post(path, data=fresh).status_code == 302
    assert only().credentials == {**WECHAT, "app_secret": "fresh-secret"}
    page = sound(browser.post(path, data={"credentials.encoding_aes_key": "short-but-secret"}), 422)
    assert "43 位" in page
    assert "short-but-secret" not in page
    browser.post(f"{path}/deactivation")
    assert "已停用" in sound(browser.get(path))
    browser.post(f"{path}/activation")
    assert only().active is True


def test_saving_a_setting_takes_nobodys_responsibility_away(app: Flask, people: People) -> None:
    """Of a unit above, or deactivated since: the list had no such choice, and saving sent none."""
    browser = people.browser(people.admin)
    saved(browser, wechat_form(people))
    path, person = f"/accounts/{only().id}", people.author
    with atomic():
        only().responsible_id = person.id
    cases = (
        # Elsewhere, but still with a role here.
        (people.stranger.unit_id, True, "（别市）"),
        (people.city.id, False, "（已停用或调离，请更换）"),
        (people.city.id, True, ""),
    )
    for unit_id, active, word in cases:
        with atomic():
            user = db.session.get_one(User, person.id)
            user.unit_id, user.active = unit_id, active
        html = sound(browser.get(path))
        [shown] = re.findall(
            r'<option value="([^"]*)" selected>([^<]*)</option>',
            html.split('name="responsible_id"')[1].split("</select>")[0],
        )
        assert shown == (person.id, f"{person.name}{word}")
        form = {"part": "settings", "name": "青岚发布", "mode": "publish", "responsible_id": shown[0]}
        assert browser.post(path, data=form).status_code == 302
        assert only().responsible_id == person.id


def test_pressing_the_button_again_spends_no_calls(app_on_simulator: Flask, people: People, sim: Sim) -> None:
    browser = people.browser(people.admin)
    saved(browser, weibo_form(people))
    path = f"/accounts/{only().id}"

    def test_rights() -> str:
        browser.post(f"{path}/probe")
        return sound(browser.get(path))

    def asked() -> int:
        return sim.asked("/oauth2/get_token_info")

    assert "今天体检还可调用平台 7 次" in test_rights()
    assert asked() == 1
    again = test_rights()
    checked_at = only().checked_at
    assert checked_at is not None
    assert f"没有再次测试。系统在 {local(checked_at):%H:%M:%S} 刚测过这个账号" in again
    assert "今天体检还可调用平台 7 次" in again
    assert asked() == 1
    wrong = {"credentials.access_token": "2.00Wrong"}
    browser.post(path, data={**wrong, "credentials.app_key": WEIBO["app_key"]})
    page = sound(browser.get(path))
    assert "已修改，等待下次检查" in page
    assert "读取评论" not in page, "what was said of the old token"
    assert 'hx-select="#rights"' in page, "the result comes by itself"
    tested = test_rights()
    assert "须重新连接" in tested
    assert 'hx-select="#rights"' not in tested
    assert asked() == 2


def test_a_day_without_calls_left_keeps_what_is_known(app_on_simulator: Flask, people: People, sim: Sim) -> None:
    browser = people.browser(people.admin)
    saved(browser, weibo_form(people))
    path = f"/accounts/{only().id}"

    def hours_later() -> str:
        with atomic():
            only().checked_at = utcnow() - timedelta(hours=2)
        browser.post(f"{path}/probe")
        return sound(browser.get(path))

    # Twelve a day, five a test: after two of them two calls are left, which make none.
    browser.post(f"{path}/probe")
    hours_later()
    known, status, asked = only().rights, only().status, sim.asked("/oauth2/get_token_info")
    for limit in (100, 30):
        with atomic():
            only().settings = {**only().settings, "quotas": {"daily_calls": limit}}
        page = hours_later()
        assert "剩下的体检额度不够测一遍" in page
        assert "刚测过这个账号" not in page
        assert sim.asked("/oauth2/get_token_info") == asked == 2
        account = only()
        assert (account.rights, account.status) == (known, status)
        assert account.probe_requested_at is not None, "due again when the day is over"
        assert account.probe_requested_at > utcnow()


def test_a_platform_that_does_not_answer_is_not_called_tested(
    app_on_simulator: Flask, people: People, sim: Sim
) -> None:
    browser = people.browser(people.admin)
    for form, call in ((wechat_form(people), "stable_token"), (weibo_form(people), "get_token_info")):
        with atomic():
            db.session.execute(delete(Account))
        saved(browser, form)
        path = f"/accounts/{only().id}"
        browser.post(f"{path}/probe")
        browser.get(path)
        with atomic():
            only().checked_at = before = utcnow() - timedelta(hours=5)
        known = (only().status, only().rights)
        sim.fault("http_502", path=call)
        browser.post(f"{path}/probe")
        page = sound(browser.get(path))
        assert "没有测成：" in page
        assert "测试时没有问到平台" in page
        assert "测试完成" not in page
        account = only()
        assert (account.status, account.rights, account.checked_at) == (*known, before)
        # Again after as long as nothing was heard, not a day later.
        assert account.probe_requested_at is not None
        assert timedelta(hours=4) < account.probe_requested_at - utcnow() <= timedelta(hours=5, minutes=1)
        sim.call("DELETE", "/_sim/faults", {})
        browser.post(f"{path}/probe")
        assert "测试时没有问到平台" not in sound(browser.get(path))


def test_a_test_that_runs_dry_midway_is_no_full_one(app_on_simulator: Flask, people: People, sim: Sim) -> None:
    browser = people.browser(people.admin)
    saved(browser, weibo_form(people))
    path = f"/accounts/{only().id}"
    sim.fault("exhaust_quota", path="comments/to_me", times=-1)
    browser.post(f"{path}/probe")
    page = sound(browser.get(path))
    assert "测试完成了一部分" in page
    assert "没有发现缺失的权限" not in page
    account = only()
    assert account.probe_requested_at is not None, "it goes on when there are calls"
    assert blocked_until(account.id, "comments/to_me", utcnow()) is not None, "polls need not walk into it"


def test_what_somebody_else_is_testing_is_not_tested_twice(app_on_simulator: Flask, people: People, sim: Sim) -> None:
    browser = people.browser(people.admin)
    saved(browser, weibo_form(people))
    assert claim_probes(utcnow()) == [only().id]
    browser.post(f"/accounts/{only().id}/probe")
    assert "正在测试这个账号" in sound(browser.get(f"/accounts/{only().id}"))
    assert sim.asked("/oauth2/get_token_info") == 0
    probe(only().id, utcnow())
    with atomic():
        only().checked_at = utcnow() - timedelta(hours=1)
    browser.post(f"/accounts/{only().id}/probe")
    assert sim.asked("/oauth2/get_token_info") == 2


def test_an_account_without_an_authorisation_is_not_called_refused(
    app_on_simulator: Flask, people: People, sim: Sim
) -> None:
    browser = people.browser(people.admin)
    saved(browser, weibo_form(people, **{"credentials.access_token": "", "credentials.expires_at": ""}))
    probe(only().id, utcnow())
    due = only().probe_requested_at
    assert due is not None
    assert due > utcnow() + timedelta(hours=23)
    browser.post(f"/accounts/{only().id}/probe")
    page = sound(browser.get(f"/accounts/{only().id}"))
    assert "没有测试。这个账号还没有授权" in page
    assert "尚未授权" in page
    assert "须重新连接" not in page
    assert "须重新连接" not in sound(browser.get("/accounts"))
    assert sim.asked("/oauth2/get_token_info") == 0


def test_what_kept_posts_from_being_listed_is_not_said_after_it_was_mended(
    app_on_simulator: Flask, people: People, sim: Sim
) -> None:
    browser, now = people.browser(people.admin), utcnow()
    browser.post("/accounts/new", data=wechat_form(people))
    account = only()
    barred_by = NotEntitled("服务器的出口 IP 不在公众号的 IP 白名单中。")
    with atomic():
        account.history_at = now - timedelta(minutes=20)
    polling.record_history_failure(account.id, barred_by, now)
    assert "服务器的出口 IP" in sound(browser.get(f"/accounts/{account.id}"))
    assert not polling.history_due(only(), now)
    account = probe(account.id, now)
    assert (account.history_note, account.next_poll_at) == (LOOK_AGAIN, now)
    assert polling.history_due(account, now)
    page = sound(browser.get(f"/accounts/{account.id}"))
    assert "服务器的出口 IP" not in page
    assert "马上重新读取" in page
    # What the platform answered stands.
    with atomic():
        account.history_note, account.history_at = "只列出最近的内容。", now
    assert probe(account.id, now).history_note == "只列出最近的内容。"
    # After other settings it is looked at again, before anybody tested them.
    polling.record_history_failure(account.id, barred_by, now + timedelta(minutes=1))
    browser.post(f"/accounts/{account.id}", data={"credentials.app_secret": "another-secret-0123"})
    assert only().history_note == LOOK_AGAIN


def test_a_check_of_the_address_is_not_shown_as_a_push(app: Flask, people: People) -> None:
    browser, now = people.browser(people.admin), utcnow()
    browser.post("/accounts/new", data=wechat_form(people))
    account = only()
    with atomic():
        note_callback(account.id, now, None)
    for path in (f"/accounts/{account.id}", f"/accounts/{account.id}/connected"):
        page = sound(browser.get(path))
        assert "平台最近一次验证网址" in page
        assert "平台最近一次推送" not in page
    with atomic():
        note_callback(account.id, now, dict(WECHAT))
    assert "平台最近一次推送" in sound(browser.get(f"/accounts/{account.id}/connected"))


def test_forms_need_the_csrf_token(app: Flask, people: People) -> None:
    browser = people.browser(people.admin)
    app.config["WTF_CSRF_ENABLED"] = True
    assert browser.post("/accounts/new", data=wechat_form(people)).status_code == 400
    assert db.session.scalars(select(Account)).all() == []


def test_an_address_that_is_refused_without_being_told_is_about_the_list(
    app_on_simulator: Flask, people: People, sim: Sim
) -> None:
    browser = people.browser(people.admin)
    saved(browser, wechat_form(people))
    path = f"/accounts/{only().id}"
    sim.fault("refuse", path="stable_token", code=61004)
    browser.post(f"{path}/probe")
    account = only()
    assert (account.status, account.egress_ip, barred(account)) == ("refused", "", True)
    page = sound(browser.get(path))
    assert "未放行本服务器" in page
    assert "平台这次没有告知服务器的公网地址" in page
    assert "须重新连接" not in page
    # The API tells the four things of a right that it promises.
    told = app_on_simulator.test_client().get(f"/api/v1{path}/health", headers=people.bearer(people.admin)).get_json()
    assert [sorted(right) for right in told["rights"]] == [["detail", "key", "ok", "remedy"]]


def test_the_same_account_under_two_ids_is_noticed(app: Flask, people: People) -> None:
    browser = people.browser(people.admin)
    saved(browser, wechat_form(people))
    first = only()
    wizard = f"/accounts/{first.id}/connected"
    assert "用着同一个 AppID" not in sound(browser.get(wizard))
    browser.post("/accounts/new", data=wechat_form(people, external_id="gh_another", name="青岚发布二号"))
    assert "“青岚发布二号”用着同一个 AppID" in sound(browser.get(wizard))
    with atomic():
        db.session.execute(text("UPDATE accounts SET credentials = 'x' WHERE id <> :id"), {"id": first.id})
    assert "用着同一个 AppID" not in sound(browser.get(wizard))


def test_nobody_is_sent_to_test_what_cannot_be_asked_today(app_on_simulator: Flask, people: People, sim: Sim) -> None:
    browser = people.browser(people.admin)
    saved(browser, weibo_form(people))
    account = only()
    use_up_the_tests(account)
    browser.post(f"/accounts/{account.id}/probe")
    account = only()
    assert account.status == "unknown"
    assert account.probe_requested_at is not None
    assert account.probe_requested_at > utcnow()
    page = sound(browser.get(f"/accounts/{account.id}"))
    assert "系统在额度恢复后" in page
    assert "上次没有测完" not in page


def test_an_account_whose_secrets_no_key_opens_is_shown_and_put_right(
    app_on_simulator: Flask, people: People, sim: Sim
) -> None:
    browser = people.browser(people.admin)
    saved(browser, weibo_form(people))
    path = f"/accounts/{only().id}"
    with atomic():
        db.session.execute(text("UPDATE accounts SET credentials = 'x'"))
    page = sound(browser.get(path))
    assert "凭据打不开" in page
    assert "尚未授权" not in page
    browser.post(f"{path}/probe")
    account = only()
    assert "没有联系平台" in account.probe_note
    assert account.probe_requested_at is not None
    assert account.probe_requested_at - utcnow() <= timedelta(minutes=30)
    browser.post(f"{path}/deactivation")
    assert (only().active, only().sealed) == (False, True), "what nobody typed anew stays as it is"
    assert browser.post(path, data={"part": "settings", "name": "改名", "mode": "share"}).status_code == 302
    given = {f"credentials.{key}": value for key, value in WEIBO.items() if key != "expires_at"}
    assert browser.post(path, data=given).status_code == 302
    assert (only().name, only().sealed, only().credentials["access_token"]) == ("改名", False, WEIBO["access_token"])
