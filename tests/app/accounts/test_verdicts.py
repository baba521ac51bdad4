"""What an account's rights come to: probes that could not ask all, pushes that came or were refused, tokens of one day."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask

from app.accounts import advice, connections, verdicts
from app.accounts.ledger import Ledger
from app.accounts.models import Account
from app.accounts.services import probe, remaining, update_account
from app.db import atomic, db, utcnow
from app.notices.dying import warn_of
from app.notices.models import Notice
from connectors.errors import NotEntitled
from connectors.values import Right
from tests.app.accounts.kit import UID, WEIBO, Office, Sim, connect_wechat, connect_weibo
from tests.app.callbacks import post


def right(account: Account, key: str) -> dict[str, object]:
    return next(each for each in account.rights if each["key"] == key)


def test_a_budget_that_is_too_small_for_a_probe_leaves_the_verdict(
    app_on_simulator: Flask, sim: Sim, office: Office
) -> None:
    sim.call("PUT", f"/_sim/accounts/weibo/{UID}", {"denied": ["comments/to_me"]})
    account = probe(connect_weibo(office).id, utcnow())
    assert account.status == "limited"
    meter = Ledger(account.id, purpose="history", clock=utcnow, quotas=connections.quotas_of(account))
    for _call in range(3):
        meter.spend("statuses/user_timeline")
    assert remaining(account, "history", utcnow()) == 4
    asked = sim.asked("/oauth2/get_token_info")
    account = probe(account.id, utcnow())
    assert account.status == "limited"
    assert sim.asked("/oauth2/get_token_info") == asked
    assert account.probe_requested_at is not None


def test_what_could_not_be_asked_keeps_its_earlier_verdict() -> None:
    before = [
        {"key": "token", "ok": True, "detail": "授权有效。", "remedy": ""},
        {"key": "comments", "ok": False, "detail": "缺少权限。", "remedy": "请申请。"},
    ]
    found = [Right(key="token", ok=True), Right(key="comments", ok=None, detail="额度已用完。", asked=False)]
    assert verdicts.merged(before, found)[1] == before[1]
    assert verdicts.merged([], found)[1]["ok"] is None
    # Without a word about the token nothing was asked at all.
    assert verdicts.merged(before, [Right(key="token", ok=None, asked=False)]) == before
    assert verdicts.merged(before, [Right(key="token", ok=None, detail="等管理员确认")])[1:] == before[1:]


def test_what_use_has_shown_no_probe_puts_in_question(app: Flask, office: Office) -> None:
    account = connect_wechat(office)
    with atomic():
        account.rights = [verdicts.row(Right(key=key, ok=None)) for key in ("token", "publish", "mass")]
    with atomic():
        verdicts.note_use(account, "publish")
    assert [right["ok"] for right in account.rights] == [None, True, None]
    found = [Right(key="token", ok=True), Right(key="publish", ok=None, detail="首次发布时验证")]
    assert verdicts.merged(account.rights, found)[1]["detail"] == "用它成功发布过。"
    refused = [Right(key="token", ok=True), Right(key="publish", ok=False, detail="没有权限")]
    assert verdicts.merged(account.rights, refused)[1]["ok"] is False


def test_what_the_platform_denies_later_is_green_no_longer(app: Flask, office: Office, now: datetime) -> None:
    account = connect_wechat(office)
    with atomic():
        account.rights = [verdicts.row(Right(key=key, ok=None)) for key in ("token", "publish")]
        account.probe_requested_at = None
    with atomic():
        verdicts.note_use(account, "publish")
    denied = NotEntitled("公众号没有这个接口的权限。", code="48001")
    verdicts.note_denied(account.id, "mass", denied, now)
    assert db.session.get_one(Account, account.id, populate_existing=True).probe_requested_at is None
    verdicts.note_denied(account.id, "publish", denied, now)
    account = db.session.get_one(Account, account.id, populate_existing=True)
    assert (right(account, "publish")["ok"], right(account, "publish")["detail"]) == (
        None,
        "公众号没有这个接口的权限。",
    )
    assert account.probe_requested_at == now
    # Another success shows it again.
    with atomic():
        verdicts.note_use(account, "publish")
    assert right(account, "publish")["ok"] is True


def test_a_quota_that_runs_out_midway_turns_no_missing_right_into_a_good_account(
    app_on_simulator: Flask, sim: Sim, office: Office
) -> None:
    sim.call("PUT", f"/_sim/accounts/weibo/{UID}", {"denied": ["comments/to_me"]})
    account = probe(connect_weibo(office).id, utcnow())
    sim.fault("exhaust_quota", path="comments/to_me", times=-1)
    account = probe(account.id, utcnow())
    assert (account.status, right(account, "comments")["ok"]) == ("limited", False)


def push(app: Flask, account: Account, letter: post.Letter) -> int:
    path = f"/callbacks/{account.platform}/{account.callback_key}{letter.tail}"
    answer = app.test_client().post(path, data=letter.body)
    db.session.rollback()
    return answer.status_code


def test_a_wrong_secret_shows_by_the_pushes_it_refuses(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    wrong, many = {**WEIBO, "app_secret": "wrong-secret"}, {"quotas": {"daily_calls": 1000}}
    account = probe(connect_weibo(office, credentials=wrong, settings=many).id, utcnow())
    assert right(account, "callback")["ok"] is None
    assert push(app_on_simulator, account, post.weibo()) == 403
    account = db.session.get_one(Account, account.id)
    callback = right(account, "callback")
    assert callback["ok"] is False
    assert "签名" in str(callback["detail"])
    assert "App Secret" in str(callback["remedy"])
    assert account.status == "limited"
    assert advice.next_step(account, utcnow()).act == "credentials"
    # The next probe says the same; corrected, it is open again, and the first good push proves it.
    assert right(probe(account.id, utcnow()), "callback")["ok"] is False
    update_account(office.admin, account.id, credentials={"app_secret": WEIBO["app_secret"]}, now=utcnow())
    account = probe(account.id, utcnow())
    assert right(account, "callback")["ok"] is None
    assert push(app_on_simulator, account, post.weibo()) == 200
    account = probe(account.id, utcnow())
    assert (right(account, "callback")["ok"], account.status) == (True, "ok")


def test_a_good_push_after_a_refused_one_clears_it_at_once(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    account = probe(connect_weibo(office).id, utcnow())
    assert push(app_on_simulator, account, post.weibo(signature="0" * 40)) == 403
    assert right(db.session.get_one(Account, account.id), "callback")["ok"] is False
    assert push(app_on_simulator, account, post.weibo()) == 200
    account = db.session.get_one(Account, account.id)
    assert (right(account, "callback")["ok"], account.status) == (True, "ok")


def test_a_refused_signature_goes_before_wechats_own_test(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    account = probe(connect_wechat(office).id, utcnow())
    tested = right(account, "callback")
    assert push(app_on_simulator, account, post.wechat(msg_signature="0" * 40)) == 403
    account = db.session.get_one(Account, account.id)
    assert right(account, "callback")["ok"] is False
    assert right(account, "callback") != tested


def test_a_mistyped_end_in_the_past_is_corrected(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    wrong = {**WEIBO, "expires_at": "2025-01-01T00:00:00+08:00"}
    account = probe(connect_weibo(office, credentials=wrong).id, utcnow())
    assert account.status == "ok"
    assert account.token_expires_at is not None
    assert account.token_expires_at > utcnow()


def test_a_token_of_one_day_is_not_called_dying_at_once(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    now = utcnow()
    ends = (now + timedelta(days=1)).isoformat()
    sim.call("PUT", f"/_sim/accounts/weibo/{UID}", {"audited": False, "tester": True, "expires_at": ends})
    account = probe(connect_weibo(office, credentials={**WEIBO, "expires_at": ends}).id, now)
    assert advice.next_step(account, now).act != "authorize"
    assert advice.expiry_colour(account, now) == "green"
    warn_of(account.id, now)
    assert db.session.query(Notice).count() == 0
    evening = now + timedelta(hours=20)
    assert advice.next_step(account, evening).act == "authorize"
    assert advice.expiry_colour(account, evening) == "amber"
    warn_of(account.id, evening)
    assert db.session.query(Notice).count() == 1


def test_another_mode_looks_anew_and_new_credentials_forget_refusals(app: Flask, office: Office) -> None:
    account = connect_weibo(office)
    with atomic():
        db.session.get_one(Account, account.id).poll_cursor = {"since_id": "9", "denied:comments/to_me": "2026"}
    account = update_account(office.admin, account.id, credentials={"access_token": "2.00Other"}, now=utcnow())
    assert account.poll_cursor == {"since_id": "9"}
    account = update_account(office.admin, account.id, mode="business", now=utcnow())
    assert account.poll_cursor == {}
