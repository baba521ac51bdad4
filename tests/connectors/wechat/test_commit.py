"""The calls that cannot be taken back: one submission, never two; deletions that hit one article only."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import pytest

from connectors.errors import (
    AlreadyDone,
    AwaitingPlatformAdmin,
    ContentRefused,
    NotEntitled,
    OutcomeUnknown,
    RateLimited,
    Refused,
    Unavailable,
)
from connectors.values import CannotTell, Found, Prepared, Receipt
from connectors.wechat.clocks import next_midnight, next_month
from connectors.wechat.commit import client_id
from tests.connectors.fakes import MemoryTokens, Odd, SimulatorControl
from tests.connectors.wechat.conftest import GH, LINK, Clock, Make, attempted, post, prepared

Register = Callable[..., str]
STANDING = Prepared(steps={"token": "ok", "cover": "c", "draft": "d", "fingerprint": "f"}, ready=True)


@pytest.fixture
def tokens(clock: Clock) -> MemoryTokens:
    return MemoryTokens()


def with_token(odd: Odd) -> None:
    odd.say({"access_token": "t", "expires_in": 7200})


def test_publishing_is_accepted_once_and_not_yet_public(
    make: Make, registered: Register, simulator: SimulatorControl, clock: Clock
) -> None:
    connector = make(registered())
    payload = connector.adapt(post()).payload
    receipt = connector.publish(payload, prepared(connector, payload), key="pub-1", send_before=clock.soon)
    assert not receipt.live
    assert receipt.details["publish_id"].isdigit()
    kinds = [item["kind"] for item in simulator.accepted("wechat", GH)]
    assert kinds.count("publish") == 1
    assert "mass" not in kinds


def test_a_mass_send_carries_audience_and_our_key(
    make: Make, registered: Register, simulator: SimulatorControl, clock: Clock
) -> None:
    connector = make(registered(), mode="mass")
    payload = connector.adapt(post()).payload
    receipt = connector.publish(payload, prepared(connector, payload), key="pub-1", send_before=clock.soon)
    assert receipt.external_id == f"{receipt.details['msg_data_id']}_1"
    assert receipt.details["msg_id"]
    (sent,) = [item for item in simulator.accepted("wechat", GH) if item["kind"] == "mass"]
    assert sent["payload"]["clientmsgid"] == "pub-1"
    assert sent["payload"]["filter"] == {"is_to_all": True}
    assert sent["payload"]["send_ignore_reprint"] == 0


def test_the_same_key_again_is_already_done_with_the_msg_id(
    make: Make, registered: Register, simulator: SimulatorControl, clock: Clock
) -> None:
    connector = make(registered(), mode="mass")
    payload = connector.adapt(post()).payload
    done = prepared(connector, payload)
    simulator.fault("drop_answer", path="message/mass/sendall")
    with pytest.raises(OutcomeUnknown):
        connector.publish(payload, done, key="pub-1", send_before=clock.soon)
    # Within a minute the platform says only that it is too soon (45066): that is no refusal either.
    with pytest.raises(OutcomeUnknown) as early:
        connector.publish(payload, done, key="pub-1", send_before=clock.soon)
    assert early.value.code == "45066"
    clock.later(minutes=2)
    with pytest.raises(AlreadyDone) as caught:
        connector.publish(payload, done, key="pub-1", send_before=clock.soon)
    assert caught.value.receipt is not None
    assert caught.value.receipt.details["msg_id"].isdigit()
    assert [item["kind"] for item in simulator.accepted("wechat", GH)].count("mass") == 1


def test_45065_without_a_msg_id_is_unknown(make: Make, odd: Odd, clock: Clock) -> None:
    with_token(odd)
    odd.say({"errcode": 45065, "errmsg": "clientmsgid exist"})
    connector = make(odd.url, mode="mass")
    with pytest.raises(OutcomeUnknown):
        connector.publish(connector.adapt(post()).payload, STANDING, key="pub-1", send_before=clock.soon)


def test_the_key_fits_clientmsgid() -> None:
    assert client_id("publication-17") == "publication-17"
    long = client_id("publication-" + "7" * 60)
    assert len(long.encode()) == 32
    assert long == client_id("publication-" + "7" * 60) != client_id("publication-" + "8" * 60)
    assert client_id("稿件-7").isascii()
    with pytest.raises(ValueError):
        client_id("")


@pytest.mark.parametrize("mode", ["publish", "mass"])
@pytest.mark.parametrize("kind", ["drop_answer", "http_502", "reset"])
def test_no_readable_answer_is_unknown_never_failed(
    make: Make, registered: Register, simulator: SimulatorControl, clock: Clock, mode: str, kind: str
) -> None:
    connector = make(registered(), mode=mode)
    payload = connector.adapt(post()).payload
    done = prepared(connector, payload)
    simulator.fault(kind, path="freepublish/submit" if mode == "publish" else "mass/sendall")
    with pytest.raises(OutcomeUnknown):
        connector.publish(payload, done, key="pub-1", send_before=clock.soon)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (-1, OutcomeUnknown),
        (40007, OutcomeUnknown),
        (99999, OutcomeUnknown),
        (45066, OutcomeUnknown),
        (45009, RateLimited),
        (48001, NotEntitled),
        (53503, ContentRefused),
        (53504, Refused),
        (53505, Refused),
        # No number: it may be another one that waits.
        (89504, OutcomeUnknown),
        (89505, AwaitingPlatformAdmin),
        (45028, RateLimited),
    ],
)
def test_answers_to_a_submission(make: Make, odd: Odd, clock: Clock, code: int, kind: type[Exception]) -> None:
    with_token(odd)
    odd.say({"errcode": code, "errmsg": "no rid: 1-2-3"})
    connector = make(odd.url, mode="mass")
    with pytest.raises(kind):
        connector.publish(connector.adapt(post()).payload, STANDING, key="pub-1", send_before=clock.soon)
    assert len(odd.seen) == 2


@pytest.mark.parametrize(("kind", "until"), [("subscription", next_midnight), ("service", next_month)])
def test_a_mass_quota_comes_back_by_the_kind_of_account(
    make: Make, odd: Odd, clock: Clock, kind: str, until: Callable[[datetime], datetime]
) -> None:
    with_token(odd)
    odd.fixture("wechat", "resp_mass_45028_quota.json")
    connector = make(odd.url, mode="mass", settings={"kind": kind})
    with pytest.raises(RateLimited) as caught:
        connector.publish(connector.adapt(post()).payload, STANDING, key="k", send_before=clock.soon)
    assert caught.value.until == until(clock())


def test_a_used_up_mass_quota_is_refused_by_the_platform_too(make: Make, registered: Register, clock: Clock) -> None:
    connector = make(registered(quotas={"mass_per_day": 1}), mode="mass")
    for number, title in enumerate(("甲", "乙")):
        payload = connector.adapt(post(title=title, link=f"https://www.qinglan.gov.cn/p/x?w={number}")).payload
        done = prepared(connector, payload)
        if number == 0:
            connector.publish(payload, done, key="k0", send_before=clock.soon)
            clock.later(seconds=5)
    with pytest.raises(RateLimited):
        connector.publish(payload, done, key="k1", send_before=clock.soon)


def test_nothing_is_sent_after_send_before(make: Make, registered: Register, simulator: SimulatorControl) -> None:
    connector = make(registered())
    payload = connector.adapt(post()).payload
    done = prepared(connector, payload)
    with pytest.raises(Unavailable):
        connector.publish(payload, done, key="pub-1", send_before=connector.clock())
    assert "publish" not in [item["kind"] for item in simulator.accepted("wechat", GH)]


def test_a_mass_send_that_waits_for_the_administrator_keeps_its_number(
    make: Make, registered: Register, clock: Clock
) -> None:
    connector = make(registered(admin_confirm=True), mode="mass")
    payload = connector.adapt(post()).payload
    done = prepared(connector, payload)
    with pytest.raises(AwaitingPlatformAdmin) as caught:
        connector.publish(payload, done, key="pub-1", send_before=clock.soon)
    assert caught.value.receipt is not None
    assert caught.value.receipt.details["msg_id"].isdigit()
    # With it the platform can be asked how it ended.
    answer = connector.check(attempted(payload, done, clock(), caught.value.receipt))
    assert isinstance(answer, CannotTell)
    assert "管理员在微信中确认" in answer.reason


def test_while_another_one_waits_for_the_administrator_nothing_is_called_submitted(
    make: Make, registered: Register, clock: Clock
) -> None:
    connector = make(registered(admin_confirm=True, kind="service"), mode="mass")
    for number in (1, 2):
        payload = connector.adapt(post(title=f"第{number}篇", link=f"{LINK}{number}")).payload
        done = prepared(connector, payload)
        with pytest.raises(AwaitingPlatformAdmin if number == 1 else OutcomeUnknown) as caught:
            connector.publish(payload, done, key=f"k{number}", send_before=clock.soon)
    assert caught.value.code == "89504"
    assert "另一条" in caught.value.cause


def test_an_unprepared_draft_is_never_submitted(make: Make, odd: Odd, clock: Clock) -> None:
    connector = make(odd.url)
    payload = connector.adapt(post()).payload
    with pytest.raises(ValueError):
        connector.publish(payload, Prepared(steps={"draft": "d"}), key="k", send_before=clock.soon)
    assert odd.seen == []


def test_ids_are_text_though_they_come_as_numbers(make: Make, odd: Odd, clock: Clock) -> None:
    with_token(odd)
    odd.fixture("wechat", "resp_freepublish_submit_with_msg_data_id.json")
    connector = make(odd.url)
    receipt = connector.publish(connector.adapt(post()).payload, STANDING, key="k", send_before=clock.soon)
    assert receipt.details == {"publish_id": "2247483655", "msg_data_id": "2247483655"}


@pytest.mark.parametrize("index", ["0", "-1", "", "one"])
@pytest.mark.parametrize("ids", [{"article_id": "A"}, {"msg_id": "5"}])
def test_a_deletion_without_a_one_based_index_is_refused_before_any_call(
    make: Make, odd: Odd, index: str, ids: dict[str, str]
) -> None:
    with pytest.raises(ValueError):
        make(odd.url).recall(Receipt(details={**ids, "article_idx": index}))
    assert odd.seen == []


@pytest.mark.parametrize(
    ("ids", "path", "sent"),
    [
        ({"article_id": "A"}, "/cgi-bin/freepublish/delete", {"article_id": "A", "index": 1}),
        ({"msg_id": "3147483649"}, "/cgi-bin/message/mass/delete", {"msg_id": 3147483649, "article_idx": 1}),
    ],
)
def test_a_deletion_always_names_its_article(
    make: Make, odd: Odd, ids: dict[str, str], path: str, sent: dict[str, object]
) -> None:
    with_token(odd)
    odd.fixture("wechat", "resp_ok.json")
    make(odd.url).recall(Receipt(details=ids))
    _, asked, _, body = odd.seen[1]
    assert asked.startswith(path + "?")
    assert json.loads(body) == sent


def test_a_mass_send_whose_number_was_lost_is_recalled_by_its_address(
    make: Make, registered: Register, simulator: SimulatorControl, clock: Clock
) -> None:
    connector = make(registered(), mode="mass")
    payload = connector.adapt(post()).payload
    done, sent_at = prepared(connector, payload), clock()
    simulator.fault("drop_answer", path="message/mass/sendall")
    with pytest.raises(OutcomeUnknown):
        connector.publish(payload, done, key="pub-1", send_before=clock.soon)
    clock.later(seconds=10)
    connector.check(attempted(payload, done, sent_at, None))
    clock.later(hours=36)
    found = connector.check(attempted(payload, done, sent_at, None))
    assert isinstance(found, Found)
    assert "msg_id" not in found.receipt.details
    connector.recall(found.receipt)
    sent = [call for call in simulator.requests() if "mass/delete" in call["path"]]
    assert [call["outcome"] for call in sent] == ["ok"]


def test_what_has_no_id_cannot_be_recalled(make: Make, odd: Odd) -> None:
    with pytest.raises(Refused):
        make(odd.url).recall(Receipt(details={"publish_id": "1"}))
