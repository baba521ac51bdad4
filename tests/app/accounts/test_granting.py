"""用微博账号授权: out to the platform, back with a code that works once; and the authorisation that is taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import advice, callbacks, granting
from app.accounts.models import Account
from app.accounts.services import create_account, note_answered, probe, update_account
from app.audit.models import Event
from app.db import atomic, db, utcnow
from app.errors import Conflict, Forbidden
from app.notices.models import Notice
from app.units.access import actor_for
from scheduler import poller
from tests.app.accounts.kit import UID, WEIBO, Office, Sim, connect_wechat, connect_weibo, use_up_the_tests
from tests.app.accounts.people import People
from tests.app.accounts.test_pages import sound, weibo_form
from tests.app.publishing.kit import Clockwork

OTHER = "2488518855"


def only() -> Account:
    db.session.rollback()
    return db.session.scalars(select(Account)).one()


def agree(address: str, *, uid: str = UID, action: str = "submit") -> str:
    """The person at the platform: the path and query that they come back to us with."""
    shown = requests.get(address, headers={"Accept": "text/html"}, timeout=10)
    assert shown.status_code == 200, shown.text
    fields = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    base = address.split("?")[0]
    back = requests.post(base, data={**fields, "uid": uid, "action": action}, allow_redirects=False, timeout=10)
    assert back.status_code == 302, back.text
    parts = urlsplit(back.headers["Location"])
    assert back.headers["Location"].startswith(granting.redirect_uri())
    return f"{parts.path}?{parts.query}"


def out(browser: FlaskClient, account: Account, tail: str = "") -> str:
    answer = browser.get(f"/accounts/{account.id}/authorize{tail}")
    assert answer.status_code == 302
    return answer.headers["Location"]


def code_and_state(path: str) -> tuple[str, str]:
    query = parse_qs(urlsplit(path).query)
    return query["code"][0], query["state"][0]


def test_an_account_is_connected_without_ever_seeing_a_token(app_on_simulator: Flask, people: People, sim: Sim) -> None:
    browser = people.browser(people.admin)
    form = {**weibo_form(people), "credentials.access_token": "", "credentials.expires_at": ""}
    saved = browser.post("/accounts/new", data=form)
    account = only()
    page = sound(browser.get(saved.headers["Location"]))
    assert "用微博账号授权" in page
    assert f'value="{granting.redirect_uri()}"' in page
    assert f"/callbacks/weibo/{account.callback_key}/revocation" in page
    address = out(browser, account)
    assert address.startswith(f"{sim.url}/oauth2/authorize?client_id={WEIBO['app_key']}")
    answer = browser.get(agree(address))
    assert answer.headers["Location"].endswith("/connected")
    page = sound(browser.get(answer.headers["Location"]))
    assert "授权成功" in page
    account = only()
    assert account.status in ("ok", "limited")
    assert account.credentials["access_token"].startswith("2.00")
    assert account.token_expires_at is not None
    assert timedelta(days=29) < account.token_expires_at - utcnow() < timedelta(days=31)
    assert account.credentials["access_token"] not in page
    events = db.session.scalars(select(Event.action)).all()
    assert "account.authorize" in events
    assert sim.asked("/oauth2/access_token") == 1


@pytest.fixture
def account(app_on_simulator: Flask, people: People, sim: Sim) -> Account:
    """Connected already, by a pasted token."""
    return create_account(
        actor_for(people.admin),
        unit_id=people.city.id,
        platform="weibo",
        name="青岚发布",
        external_id=UID,
        environment="simulator",
        mode="share",
        credentials=dict(WEIBO),
        now=utcnow(),
    )


def test_authorising_again_is_one_click_from_the_alert(account: Account, people: People) -> None:
    browser = people.browser(people.admin)
    short = browser.get(f"/accounts/{account.id}/connect")
    assert short.headers["Location"].endswith(f"/accounts/{account.id}/authorize")
    browser.get(agree(out(browser, account)))
    assert only().credentials["access_token"] != WEIBO["access_token"]


def test_a_wrong_setting_does_not_cost_the_token(account: Account, people: People) -> None:
    """Set in other times or by other means: it is told when the settings are saved, not now that the code is spent."""
    with atomic():
        db.session.get_one(Account, account.id).settings = {"article_cover": "http://old.example/x.jpg"}
    browser = people.browser(people.admin)
    answer = browser.get(agree(out(browser, account)))
    assert answer.status_code == 302
    assert only().credentials["access_token"] != WEIBO["access_token"]
    assert only().settings == {"article_cover": "http://old.example/x.jpg"}


def test_a_code_works_once_and_is_never_tried_again(account: Account, people: People, sim: Sim) -> None:
    browser = people.browser(people.admin)
    path = agree(out(browser, account))
    browser.get(path)
    granted = only().credentials["access_token"]
    # It is no push of the platform, and not shown as one.
    assert callbacks.recent(account.id) == []
    # Pressed twice, or the page reloaded: nothing is asked, nothing changes.
    page = sound(browser.get(browser.get(path).headers["Location"]))
    assert "同一个授权码只能用一次" in page
    assert only().credentials["access_token"] == granted
    assert sim.asked("/oauth2/access_token") == 1
    # A fresh state with the used code: the platform refuses it (21325), and so do we.
    code, _state = code_and_state(path)
    _code, fresh = code_and_state(agree(out(browser, account)))
    page = sound(browser.get(browser.get(f"/accounts/authorization?code={code}&state={fresh}").headers["Location"]))
    assert "从头重新授权" in page
    assert only().credentials["access_token"] == granted


def test_a_lost_answer_is_not_asked_for_again(account: Account, people: People, sim: Sim) -> None:
    browser = people.browser(people.admin)
    path = agree(out(browser, account))
    sim.fault("drop_answer", platform="weibo", path="oauth2/access_token", times=1)
    page = sound(browser.get(browser.get(path).headers["Location"]))
    assert "这次的授权码已作废" in page
    assert only().credentials["access_token"] == WEIBO["access_token"]
    assert sim.asked("/oauth2/access_token") == 1


def test_another_accounts_grant_is_refused_and_the_old_one_stays(account: Account, people: People, sim: Sim) -> None:
    sim.call("PUT", f"/_sim/accounts/weibo/{OTHER}", {**WEIBO, "name": "个人号", "access_token": "2.00Other"})
    browser = people.browser(people.admin)
    address = out(browser, account, "?switch=1")
    assert "forcelogin=true" in address
    page = sound(browser.get(browser.get(agree(address, uid=OTHER)).headers["Location"]))
    assert OTHER in page
    assert "不是本账号" in page
    assert "换一个微博账号登录" in page
    assert only().credentials["access_token"] == WEIBO["access_token"]


def test_who_presses_cancel_changes_nothing(account: Account, people: People, sim: Sim) -> None:
    browser = people.browser(people.admin)
    page = sound(browser.get(browser.get(agree(out(browser, account), action="cancel")).headers["Location"]))
    assert "没有点“同意”" in page
    assert sim.asked("/oauth2/access_token") == 0


def test_a_wrong_secret_says_what_to_look_at(account: Account, people: People) -> None:
    update_account(actor_for(people.admin), account.id, credentials={"app_secret": "wrong-secret"}, now=utcnow())
    browser = people.browser(people.admin)
    page = sound(browser.get(browser.get(agree(out(browser, account))).headers["Location"]))
    assert "app_secret" in page
    assert "wrong-secret" not in page


def test_a_wrong_secret_stays_the_next_step_until_it_is_put_right(
    app_on_simulator: Flask, people: People, sim: Sim
) -> None:
    """A line that is gone with the next page was all that told of it."""
    browser = people.browser(people.admin)
    nothing = {"credentials.access_token": "", "credentials.expires_at": "", "credentials.app_secret": "wrong-secret"}
    browser.post("/accounts/new", data={**weibo_form(people), **nothing})
    account = only()
    browser.get(browser.get(agree(out(browser, account))).headers["Location"])
    for path in (f"/accounts/{account.id}", f"/accounts/{account.id}/connected"):
        page = sound(browser.get(path))
        assert "微博不认所填的 App Key 或 App Secret" in page
        assert "#credentials" in page
    account = update_account(
        actor_for(people.admin), account.id, credentials={"app_secret": WEIBO["app_secret"]}, now=utcnow()
    )
    assert advice.next_step(account, utcnow()).act == "authorize"
    browser.get(agree(out(browser, account)))
    assert advice.next_step(only(), utcnow()).act not in ("credentials", "authorize")


# Whose state it is


def _state(account: Account, people: People) -> str:
    address = granting.begin(actor_for(people.admin), account.id, utcnow())
    return parse_qs(urlsplit(address).query)["state"][0]


@pytest.mark.parametrize("spoil", ["", "x", "no.such", "é.é"])
def test_a_state_that_we_did_not_make_is_refused(account: Account, people: People, sim: Sim, spoil: str) -> None:
    browser = people.browser(people.admin)
    answer = browser.get("/accounts/authorization", query_string={"code": "c", "state": spoil})
    assert answer.status_code == 403
    assert sim.asked("/oauth2/access_token") == 0


def test_a_changed_state_is_refused(account: Account, people: People) -> None:
    body, _, signature = _state(account, people).partition(".")
    flipped = body[:-2] + ("A" if body[-2] != "A" else "B") + body[-1]
    other = "0" if signature[-1] != "0" else "1"
    for wrong in (f"{flipped}.{signature}", f"{body}.{signature[:-1]}{other}", f"{body}."):
        with pytest.raises(Forbidden):
            granting.finish(actor_for(people.admin), state=wrong, code="c", now=utcnow())


def test_a_state_belongs_to_one_person_and_ten_minutes(account: Account, people: People) -> None:
    state = _state(account, people)
    with pytest.raises(Forbidden, match="不是发给您的"):
        granting.finish(actor_for(people.stranger), state=state, code="c", now=utcnow())
    with pytest.raises(Forbidden, match="十分钟"):
        granting.finish(actor_for(people.admin), state=state, code="c", now=utcnow() + timedelta(minutes=11))


def test_only_who_manages_the_account_may_go(account: Account, people: People) -> None:
    assert people.browser(people.author).get(f"/accounts/{account.id}/authorize").status_code == 403
    assert people.browser(people.stranger).get(f"/accounts/{account.id}/authorize").status_code in (403, 404)
    nobody = people.app.test_client().get(f"/accounts/authorization?code=c&state={_state(account, people)}")
    assert nobody.status_code == 302
    assert "/sign-in" in nobody.headers["Location"]


def test_wechat_is_not_connected_this_way(app: Flask, office: Office) -> None:
    with pytest.raises(Conflict):
        granting.begin(office.admin, connect_wechat(office).id, utcnow())


def test_a_live_account_goes_to_weibo_itself(app: Flask, office: Office) -> None:
    account = connect_weibo(office, environment="live")
    address = granting.begin(office.admin, account.id, utcnow())
    assert address.startswith("https://api.weibo.com/oauth2/authorize?client_id=")
    assert WEIBO["app_secret"] not in address


def test_the_api_gives_the_address_and_what_must_be_registered(account: Account, people: People) -> None:
    client = people.app.test_client()
    told = client.post(f"/api/v1/accounts/{account.id}/authorization", headers=people.bearer(people.admin))
    assert told.status_code == 201
    given = told.get_json()
    assert given["redirect_uri"] == granting.redirect_uri()
    assert given["revocation_url"].endswith("/revocation")
    people.browser(people.admin).get(agree(given["url"]))
    assert only().credentials["access_token"] != WEIBO["access_token"]
    refused = client.post(f"/api/v1/accounts/{account.id}/authorization", headers=people.bearer(people.author))
    assert refused.status_code == 403


# Taken back


def _told(app: Flask, account: Account, **more: Any) -> int:
    given = {"source": WEIBO["app_key"], "uid": UID, "auth_end": "1780000000", "verification": "?"}
    path = f"/callbacks/weibo/{account.callback_key}/revocation"
    return app.test_client().get(path, query_string={**given, **more}).status_code


@pytest.mark.parametrize(
    "wrong", [{"source": "999"}, {"uid": OTHER}, {"source": ""}, {"uid": ""}, {"source": "", "client_id": "1"}]
)
def test_a_revocation_of_another_app_or_account_is_refused(app: Flask, office: Office, wrong: dict[str, str]) -> None:
    account = probe_done(connect_weibo(office))
    assert _told(app, account, **wrong) == 403
    assert only().probe_requested_at is None


def probe_done(account: Account) -> Account:
    probe(account.id, utcnow() - timedelta(hours=1))
    with atomic():
        # Where no platform runs it could not be asked, and is due again.
        only().probe_requested_at = None
    return only()


def test_it_may_come_by_post_and_by_either_name(app: Flask, office: Office) -> None:
    account = probe_done(connect_weibo(office))
    body = {"client_id": WEIBO["app_key"], "uid": UID}
    path = f"/callbacks/weibo/{account.callback_key}/revocation"
    assert app.test_client().post(path, data=body).status_code == 200
    assert only().probe_requested_at is not None
    assert app.test_client().post(path, data=b"x" * 2_000_000).status_code == 413


def test_a_hint_alone_revokes_nothing_and_cannot_waste_the_day(
    app_on_simulator: Flask, office: Office, sim: Sim
) -> None:
    account = probe_done(connect_weibo(office))
    for _ in range(5):
        assert _told(app_on_simulator, account) == 200
    clock = Clockwork.make()
    clock.aside(lambda: poller.tick(clock.runtime, clock.runtime.clock()))
    assert only().status in ("ok", "limited")
    assert _told(app_on_simulator, account) == 200
    soon = only().probe_requested_at
    assert soon is not None
    assert soon > utcnow() + timedelta(minutes=9), "not again within ten minutes"


def test_a_revocation_is_found_on_a_day_without_calls_for_tests(
    app_on_simulator: Flask, office: Office, sim: Sim
) -> None:
    account = probe_done(connect_weibo(office))
    use_up_the_tests(account)
    with atomic():
        only().next_poll_at = utcnow() + timedelta(hours=1)
    sim.call("POST", "/_sim/revocations", {"external_id": UID})
    assert _told(app_on_simulator, account) == 200
    told = only()
    assert advice.status_of(told)[2] == "据报已取消授权"
    assert advice.next_step(told, utcnow()).act == "authorize", "at once, before anybody was asked"
    names = {right["key"] for right in told.rights}
    clock = Clockwork.make()
    clock.aside(lambda: poller.tick(clock.runtime, clock.runtime.clock()))
    found = only()
    assert found.status == "refused"
    assert advice.next_step(found, utcnow()).act == "authorize"
    rows = {right["key"]: right for right in found.rights}
    assert rows.keys() == names - {"expiry"}, "each right is still named"
    assert rows["comments"]["ok"] is None
    assert "恢复" in rows["comments"]["detail"]


def test_an_answered_look_ends_the_doubt(app_on_simulator: Flask, office: Office, sim: Sim) -> None:
    account = probe_done(connect_weibo(office))
    before = only().rights
    use_up_the_tests(account)
    assert _told(app_on_simulator, account) == 200
    assert only().status == "unknown"
    note_answered(account.id, utcnow() - timedelta(minutes=1))
    assert only().status == "unknown", "what was asked before says nothing"
    clock = Clockwork.make()
    clock.aside(lambda: poller.tick(clock.runtime, clock.runtime.clock()))
    assert only().rights == before
    assert only().status in ("ok", "limited")


def test_repeated_notices_leave_failing_looks_their_distance(app: Flask, office: Office) -> None:
    account = probe_done(connect_weibo(office))
    with atomic():
        account = only()
        account.probe_requested_at = utcnow() + timedelta(hours=6)
        account.next_poll_at = utcnow() + timedelta(hours=1)
    looks = []
    for _ in range(3):
        assert _told(app, account) == 200
        looks.append(only().next_poll_at)
    assert looks[0] is not None
    assert looks[0] > utcnow() + timedelta(minutes=9)
    assert set(looks) == {looks[0]}


def test_a_real_revocation_is_found_by_asking_and_told(app_on_simulator: Flask, office: Office, sim: Sim) -> None:
    account = probe_done(connect_weibo(office))
    sim.call("POST", "/_sim/revocations", {"external_id": UID})
    assert _told(app_on_simulator, account) == 200
    clock = Clockwork.make()
    clock.aside(lambda: poller.tick(clock.runtime, clock.runtime.clock()))
    assert only().status == "refused"
    titles = db.session.scalars(select(Notice.title)).all()
    assert [title for title in titles if title.startswith("账号连不上了")]
