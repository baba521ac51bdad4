"""What a platform must never send and sends all the same: fixtures spoilt in every way, and what may come of them."""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from connectors.base import Connector
from connectors.errors import ConnectorError, RateLimited
from connectors.values import Attempted, Prepared, Receipt
from tests.connectors.contract import chinese
from tests.connectors.fakes import FIXTURES

BIG = 10 * 1024 * 1024
# A number that becomes infinity, one that no clock can hold, digits that are none, things in the wrong place.
WRONG: tuple[Any, ...] = (
    None, "", "x", 0, -1, 10**30, 1.5, True, [], {}, [None], {"x": 1}, "9" * 30, "²", float("inf"), "\x00\ud800",
)  # fmt: skip
MOST_SPOILT = 48

Step = str | int


def fixtures(platform: str) -> dict[str, bytes]:
    """Every recorded body of a platform."""
    folder = FIXTURES / platform
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix != ".md"}


def parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def cut(body: bytes) -> Iterator[bytes]:
    """Broken off at several places, in the middle of a character too."""
    for part in (1, len(body) // 4, len(body) // 2, len(body) * 3 // 4, len(body) - 2):
        yield body[:part]


def no_answers() -> dict[str, bytes]:
    """Bodies that are no answer of any interface."""
    page = "<html><head><title>502 Bad Gateway</title></head><body>系统繁忙</body></html>".encode()
    return {
        "empty": b"",
        "html": page,
        "null": b"null",
        "number": b"7",
        "text": b'"ok"',
        "list": b"[]",
        "object": b"{}",
        "infinity": b"[Infinity, 1e999, NaN]",
        "other bytes": bytes(range(256)),
        "mark": b"\xef\xbb\xbf{}",
        "deep": b"[" * 100_000,
        "huge html": page + b"<!-- " + b"x" * BIG,
        "huge json": b'{"errcode": 0, "items": "' + b"x" * BIG + b'"}',
    }


def spoilt(value: Any) -> Iterator[Any]:
    """`value` with one key missing, with one value of the wrong type, and with a key that nobody knows."""
    places = list(_places(value))
    each = min(len(WRONG), max(2, MOST_SPOILT // max(1, len(places))))
    variants = [(place, kind) for place in places for kind in range(each + 1)]
    for number, (place, kind) in enumerate(variants[:: max(1, len(variants) // MOST_SPOILT)]):
        yield _changed(value, place, WRONG[(number * 5 + kind) % len(WRONG)], drop=kind == each)
    if isinstance(value, dict):
        yield {**value, "unknown_key": {"deep": [1, "二"]}}
        yield {key: wrong for wrong in (None, "x") for key in value}
        yield {key: [item] for key, item in value.items()}
        yield {key: float("inf") for key in value}
        yield dict.fromkeys(value, 10**30)


def _places(value: Any, path: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    if path:
        yield path
    children: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _places(child, (*path, key))


def _changed(value: Any, path: tuple[Step, ...], wrong: Any, *, drop: bool) -> Any:
    copy = json.loads(json.dumps(value))
    holder = copy
    for step in path[:-1]:
        holder = holder[step]
    if drop:
        del holder[path[-1]]
    else:
        holder[path[-1]] = wrong
    return copy


def body_of(value: Any) -> bytes:
    """As a platform would write it; infinity as the number that becomes it."""
    return json.dumps(value).replace("Infinity", "1e999").encode()


# What may come of it.


def outcome(call: Callable[[], Any], secrets: tuple[str, ...] = ()) -> Any:
    """The call's value, checked to the last field, or its error, which must be a good one of the tree."""
    try:
        value = call()
    except ConnectorError as error:
        check_error(error, secrets)
        return error
    check_value(value)
    return value


def check_error(error: ConnectorError, secrets: tuple[str, ...]) -> None:
    """In Chinese for the person who must act, without secrets, and with a moment when there is one to wait for."""
    assert chinese(error.cause), repr(error)
    for part in (error.remedy, error.who):
        assert not part or chinese(part), repr(error)
    told = [error.cause, error.remedy, error.code, error.raw, str(error), repr(error)]
    assert all(isinstance(part, str) for part in told)
    assert not [secret for secret in secrets if any(secret in part for part in told)]
    if isinstance(error, RateLimited):
        assert error.until is not None
        assert error.until.tzinfo is not None


def check_value(value: Any) -> None:
    """Every value that crosses the boundary is what values.py says it is: ids text, times aware."""
    for item in value if isinstance(value, list | tuple) else [value]:
        if dataclasses.is_dataclass(item) and not isinstance(item, type):
            for name, hint in _hints(type(item)).items():
                held = getattr(item, name)
                assert _fits(held, hint), f"{type(item).__name__}.{name} = {held!r} is no {hint}"


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _fits(value: Any, hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any or isinstance(hint, TypeVar):
        check_value(value)
        return True
    if origin in (Union, types.UnionType):
        return any(_fits(value, each) for each in inner)
    if origin is Literal:
        return value in inner
    if origin is tuple:
        return isinstance(value, tuple) and all(_fits(each, inner[0]) for each in value)
    if origin is not None:
        pairs = value.items() if isinstance(value, Mapping) else None
        return pairs is not None and all(_fits(key, inner[0]) and _fits(each, inner[1]) for key, each in pairs)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        check_value(value)
        return isinstance(value, hint)
    if hint is datetime:
        return isinstance(value, datetime) and value.tzinfo is not None
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, hint) if isinstance(hint, type) else value is hint


# Everything that a connector asks a platform.

Ask = Callable[[Connector], Any]


def asks(platform: str, payload: Mapping[str, Any], ready: Prepared, steps: tuple[Prepared, ...]) -> dict[str, Ask]:
    """Every call of the connector that reads an answer, by name."""
    known = {
        "weibo": [Receipt(external_id="3773565649935773", details={"mid": "3773565649935773"})],
        "wechat": [
            Receipt(details={"publish_id": "100000001"}),
            Receipt(external_id="A", details={"article_id": "A", "publish_id": "100000001"}),
            Receipt(external_id="34182", details={"msg_id": "34182", "msg_data_id": "206227730"}),
        ],
    }[platform]
    targets: dict[str, dict[str, str]] = {
        "weibo": {
            "comment": {"kind": "comment", "cid": "1", "id": "2"},
            "mention": {"kind": "mention", "id": "2"},
            "private": {"kind": "private", "receiver_id": "3"},
        },
        "wechat": {
            "article_comment": {"kind": "article_comment", "msg_data_id": "1", "index": "0", "user_comment_id": "1"},
            "private": {"kind": "private", "openid": "o1"},
        },
    }[platform]

    def aged(connector: Connector, receipt: Receipt) -> Receipt:
        return dataclasses.replace(receipt, published_at=connector.clock() - timedelta(days=4))

    def attempt(connector: Connector, receipt: Receipt | None) -> Attempted:
        sent_at = connector.clock() - timedelta(days=2)
        way = "mass" if receipt and receipt.details.get("msg_id") else payload["delivery"]["mode"]
        told = {**payload, "delivery": {**payload["delivery"], "mode": way}}
        return Attempted(key="k", payload=told, prepared=ready, sent_at=sent_at, receipt=receipt)

    found: dict[str, Ask] = {
        "probe": lambda c: c.probe(),
        "history": lambda c: c.history(c.clock() - timedelta(days=3)),
        "figures": lambda c: c.figures([aged(c, receipt) for receipt in known]),
        "messages": lambda c: c.fetch_messages({}, known),
        "messages later": lambda c: c.fetch_messages({"since_id": "1", "mention_since": "1", "cmt": "0"}, known),
        "recheck": lambda c: c.recheck(payload, ready),
        "discard": lambda c: c.discard(ready),
        "hand over": lambda c: c.hand_over_done(ready),
        "publish": lambda c: c.publish(payload, ready, key="k", send_before=c.clock() + timedelta(minutes=1)),
        "check": lambda c: c.check(attempt(c, None)),
    }
    for number, receipt in enumerate(known):
        found[f"check {number}"] = lambda c, receipt=receipt: c.check(attempt(c, receipt))  # type: ignore[misc]
        found[f"recall {number}"] = lambda c, receipt=receipt: c.recall(receipt)  # type: ignore[misc]
    for number, step in enumerate(steps):
        found[f"prepare {number}"] = lambda c, step=step: c.prepare(payload, step)  # type: ignore[misc]
    for name, target in targets.items():
        found[f"reply {name}"] = lambda c, target=target: c.reply(  # type: ignore[misc]
            target, "已受理。", key="k", send_before=c.clock() + timedelta(minutes=1)
        )
    return found
