"""decide() knows every class of the tree and never sends again what may have happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from connectors import errors
from connectors.values import Receipt
from scheduler.retry import DELAYS, decide, delay

NOW = datetime(2026, 7, 12, 1, 0, tzinfo=UTC)

EXPECTED = {
    errors.ConnectorError: "unknown",
    errors.Refused: "refused",
    errors.ContentRefused: "refused",
    errors.CredentialsRefused: "refused",
    errors.NotEntitled: "refused",
    errors.ReplyWindowClosed: "refused",
    errors.RateLimited: "not_sent",
    errors.Unavailable: "not_sent",
    errors.AwaitingPlatformAdmin: "awaiting",
    errors.OutcomeUnknown: "unknown",
    errors.AlreadyDone: "receipt",
    errors.Forged: "unknown",
    errors.Unopened: "unknown",
}


def tree(root: type[errors.ConnectorError]) -> set[type[errors.ConnectorError]]:
    return {root}.union(*(tree(child) for child in root.__subclasses__() if child.__module__ == errors.__name__))


def test_the_list_is_the_whole_tree() -> None:
    assert set(EXPECTED) == tree(errors.ConnectorError)


@pytest.mark.parametrize(("kind", "expected"), EXPECTED.items(), ids=lambda value: getattr(value, "__name__", value))
def test_every_class_is_decided(kind: type[errors.ConnectorError], expected: str) -> None:
    outcome = decide(kind("原因", remedy="办法", code="1"), 1, NOW)
    assert outcome.kind == expected
    assert (outcome.retry_at is not None) == (expected == "not_sent")
    if expected != "receipt":
        assert outcome.error["cause"] == "原因"


def test_a_class_nobody_has_seen_yet_is_unknown() -> None:
    class Novel(errors.ConnectorError):
        pass

    assert decide(Novel("?"), 1, NOW).kind == "unknown"


def test_a_limit_is_waited_for() -> None:
    limited = errors.RateLimited("额度已用完")
    limited.until = NOW + timedelta(hours=3)
    assert decide(limited, 1, NOW).retry_at == limited.until
    limited.until = NOW - timedelta(hours=3)
    assert decide(limited, 1, NOW).retry_at == NOW


def test_the_delay_grows_to_its_bound() -> None:
    seconds = [(delay(attempts, NOW) - NOW).total_seconds() for attempts in range(12)]
    assert seconds == sorted(seconds)
    assert seconds[-1] == DELAYS[-1]


def test_what_was_done_already_keeps_its_receipt() -> None:
    done = errors.AlreadyDone("重复")
    done.receipt = Receipt(external_id="9")
    assert decide(done, 1, NOW).receipt == Receipt(external_id="9")


def test_what_waits_for_the_administrator_keeps_the_number_it_is_known_by(now: datetime) -> None:
    """89505 carries the msg_id by which its event and mass/get speak of it later."""
    error = errors.AwaitingPlatformAdmin("等管理员确认。")
    error.receipt = Receipt(details={"msg_id": "3147483650"})
    assert decide(error, 1, now).receipt == error.receipt
