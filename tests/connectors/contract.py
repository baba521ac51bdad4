"""What every connector must keep, whichever the platform: a class to inherit, over the simulator.

A platform's test module defines the fixtures `connector` (an account on the simulator, able to publish), `content` (a
post it can publish), `deadline` (a moment to come), `now`, and the methods below that say what the simulator should do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any, get_args

import pytest

from connectors.base import Connector
from connectors.desk import Act
from connectors.errors import ConnectorError, Forged, NotEntitled
from connectors.values import (
    Callback,
    Capabilities,
    Content,
    InboundMedia,
    InboundMessage,
    Prepared,
    Receipt,
)
from tests.connectors.fakes import CountingMeter, MemoryMedia, SimulatorControl

# What a platform may offer beside publishing and answering (connectors.desk), and how it is asked.
OFFERS: dict[str, tuple[Callable[[Connector], object], ...]] = {
    "people": (lambda c: c.person("1"), lambda c: c.rename("1", "备注")),
    "tags": (lambda c: c.tags(), lambda c: c.make_tag("标签"), lambda c: c.tag("1", ["100"], add=True)),
    "block": (lambda c: c.block(["1"], blocked=True),),
    "quota": (lambda c: c.read_quota("draft/add"),),
    "clear_quota": (lambda c: c.clear_quota(),),
    "explain": (lambda c: c.explain("1"),),
    "day_figures": (lambda c: c.day_figures(date(2026, 8, 1), date(2026, 8, 1)),),
    "speed": (lambda c: c.speed(), lambda c: c.set_speed(0)),
    "switch_comments": (lambda c: c.switch_comments(Receipt(details={"msg_data_id": "1"}), open_=True),),
}


# A comment as no platform has it: enough to be refused.
COMMENT = {"kind": "comment", "msg_data_id": "1", "index": "0", "user_comment_id": "1", "cid": "1", "id": "1"}


def chinese(words: str) -> bool:
    return any("\u4e00" <= char <= "\u9fff" for char in words)


def prepare_all(connector: Connector, payload: Mapping[str, Any], done: Prepared | None = None) -> Prepared:
    """prepare() until ready, as the scheduler does; each result goes through JSON, as it is stored."""
    prepared = done or Prepared()
    for _ in range(30):
        prepared = connector.prepare(payload, prepared)
        prepared = Prepared(steps=json.loads(json.dumps(dict(prepared.steps))), ready=prepared.ready)
        if prepared.ready:
            return prepared
    raise AssertionError("never ready")


class ConnectorContract:
    """Inherit as `class TestWeibo(ConnectorContract)`."""

    def accepted(self, simulator: SimulatorControl, connector: Connector) -> list[dict[str, Any]]:
        return [
            item
            for item in simulator.accepted(connector.platform, connector.account.external_id)
            if item["kind"] in ("status", "publish", "mass")
        ]

    def pushed(self, connector: Connector, text: str) -> Callback:
        """A private message of a citizen, as the platform pushes and signs it."""
        raise NotImplementedError

    def private_target(self, citizen: str) -> Mapping[str, str]:
        """The target of an answer to `citizen`, as the simulator names them."""
        raise NotImplementedError

    # Pure

    def test_capabilities_are_data_in_chinese(self, connector: Connector) -> None:
        found = connector.capabilities()
        assert isinstance(found, Capabilities)
        assert found.max_images >= 1
        assert all(chinese(one.why) for one in found.missing)
        assert all(quota.limit > 0 for quota in found.quotas)
        assert {limit.field for limit in found.limits}
        assert set(found.replies) <= {*found.polls, *found.pushes}

    def test_acts_and_offers_are_known_and_of_kinds_that_come(self, connector: Connector) -> None:
        found = connector.capabilities()
        assert set(found.acts) <= {*found.polls, *found.pushes}
        assert {act for acts in found.acts.values() for act in acts} <= set(get_args(Act))
        assert set(found.offers) <= {"typing", "authorize", "audience", "figures", *OFFERS}
        assert not found.readable_quotas or "quota" in found.offers
        assert len({form.key for form in found.forms}) == len(found.forms)

    def test_what_is_not_offered_is_refused_in_words(self, connector: Connector, meter: CountingMeter) -> None:
        able = connector.capabilities()
        for name in set(OFFERS) - set(able.offers):
            for ask in OFFERS[name]:
                with pytest.raises(NotEntitled) as caught:
                    ask(connector)
                assert chinese(caught.value.cause)
                assert chinese(caught.value.remedy)
        for act in set(get_args(Act)) - {act for acts in able.acts.values() for act in acts}:
            with pytest.raises(NotEntitled):
                connector.moderate(COMMENT, act, reply_id="1")
        if "typing" not in able.offers:
            assert connector.typing({"kind": "private", "openid": "1"}) is False
        assert meter.calls == []

    def test_adapting_twice_gives_the_same_bytes(self, connector: Connector, content: Content) -> None:
        first, second = connector.adapt(content), connector.adapt(content)
        assert json.dumps(first.payload, sort_keys=True) == json.dumps(second.payload, sort_keys=True)
        assert (first.notes, first.problems, first.length) == (second.notes, second.problems, second.length)

    def test_adapting_asks_nobody(self, connector: Connector, content: Content, meter: CountingMeter) -> None:
        connector.adapt(content)
        assert meter.calls == []

    def test_good_content_has_no_blocking_problem(self, connector: Connector, content: Content) -> None:
        assert [problem for problem in connector.adapt(content).problems if problem.severity == "block"] == []

    def test_content_without_a_title_or_text_is_a_problem_not_a_crash(
        self, connector: Connector, content: Content
    ) -> None:
        empty = replace(content, title="", summary="", body_html="", cover=None, link="")
        assert any(problem.severity == "block" for problem in connector.adapt(empty).problems)

    def test_problems_and_notes_are_chinese(self, connector: Connector, content: Content) -> None:
        hostile = replace(content, title="长" * 6000, link="http://elsewhere.example/x", summary="")
        adaptation = connector.adapt(hostile)
        assert adaptation.problems
        assert all(chinese(problem.message) for problem in adaptation.problems)
        assert all(chinese(note.message) for note in adaptation.notes)

    def test_the_payload_survives_json(self, connector: Connector, content: Content) -> None:
        payload = connector.adapt(content).payload
        assert json.loads(json.dumps(payload)) == payload

    def test_pictures_of_the_payload_are_bytes_that_can_be_read(
        self, connector: Connector, content: Content, media: MemoryMedia
    ) -> None:
        text = json.dumps(connector.adapt(content).payload)
        for sha256 in media.images:
            if sha256 in text:
                image = media.images[sha256]
                assert image.content_type in connector.capabilities().image_types
        assert any(sha256 in text for sha256 in media.images)

    # Preparing

    def test_preparing_publishes_nothing_and_can_be_resumed(
        self, connector: Connector, content: Content, simulator: SimulatorControl, meter: CountingMeter
    ) -> None:
        payload = connector.adapt(content).payload
        prepared = prepare_all(connector, payload)
        before = list(meter.calls)
        again = prepare_all(connector, payload, Prepared(steps=prepared.steps, ready=False))
        assert again.steps == prepared.steps
        # Uploads are not made again; a read-back may be.
        assert not [call for call in meter.calls[len(before) :] if "upload" in call or "add" in call]
        assert self.accepted(simulator, connector) == []

    def test_discarding_what_was_prepared_is_no_error_twice(
        self, connector: Connector, content: Content, simulator: SimulatorControl
    ) -> None:
        prepared = prepare_all(connector, connector.adapt(content).payload)
        for leftover in (prepared, prepared, Prepared()):
            connector.discard(leftover)
        assert self.accepted(simulator, connector) == []

    def test_what_stands_as_prepared_is_not_suspected(self, connector: Connector, content: Content) -> None:
        payload = connector.adapt(content).payload
        assert connector.recheck(payload, prepare_all(connector, payload)) is None

    def test_what_stands_is_made_again_in_its_place(
        self, connector: Connector, content: Content, simulator: SimulatorControl, meter: CountingMeter
    ) -> None:
        payload = connector.adapt(content).payload
        prepared = prepare_all(connector, payload)
        before = list(meter.calls)
        again = connector.restoring(prepared)
        assert meter.calls == before
        assert not again.ready
        finished = prepare_all(connector, payload, again)
        assert connector.recheck(payload, finished) is None
        assert "draft/add" not in meter.calls[len(before) :]
        assert self.accepted(simulator, connector) == []

    def test_a_draft_that_stands_was_not_published_by_hand(self, connector: Connector, content: Content) -> None:
        """Where a person presses the button; None where that cannot be told."""
        prepared = prepare_all(connector, connector.adapt(content).payload)
        assert connector.hand_over_done(prepared) in ((False,) if connector.capabilities().hand_over else (False, None))
        assert connector.hand_over_done(Prepared()) is None

    # Preview on a phone

    def test_a_preview_has_its_rule_or_the_reason_why_there_is_none(
        self, connector: Connector, content: Content, deadline: datetime
    ) -> None:
        able = connector.capabilities()
        if able.preview is not None:
            assert able.preview.quota in {quota.key for quota in able.quotas}
            assert chinese(able.preview.recipient)
            assert chinese(able.preview.hint)
            assert not re.fullmatch(able.preview.pattern, "")
            return
        assert [one.why for one in able.missing if one.key == "preview"]
        with pytest.raises(NotEntitled) as caught:
            connector.prepare_preview(connector.adapt(content).payload, Prepared(), key="preview-1")
        assert chinese(caught.value.cause)
        with pytest.raises(NotEntitled):
            connector.send_preview(Prepared(ready=True), to="anybody", send_before=deadline)

    def test_making_a_preview_publishes_nothing_and_can_be_undone(
        self, connector: Connector, content: Content, simulator: SimulatorControl
    ) -> None:
        if connector.capabilities().preview is None:
            assert self.accepted(simulator, connector) == []
            return
        payload, prepared = connector.adapt(content).payload, Prepared()
        for _ in range(30):
            prepared = connector.prepare_preview(payload, prepared, key="preview-1")
            prepared = Prepared(steps=json.loads(json.dumps(dict(prepared.steps))), ready=prepared.ready)
            if prepared.ready:
                break
        assert prepared.ready
        assert connector.discard_preview(prepared, key="preview-1")
        assert connector.discard_preview(prepared, key="preview-1")
        assert self.accepted(simulator, connector) == []

    # Reading

    def test_no_messages_is_an_empty_page_with_a_cursor(self, connector: Connector) -> None:
        page = connector.fetch_messages({}, ())
        assert page.items == ()
        again = connector.fetch_messages(page.cursor, ())
        assert again.items == ()
        assert all(isinstance(value, str) for value in again.cursor.values())

    def test_probing_says_each_right_in_chinese(self, connector: Connector) -> None:
        health = connector.probe()
        assert len({right.key for right in health.rights}) == len(health.rights)
        for right in health.rights:
            assert chinese(right.detail), right
            assert right.ok is not False or chinese(right.remedy), right

    def test_a_forged_callback_is_refused(self, connector: Connector) -> None:
        query = {"signature": "0" * 40, "msg_signature": "0" * 40, "timestamp": "1", "nonce": "n", "echostr": "e"}
        for method in ("GET", "POST"):
            with pytest.raises(Forged):
                connector.verify_callback(Callback(method=method, query=query, body=b"{}"))

    def test_a_revocation_that_names_nobody_is_refused(self, connector: Connector) -> None:
        for callback in (Callback(method="GET", query={}), Callback(method="POST", query={"uid": "1"}, body=b"uid=1")):
            with pytest.raises(Forged):
                connector.read_revocation(callback)

    def test_signing_in_there_is_offered_or_refused_in_words(self, connector: Connector, meter: CountingMeter) -> None:
        """Where it is offered the address carries the state and no secret; asking for it asks nobody."""
        if "authorize" in connector.capabilities().offers:
            address = connector.authorize_url(redirect_uri="https://www.qinglan.gov.cn/back", state="s-1")
            assert "state=s-1" in address
            assert connector.account.credentials["app_secret"] not in address
        else:
            with pytest.raises(NotEntitled) as caught:
                connector.authorize_url(redirect_uri="https://www.qinglan.gov.cn/back", state="s-1")
            assert chinese(str(caught.value))
        assert meter.calls == []

    def test_a_file_that_nobody_sent_is_an_error_of_the_tree(self, connector: Connector) -> None:
        with pytest.raises(ConnectorError) as caught:
            connector.fetch_media(InboundMedia(kind="image", media_id="nobody-sent-this"))
        assert chinese(caught.value.cause)

    # A citizen writes in private

    def test_a_push_is_read_and_answered_at_once(self, connector: Connector) -> None:
        callback = self.pushed(connector, "请问几点恢复供水？")
        (message,) = connector.parse_callback(callback)
        assert isinstance(message, InboundMessage)
        assert (message.kind, message.text) == ("private", "请问几点恢复供水？")
        assert message.external_id
        assert message.sent_at.tzinfo is not None
        assert connector.parse_callback(callback) == [message]
        assert connector.passive_reply(callback, "您好")
        assert connector.passive_reply(callback, "") in (b"", b"success")

    def test_a_private_message_is_answered_where_that_is_promised(
        self, connector: Connector, deadline: datetime, simulator: SimulatorControl
    ) -> None:
        wrote = {"from": "市民甲", "text": "几点恢复？"}
        told = simulator.message(connector.platform, connector.account.external_id, **wrote)
        target = self.private_target(told["from"])
        if "private" in connector.capabilities().replies:
            connector.reply(target, "今晚八点前。", key="reply-1", send_before=deadline)
        else:
            with pytest.raises(NotEntitled) as caught:
                connector.reply(target, "今晚八点前。", key="reply-1", send_before=deadline)
            assert chinese(caught.value.remedy)
        sent = simulator.accepted(connector.platform, connector.account.external_id)
        assert len(sent) == int("private" in connector.capabilities().replies)
