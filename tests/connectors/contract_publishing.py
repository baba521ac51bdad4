"""What every connector that may publish must keep beside connectors.contract: one call, looked up, never repeated."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from connectors.base import Connector
from connectors.errors import ConnectorError, CredentialsRefused, NotEntitled, OutcomeUnknown, RateLimited, Unavailable
from connectors.values import Attempted, CannotTell, Content, Exchange, Found, Receipt, Removed
from tests.connectors.contract import ConnectorContract, chinese, prepare_all
from tests.connectors.fakes import SimulatorControl


class PublishingContract(ConnectorContract):
    """Inherit as `class TestWeibo(PublishingContract)`; exceptions of a platform are the attributes and methods below."""

    # The call that cannot be taken back, as faults match it ("statuses/share"), and the code of a missing right.
    commit_path = ""
    not_entitled_code = 0
    # The code of an authorisation that is dead, by which no renewal helps.
    dead_code = 0

    def settle(self, connector: Connector, simulator: SimulatorControl, receipt: Receipt) -> None:
        """Let an asynchronous platform finish."""

    def send(self, connector: Connector, content: Content, deadline: datetime) -> tuple[Attempted, Receipt]:
        payload = connector.adapt(content).payload
        prepared = prepare_all(connector, payload)
        sent_at = connector.clock()
        receipt = connector.publish(payload, prepared, key="tandem-key-1", send_before=deadline)
        attempted = Attempted(
            key="tandem-key-1", payload=payload, prepared=prepared, sent_at=sent_at, receipt=receipt, asked=0
        )
        return attempted, receipt

    # Whether the platform lets this account read the comments of what it published.
    comments_can_be_had = True
    # Whether check() tells the platform's own time of publishing.
    tells_time = True

    def until_listed(self, connector: Connector) -> None:
        """Let the time pass after which the platform names what was published to those who have no id of it."""

    def test_published_once_with_what_was_adapted(
        self, connector: Connector, content: Content, deadline: datetime, simulator: SimulatorControl
    ) -> None:
        _, receipt = self.send(connector, content, deadline)
        assert isinstance(receipt.external_id, str)
        assert all(isinstance(value, str) for value in receipt.details.values())
        assert len(self.accepted(simulator, connector)) == 1

    def test_found_live_afterwards(
        self, connector: Connector, content: Content, deadline: datetime, simulator: SimulatorControl
    ) -> None:
        attempted, receipt = self.send(connector, content, deadline)
        self.settle(connector, simulator, receipt)
        finding = connector.check(attempted)
        assert isinstance(finding, Found), finding
        assert finding.receipt.live
        assert finding.receipt.external_id
        at = finding.receipt.published_at
        assert (at is not None and at.tzinfo is not None) if self.tells_time else at is None

    def test_too_late_sends_nothing(
        self, connector: Connector, content: Content, now: datetime, simulator: SimulatorControl
    ) -> None:
        with pytest.raises(Unavailable):
            self.send(connector, content, now - timedelta(seconds=1))
        assert self.accepted(simulator, connector) == []

    def test_a_dropped_answer_is_unknown_and_found_again(
        self, connector: Connector, content: Content, deadline: datetime, simulator: SimulatorControl
    ) -> None:
        payload = connector.adapt(content).payload
        prepared = prepare_all(connector, payload)
        simulator.fault("drop_answer", path=self.commit_path)
        sent_at = connector.clock()
        with pytest.raises(OutcomeUnknown):
            connector.publish(payload, prepared, key="tandem-key-1", send_before=deadline)
        assert len(self.accepted(simulator, connector)) == 1
        self.settle(connector, simulator, Receipt())
        self.until_listed(connector)
        attempted = Attempted(key="tandem-key-1", payload=payload, prepared=prepared, sent_at=sent_at)
        finding = connector.check(attempted)
        assert isinstance(finding, Found), finding
        assert len(self.accepted(simulator, connector)) == 1

    def test_a_bad_gateway_is_unknown_and_absence_is_not_guessed(
        self, connector: Connector, content: Content, deadline: datetime, simulator: SimulatorControl
    ) -> None:
        payload = connector.adapt(content).payload
        prepared = prepare_all(connector, payload)
        simulator.fault("http_502", path=self.commit_path)
        with pytest.raises(OutcomeUnknown):
            connector.publish(payload, prepared, key="tandem-key-1", send_before=deadline)
        attempted = Attempted(key="tandem-key-1", payload=payload, prepared=prepared, sent_at=connector.clock())
        finding = connector.check(attempted)
        assert isinstance(finding, CannotTell), finding
        assert chinese(finding.reason)
        assert finding.next_at is not None
        assert finding.next_at > connector.clock()

    def test_checking_never_raises_when_the_platform_is_away(
        self, connector: Connector, content: Content, deadline: datetime, simulator: SimulatorControl
    ) -> None:
        attempted, _ = self.send(connector, content, deadline)
        simulator.fault("http_502", times=-1)
        assert isinstance(connector.check(attempted), CannotTell)

    def test_what_is_said_of_the_account_reaches_whoever_asked(
        self, connector: Connector, content: Content, deadline: datetime, simulator: SimulatorControl
    ) -> None:
        """The ledger must know of a limit, people of a dead authorisation; "cannot be told now" would hide both."""
        attempted, receipt = self.send(connector, content, deadline)
        self.settle(connector, simulator, receipt)
        simulator.fault("exhaust_quota", times=1)
        with pytest.raises(RateLimited) as limited:
            connector.check(attempted)
        assert limited.value.until is not None
        simulator.fault("refuse", code=self.dead_code, times=1)
        with pytest.raises(CredentialsRefused):
            connector.check(attempted)

    def test_a_missing_right_is_said_with_its_remedy(
        self, connector: Connector, content: Content, deadline: datetime, simulator: SimulatorControl
    ) -> None:
        payload = connector.adapt(content).payload
        prepared = prepare_all(connector, payload)
        simulator.fault("refuse", path=self.commit_path, code=self.not_entitled_code, times=-1)
        with pytest.raises(ConnectorError) as caught:
            connector.publish(payload, prepared, key="tandem-key-1", send_before=deadline)
        assert chinese(caught.value.cause)
        assert chinese(caught.value.remedy)
        assert caught.value.code == str(self.not_entitled_code)

    def test_no_secret_reaches_the_evidence(
        self, connector: Connector, content: Content, deadline: datetime, exchanges: list[Exchange]
    ) -> None:
        self.send(connector, content, deadline)
        token = connector.tokens.current()
        assert token is not None
        secrets = {token.value, *(v for k, v in connector.account.credentials.items() if "secret" in k)}
        assert exchanges
        assert not [secret for secret in secrets if secret in repr(exchanges)]

    def test_history_tells_what_was_published(
        self, connector: Connector, content: Content, deadline: datetime, simulator: SimulatorControl
    ) -> None:
        attempted, receipt = self.send(connector, content, deadline)
        self.settle(connector, simulator, receipt)
        finding = connector.check(attempted)
        assert isinstance(finding, Found)
        self.until_listed(connector)
        page = connector.history(connector.clock() - timedelta(days=3))
        assert finding.receipt.external_id in {item.external_id for item in page.items}
        assert all(item.published_at.tzinfo is not None for item in page.items)

    # What is out

    def out(
        self, connector: Connector, content: Content, deadline: datetime, simulator: SimulatorControl
    ) -> tuple[Attempted, Receipt]:
        attempted, receipt = self.send(connector, content, deadline)
        self.settle(connector, simulator, receipt)
        finding = connector.check(attempted)
        assert isinstance(finding, Found), finding
        return attempted, finding.receipt

    def test_it_is_taken_back_where_that_is_promised(
        self, connector: Connector, content: Content, deadline: datetime, simulator: SimulatorControl
    ) -> None:
        attempted, receipt = self.out(connector, content, deadline, simulator)
        if connector.capabilities().recall == "manual":
            with pytest.raises(NotEntitled) as caught:
                connector.recall(receipt)
            assert chinese(caught.value.remedy)
        else:
            connector.recall(receipt)
            gone = Attempted(
                key=attempted.key,
                payload=attempted.payload,
                prepared=attempted.prepared,
                # An hour on: platforms are given time to show what was just sent.
                sent_at=attempted.sent_at - timedelta(hours=1),
                receipt=receipt,
            )
            finding = connector.check(gone)
            assert isinstance(finding, Removed), finding

    def test_figures_are_one_at_most_for_each_receipt(
        self, connector: Connector, content: Content, deadline: datetime, simulator: SimulatorControl
    ) -> None:
        _, receipt = self.out(connector, content, deadline, simulator)
        found = [one.external_id for one in connector.figures([receipt, Receipt(external_id="999")])]
        # What the platform does not know may be left out.
        assert found in ([receipt.external_id], [receipt.external_id, "999"])

    def test_comments_are_read_answered_and_dealt_with_as_promised(
        self, connector: Connector, content: Content, deadline: datetime, simulator: SimulatorControl
    ) -> None:
        _, receipt = self.out(connector, content, deadline, simulator)
        able = connector.capabilities()
        kind = next(kind for kind in able.polls if "comment" in kind)
        place = receipt.details.get("msg_data_id") or receipt.external_id
        if self.comments_can_be_had:
            simulator.comment(connector.platform, connector.account.external_id, place, "几点恢复？")
        page = connector.fetch_messages({}, [receipt])
        if not self.comments_can_be_had:
            assert page.items == ()
            assert chinese(page.unavailable)
            return
        (message,) = page.items
        assert (message.kind, message.text) == (kind, "几点恢复？")
        connector.reply(message.target, "今晚八点前。", key="reply-1", send_before=deadline)
        for act in able.acts.get(kind, ()):
            if act != "delete_reply":
                connector.moderate(message.target, act)
