"""What an account's rights come to: probes that could not ask all, pushes that came or were refused, tokens of one day."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.accounts import advice, connections, verdicts
from app.accounts.callbacks import note_callback
from app.accounts.ledger import Ledger
from app.accounts.models import Account
from app.accounts.services import probe, remaining, update_account
from app.db import atomic, db, utcnow
from app.notices.dying import warn_of
from app.notices.models import Notice
from connectors.errors import NotEntitled
from connectors.values import Right
from tests.app.accounts.kit import UID, WECHAT, WEIBO, Office, Sim, connect_wechat, connect_weibo
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


def test_what_use_has_shown_outlives_a_refused_token(app: Flask, office: Office) -> None:
    account = connect_wechat(office)
    fine = [
        Right(key="token", ok=True),
        Right(key="draft", ok=True),
        Right(key="publish", ok=None, detail="首次发布时验证"),
    ]
    with atomic():
        account.rights = [verdicts.row(each) for each in fine]
        verdicts.note_use(account, "publish")
    frozen = Right(key="token", ok=False, detail="AppSecret 已被冻结。")
    refused = verdicts.merged(account.rights, [frozen])
    assert [(each["key"], each["ok"]) for each in refused] == [("token", False), ("draft", None), ("publish", None)]
    assert verdicts.status_of(refused) == "refused"
    # Refused again, or not reached: it stays so.
    refused = verdicts.merged(verdicts.merged(refused, [frozen]), [Right(key="token", ok=None, asked=False)])
    well = verdicts.merged(refused, fine)
    assert [(each["ok"], each["detail"]) for each in well][2] == (True, "用它成功发布过。")


def test_what_the_platform_denies_later_is_green_no_longer(app: Flask, office: Office, now: datetime) -> None:
    account = connect_wechat(office)
    with atomic():
        account.rights = [verdicts.row(Right(key=key, ok=None)) for key in ("token", "publish")]
        account.probe_requested_at = None
    with atomic():
        verdicts.note_use(account, "publish")
    denied = NotEntitled("公众号没有这个接口的权限。", code="48001")
    denied.whole = True
    verdicts.note_denied(account.id, "publish", denied, now)
    assert right(db.session.get_one(Account, account.id, populate_existing=True), "publish")["ok"] is True
    denied = NotEntitled("公众号没有这个接口的权限。", code="48001")
    verdicts.note_denied(account.id, "", denied, now)
    account = db.session.get_one(Account, account.id, populate_existing=True)
    assert (right(account, "publish")["ok"], account.probe_requested_at) == (True, now)
    verdicts.note_denied(account.id, "publish", denied, now)
    account = db.session.get_one(Account, account.id, populate_existing=True)
    assert (right(account, "publish")["ok"], right(account, "publish")["detail"]) == (
        False,
        "公众号没有这个接口的权限。",
    )
    # Another success shows it again.
    with atomic():
        verdicts.note_use(account, "publish")
    assert right(account, "publish")["ok"] is True


def test_the_first_publication_may_answer_no(app: Flask, office: Office, now: datetime) -> None:
    """What the test can only call 首次发布时验证 stood so for ever."""
    account = connect_weibo(office)
    with atomic():
        first = [Right(key="token", ok=True), Right(key="publish", ok=None), Right(key="safe_domain", ok=None)]
        account.rights = [verdicts.row(each) for each in first]
        account.checked_at = now
        verdicts.judge(account)
        assert account.status == "ok"
    denied = NotEntitled("应用没有设置或未通过安全域名。", remedy="请设置。", who="系统管理员", code="10017")
    denied.right = "safe_domain"
    verdicts.note_denied(account.id, "publish", denied, now)
    account = db.session.get_one(Account, account.id, populate_existing=True)
    shown = right(account, "safe_domain")
    assert (shown["ok"], shown["detail"], shown["who"]) == (False, "应用没有设置或未通过安全域名。", "系统管理员")
    assert (right(account, "publish")["ok"], account.status) == (None, "limited")
    # No test can try it: it stays denied, until use or other settings show better.
    assert verdicts.merged(account.rights, first)[2]["ok"] is False
    with atomic():
        for key in advice.rights_by("statuses/share"):
            verdicts.note_use(account, key)
    account = db.session.get_one(Account, account.id, populate_existing=True)
    assert (right(account, "safe_domain")["ok"], right(account, "publish")["ok"], account.status) == (True, True, "ok")
    verdicts.note_denied(account.id, "publish", NotEntitled("没有权限。", remedy="请申请。"), now)
    account = db.session.get_one(Account, account.id, populate_existing=True)
    assert (account.status, advice.missing_right(account)) == ("limited", "publish")
    assert "再发布一次" in advice.next_step(account, now).text
    update_account(office.admin, account.id, settings={"article": True}, now=now)
    account = db.session.get_one(Account, account.id)
    assert verdicts.merged(account.rights, first)[1]["ok"] is None


def test_a_denial_before_the_first_test_is_not_lost(
    app_on_simulator: Flask, sim: Sim, office: Office, now: datetime
) -> None:
    account = connect_weibo(office)
    assert account.rights == []
    denied = NotEntitled("应用没有设置或未通过安全域名。", remedy="请设置。", who="系统管理员", code="10017")
    denied.right = "safe_domain"
    verdicts.note_denied(account.id, "publish", denied, now)
    account = db.session.get_one(Account, account.id, populate_existing=True)
    assert advice.next_step(account, now).act == "probe"
    account = probe(account.id, utcnow())
    assert right(account, "token")["ok"] is True
    assert right(account, "safe_domain")["ok"] is False


def test_a_quota_that_runs_out_midway_turns_no_missing_right_into_a_good_account(
    app_on_simulator: Flask, sim: Sim, office: Office
) -> None:
    sim.call("PUT", f"/_sim/accounts/weibo/{UID}", {"denied": ["comments/to_me"]})
    account = probe(connect_weibo(office).id, utcnow())
    sim.fault("exhaust_quota", path="comments/to_me", times=-1)
    account = probe(account.id, utcnow())
    assert (account.status, right(account, "comments")["ok"]) == ("limited", False)


def test_a_list_that_a_test_found_open_is_read_again(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    account = connect_weibo(office)
    sim.call("PUT", f"/_sim/accounts/weibo/{UID}", {"denied": ["statuses/mentions"]})
    closed = {"denied:comments/to_me": "2026-01-01", "denied:statuses/mentions": "2026-01-01", "since_id": "9"}
    with atomic():
        account.poll_cursor = closed
    account = probe(account.id, utcnow())
    assert account.poll_cursor == {"denied:statuses/mentions": "2026-01-01", "since_id": "9"}


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


def looked_up(app: Flask, account: Account, letter: post.Letter, method: str = "GET") -> int:
    """The platform (or anybody) asks for the address."""
    path = f"/callbacks/{account.platform}/{account.callback_key}{letter.tail}"
    answer = app.test_client().open(path, method=method)
    db.session.rollback()
    return answer.status_code


def test_a_check_of_wechats_address_says_nothing_of_the_key(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    account = probe(connect_wechat(office).id, utcnow())
    assert looked_up(app_on_simulator, account, post.wechat(echostr="1")) == 200
    account = db.session.get_one(Account, account.id)
    assert (right(account, "callback")["ok"], account.callback_proven_at) == (None, None)
    assert "密钥" in str(right(account, "callback")["detail"])
    assert "发一条私信" in advice.next_step(account, utcnow()).text
    assert right(probe(account.id, utcnow()), "callback")["ok"] is None
    assert push(app_on_simulator, account, post.wechat()) == 200
    account = db.session.get_one(Account, account.id)
    assert right(account, "callback")["ok"] is True
    assert "发一条私信" not in advice.next_step(account, utcnow()).text


@pytest.mark.parametrize("platform", ["weibo", "wechat"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_who_opens_the_address_in_a_browser_says_nothing_of_the_keys(
    app: Flask, office: Office, platform: str, method: str
) -> None:
    connect, letter = (connect_weibo, post.weibo()) if platform == "weibo" else (connect_wechat, post.wechat())
    account = connect(office)
    assert looked_up(app, account, post.Letter(query={}, body=b""), method) == {"GET": 403, "HEAD": 405}[method]
    assert db.session.get_one(Account, account.id).callback_refused_at is None
    # A check that is signed with another key is the platform's, and tells of it.
    forged = post.Letter(query={**letter.query, "signature": "0" * 40, "echostr": "1"}, body=b"")
    assert looked_up(app, account, forged) == 403
    assert db.session.get_one(Account, account.id).callback_refused_at is not None


def test_weibos_check_is_signed_with_all_there_is(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    account = probe(connect_weibo(office).id, utcnow())
    assert looked_up(app_on_simulator, account, post.weibo(b"", echostr="1")) == 200
    assert right(db.session.get_one(Account, account.id), "callback")["ok"] is True


def test_pushes_that_the_key_does_not_open_are_told(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    """Rightly signed, they were dropped without a word."""
    wrong = {**WECHAT, "encoding_aes_key": "Z" * 42 + "E"}
    account = probe(connect_wechat(office, credentials=wrong).id, utcnow())
    assert push(app_on_simulator, account, post.wechat()) == 400
    account = db.session.get_one(Account, account.id)
    shown = right(account, "callback")
    assert (shown["ok"], account.status) == (False, "limited")
    assert "EncodingAESKey" in str(shown["remedy"])
    # That the address is checked again proves nothing, but what was refused may be well by now.
    assert looked_up(app_on_simulator, account, post.wechat(echostr="1")) == 200
    assert right(db.session.get_one(Account, account.id), "callback")["ok"] is None
    assert push(app_on_simulator, account, post.wechat()) == 400
    assert right(db.session.get_one(Account, account.id), "callback")["ok"] is False
    update_account(office.admin, account.id, credentials=dict(WECHAT), now=utcnow())
    account = probe(account.id, utcnow())
    assert right(account, "callback")["ok"] is None
    assert push(app_on_simulator, account, post.wechat()) == 200
    assert right(db.session.get_one(Account, account.id), "callback")["ok"] is True


def test_lost_messages_are_told_once_until_pushes_are_taken_again(
    app: Flask, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who does not open the account's page learned of them by nothing."""
    wrong, first = {**WECHAT, "encoding_aes_key": "Z" * 42 + "E"}, utcnow()
    account = connect_wechat(office, credentials=wrong)
    for minutes in (0, 2, 70):
        monkeypatch.setattr("app.callbacks.views.utcnow", lambda minutes=minutes: first + timedelta(minutes=minutes))
        assert push(app, account, post.wechat()) == 400
    notice = db.session.query(Notice).one()
    assert (notice.level, notice.kind, notice.path) == ("alarm", "account", f"/accounts/{account.id}")
    assert "EncodingAESKey" in notice.body
    assert "处理人：系统管理员" in notice.body
    update_account(office.admin, account.id, credentials=dict(WECHAT), now=utcnow())
    assert push(app, account, post.wechat()) == 200
    assert db.session.query(Notice).count() == 1
    # What is refused later is another loss.
    assert push(app, account, post.wechat(msg_signature="0" * 40)) == 403
    assert db.session.query(Notice).count() == 2


@pytest.mark.parametrize(
    ("platform", "key", "value"),
    [
        ("wechat", "encoding_aes_key", "Z" * 42 + "E"),
        ("wechat", "token", "another"),
        ("weibo", "app_secret", "another"),
    ],
)
def test_old_pushes_prove_no_new_keys(
    app_on_simulator: Flask, sim: Sim, office: Office, platform: str, key: str, value: str
) -> None:
    connect, letter = (connect_weibo, post.weibo()) if platform == "weibo" else (connect_wechat, post.wechat())
    account = connect(office)
    assert push(app_on_simulator, account, letter) == 200
    with atomic():
        account = db.session.get_one(Account, account.id)
        account.rights = [verdicts.row(Right(key="token", ok=True))]
        verdicts.judge(account)
    assert right(account, "callback")["ok"] is True
    verified_with = dict(account.known)
    update_account(office.admin, account.id, credentials={key: value}, now=utcnow())
    with atomic():
        account.rights = [verdicts.row(Right(key="token", ok=True))]
        verdicts.judge(account)
    assert right(account, "callback")["ok"] is None
    # Nor does one that was still known by the old keys.
    with atomic():
        note_callback(account.id, utcnow(), verified_with)
    assert right(db.session.get_one(Account, account.id), "callback")["ok"] is None


def test_authorising_again_leaves_a_refusal_of_the_secret(app_on_simulator: Flask, sim: Sim, office: Office) -> None:
    many = {"quotas": {"daily_calls": 1000}}
    account = probe(connect_weibo(office, settings=many).id, utcnow())
    assert push(app_on_simulator, account, post.weibo(signature="0" * 40)) == 403
    update_account(office.admin, account.id, credentials={"expires_at": "2098-01-01T00:00:00+08:00"}, now=utcnow())
    assert right(probe(account.id, utcnow()), "callback")["ok"] is False
    update_account(office.admin, account.id, credentials={"app_secret": "another-secret"}, now=utcnow())
    assert right(probe(account.id, utcnow()), "callback")["ok"] is None


def test_pushes_in_clear_prove_no_key(app: Flask, office: Office) -> None:
    account = connect_wechat(office, settings={"callback_mode": "plain"})
    with atomic():
        note_callback(account.id, utcnow(), dict(WECHAT))
        account.rights = [verdicts.row(Right(key="token", ok=True))]
        verdicts.judge(account)
    assert right(account, "callback")["ok"] is True
    update_account(office.admin, account.id, settings={"callback_mode": "safe"}, now=utcnow())
    assert right(account, "callback")["ok"] is None


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
