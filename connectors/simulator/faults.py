"""Faults that somebody switched on: which calls they hit, and what they do to the connection."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Mapping
from typing import Any, NoReturn

from werkzeug.wrappers import Response

from connectors.simulator.state import Doc, State

REQUEST_KINDS = (
    "refuse",
    "delay",
    "drop_answer",
    "http_502",
    "expire_token",
    "exhaust_quota",
    "slow_success",
    "hang",
    "reset",
)
CALLBACK_KINDS = ("callback_thrice", "callback_lost")
KEYS: dict[str, tuple[type, ...]] = {
    "platform": (str, type(None)),
    "external_id": (str, type(None)),
    "path": (str, type(None)),
    "kind": (str,),
    "times": (int,),
    "code": (int, type(None)),
    "seconds": (int, float, type(None)),
}
BAD_GATEWAY = (
    b"<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n"
    b"<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)


class BadFault(Exception):
    """The fault asked for is not one; the message names the key."""


def add(state: State, body: Mapping[str, Any]) -> str:
    """Switch one on. ``times`` -1 lasts until it is removed."""
    unknown = sorted(set(body) - set(KEYS))
    if unknown:
        raise BadFault(f"unknown keys: {', '.join(unknown)}")
    for key, value in body.items():
        if not isinstance(value, KEYS[key]) or isinstance(value, bool):
            raise BadFault(f"{key}: wrong type {type(value).__name__}")
    if body.get("kind") not in REQUEST_KINDS + CALLBACK_KINDS:
        raise BadFault(f"kind: must be one of {', '.join(REQUEST_KINDS + CALLBACK_KINDS)}")
    if body.get("platform") not in (None, "", "weibo", "wechat"):
        raise BadFault("platform: must be weibo or wechat")
    with state.transaction():
        number = str(state.add("", "fault", "ever"))
        state.put("fault", "", number, {"times": 1, **body, "id": number})
    return number


def take(state: State, kinds: tuple[str, ...], platform: str, external_id: str, path: str) -> Doc | None:
    """The oldest fault that hits this call, used up by one; None as a rule."""
    if not state.count("fault", ""):
        return None
    with state.transaction():
        for fault in state.all("fault", "", oldest_first=True):
            if fault["kind"] in kinds and _hits(fault, platform, external_id, path):
                if fault["times"] == 1:
                    state.delete("fault", "", fault["key"])
                elif fault["times"] > 1:
                    state.change("fault", "", fault["key"], times=fault["times"] - 1)
                return fault
    return None


def _hits(fault: Doc, platform: str, external_id: str, path: str) -> bool:
    return (
        (not fault.get("platform") or fault["platform"] == platform)
        and (not fault.get("external_id") or fault["external_id"] == external_id)
        and (not fault.get("path") or fault["path"] in path)
    )


def before(fault: Doc, connection: socket.socket | None) -> Response | None:
    """What a fault does before the platform reads the call: nothing is accepted when an answer comes from here."""
    kind = fault["kind"]
    if kind == "delay":
        time.sleep(float(fault.get("seconds") or 1))
    if kind == "http_502":
        return Response(BAD_GATEWAY, status=502, content_type="text/html")
    if kind == "hang":
        time.sleep(float(fault.get("seconds") or 30))
        cut(connection)
    if kind == "reset":
        cut(connection, reset=True)
    return None


class Cut(ConnectionError):
    """The line was closed without a word; the server takes it for a client that went away."""


def cut(connection: socket.socket | None, reset: bool = False) -> NoReturn:
    """Close the line without answering, politely or by a reset."""
    if connection is not None and reset:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        os.close(connection.detach())
    elif connection is not None:
        connection.shutdown(socket.SHUT_RDWR)
    raise Cut
