"""Every answer a callback may get, and that each message is stored once however often it comes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from flask import Flask
from sqlalchemy import func, select
from werkzeug.serving import make_server

from app.accounts.models import Account, CallbackSeen
from app.accounts.services import update_account
from app.db import db, utcnow
from app.inbox.models import Message
from app.notices.models import Notice
from tests.app.accounts.kit import GH, UID, Office, Sim, connect_wechat, connect_weibo, free_port
from tests.app.callbacks import post
from tests.app.callbacks.post import Letter
from tests.patience import PATIENCE


@dataclass
class Console:
    """The app over real HTTP with one account on each platform."""

    url: str
    weibo: str
    wechat: str
    weibo_id: str
    wechat_id: str

    def send(self, letter: Letter, to: str = "", method: str = "POST") -> requests.Response:
        return requests.request(method, (to or self.of(letter)) + letter.tail, data=letter.body, timeout=PATIENCE)

    def of(self, letter: Letter) -> str:
        return self.wechat if "encrypt_type" in letter.query else self.weibo


@pytest.fixture
def console(app_on_simulator: Flask, office: Office) -> Iterator[Console]:
    weibo, wechat = connect_weibo(office), connect_wechat(office)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    found = Console(
        url=url,
        weibo=f"{url}/callbacks/weibo/{weibo.callback_key}",
        wechat=f"{url}/callbacks/wechat/{wechat.callback_key}",
        weibo_id=weibo.id,
        wechat_id=wechat.id,
    )
    db.session.rollback()
    server = make_server("127.0.0.1", port, app_on_simulator, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def stored() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Message.text).where(Message.direction == "in").order_by(Message.id)))


def test_a_wechat_message_is_stored_and_acknowledged(console: Console) -> None:
    answer = console.send(post.wechat())
    assert (answer.status_code, answer.content) == (200, b"success")
    assert stored() == ["请问几点开门"]
    account = db.session.get(Account, console.wechat_id)
    assert account is not None
    assert account.last_callback_at is not None


def test_a_weibo_message_is_stored_and_acknowledged(console: Console) -> None:
    answer = console.send(post.weibo())
    assert (answer.status_code, answer.content) == (200, b"")
    assert stored() == ["请问几点开门"]


@pytest.mark.parametrize("platform", ["weibo", "wechat"])
def test_nothing_is_asked_of_the_platform_while_it_waits_for_the_answer(
    console: Console, sim: Sim, platform: str
) -> None:
    """It gives five seconds, and drops all pushes for a minute after many failures: a picture is fetched afterwards."""
    if platform == "weibo":
        letter = post.weibo(post.weibo_body("发了一张图片", type="image", data={"vfid": "1", "tovfid": "2"}))
    else:
        picture = (
            post.wechat_xml()
            .replace("<MsgType>text", "<MsgType>image")
            .replace("<Content>", "<MediaId>M</MediaId><Content>")
        )
        letter = post.wechat(picture)
    assert console.send(letter).status_code == 200
    assert len(stored()) == 1
    assert sim.call("GET", "/_sim/requests")["items"] == []


@pytest.mark.parametrize("platform", ["weibo", "wechat"])
def test_the_address_is_verified_by_echo(console: Console, platform: str) -> None:
    letter = post.weibo(b"", echostr="1234567890") if platform == "weibo" else post.wechat(echostr="1234567890")
    answer = console.send(letter, method="GET")
    assert (answer.status_code, answer.text) == (200, "1234567890")
    forged = Letter(query={**letter.query, "signature": "0" * 40}, body=b"")
    assert console.send(forged, to=console.of(letter), method="GET").status_code == 403
    assert stored() == []


def test_unknown_and_deactivated_keys_are_404(console: Console, office: Office) -> None:
    letter = post.weibo()
    assert console.send(letter, to=f"{console.url}/callbacks/weibo/nobody").status_code == 404
    assert console.send(letter, to=console.weibo.replace("/weibo/", "/wechat/")).status_code == 404
    assert console.send(letter, to=console.weibo.replace("/weibo/", "/myspace/")).status_code == 404
    update_account(office.admin, console.weibo_id, active=False, now=utcnow())
    assert console.send(letter).status_code == 404
    assert stored() == []


@pytest.mark.parametrize("platform", ["weibo", "wechat"])
@pytest.mark.parametrize(
    "change", [{"signature": "0" * 40, "msg_signature": "0" * 40}, {"timestamp": "1"}, {"nonce": "x"}]
)
def test_a_bad_signature_is_403(console: Console, platform: str, change: dict[str, str]) -> None:
    letter = post.weibo() if platform == "weibo" else post.wechat()
    assert console.send(Letter(query={**letter.query, **change}, body=letter.body)).status_code == 403
    assert console.send(Letter(query={}, body=letter.body), to=console.of(letter)).status_code == 403
    assert stored() == []


def test_wechat_plain_bodies_are_403_in_safe_mode(console: Console) -> None:
    letter = post.wechat()
    plain = Letter(query=letter.query, body=post.wechat_xml().encode())
    assert console.send(plain).status_code == 403
    both = Letter(query=letter.query, body=letter.body.replace(b"<Encrypt>", b"<Content>forged</Content><Encrypt>"))
    assert console.send(both).status_code == 200
    assert stored() == ["请问几点开门"]


def test_wechat_signature_must_cover_this_very_ciphertext(console: Console) -> None:
    first, second = post.wechat(), post.wechat(post.wechat_xml("另一条", msg_id="2"))
    assert console.send(Letter(query=first.query, body=second.body)).status_code == 403
    assert stored() == []


def test_a_plain_drill_account_takes_plain_bodies(console: Console, office: Office) -> None:
    update_account(office.admin, console.wechat_id, settings={"callback_mode": "plain"}, now=utcnow())
    letter = post.wechat()
    plain = Letter(query=letter.query, body=post.wechat_xml("明文").encode())
    assert console.send(plain, to=console.wechat).status_code == 200
    assert stored() == ["明文"]


def test_weibo_nonce_with_another_body_is_403(console: Console) -> None:
    letter = post.weibo()
    assert console.send(letter).status_code == 200
    forged = Letter(query=letter.query, body=post.weibo_body("伪造的内容"))
    assert console.send(forged).status_code == 403
    assert console.send(Letter(query=letter.query, body=b"not json")).status_code == 403
    assert console.send(letter).status_code == 200
    assert stored() == ["请问几点开门"]


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[1]", b"[" * 100_000, b"{}", b"\xff\xfe", '{"type":"text"}'.encode("utf-16")],
)
def test_signed_nonsense_from_weibo_is_400(console: Console, body: bytes) -> None:
    assert console.send(post.weibo(body)).status_code == 400
    assert stored() == []


@pytest.mark.parametrize("xml", ["not xml", "<xml>", "<a/>", "<!DOCTYPE x [<!ENTITY a 'b'>]><xml>&a;</xml>"])
def test_signed_nonsense_from_wechat_is_400(console: Console, xml: str) -> None:
    assert console.send(post.wechat(xml)).status_code == 400
    assert stored() == []


def test_more_than_a_megabyte_is_413_before_anything_is_read(console: Console) -> None:
    big = Letter(query=post.weibo().query, body=b"x" * (1024 * 1024 + 1))
    assert console.send(big).status_code == 413
    limit = Letter(query=post.weibo().query, body=b"x" * (1024 * 1024))
    assert console.send(limit).status_code == 400


@pytest.mark.parametrize("platform", ["weibo", "wechat"])
def test_a_repeat_is_answered_like_the_first_and_stored_once(console: Console, platform: str) -> None:
    letter = post.weibo() if platform == "weibo" else post.wechat()
    answers = [console.send(letter) for _ in range(3)]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    assert len(stored()) == 1


def test_wechat_repeats_a_message_under_a_new_nonce(console: Console) -> None:
    xml = post.wechat_xml()
    for _ in range(3):
        assert console.send(post.wechat(xml)).content == b"success"
    assert len(stored()) == 1


@pytest.mark.parametrize("platform", ["weibo", "wechat"])
def test_repeats_at_the_same_instant_are_stored_once(console: Console, platform: str) -> None:
    letter = post.weibo() if platform == "weibo" else post.wechat()
    statuses: list[int] = []

    def send() -> None:
        statuses.append(console.send(letter).status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert statuses == [200] * 8
    assert len(stored()) == 1
    assert db.session.scalar(select(func.count()).select_from(CallbackSeen)) == 1


def test_a_message_that_could_not_be_stored_may_come_again(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.inbox import services as inbox

    letter, ingest = post.weibo(), inbox.ingest

    def broken(*_args: object, **_more: object) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(inbox, "ingest", broken)
    assert console.send(letter).status_code == 500
    assert console.send(letter).status_code == 500
    monkeypatch.setattr(inbox, "ingest", ingest)
    assert console.send(letter).status_code == 200
    assert stored() == ["请问几点开门"]
    # Whether it came again is for the platform to know: somebody must look, and is told once.
    [told] = db.session.scalars(select(Notice)).all()
    assert (told.level, told.path) == ("alarm", f"/accounts/{console.weibo_id}")
    assert "可能有推送丢失" in told.body


@pytest.mark.parametrize("platform", ["weibo", "wechat"])
def test_the_simulators_citizen_reaches_the_inbox(console: Console, sim: Sim, platform: str) -> None:
    sim.register({"weibo": console.weibo, "wechat": console.wechat})
    who = UID if platform == "weibo" else GH
    body = {"platform": platform, "external_id": who, "from": "小林", "text": "身份证丢了怎么办"}
    told = sim.call("POST", "/_sim/messages", body)
    assert told["delivered"], told
    assert stored() == ["身份证丢了怎么办"]


def test_the_simulator_sends_thrice_and_one_is_stored(console: Console, sim: Sim) -> None:
    sim.register({"weibo": console.weibo, "wechat": console.wechat})
    sim.fault("callback_thrice")
    body = {"platform": "wechat", "external_id": GH, "from": "小林", "text": "三遍"}
    assert sim.call("POST", "/_sim/messages", body)["attempts"] == 3
    assert stored() == ["三遍"]
