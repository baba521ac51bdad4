"""Addresses that people give lead nowhere inside, by no disguise, name, redirect or second answer of the name server."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from connectors.errors import Refused, Unavailable
from connectors.guard import is_no_trap, is_public
from connectors.http import Http, new_session

INSIDE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "100.64.0.1", "0.0.0.0",
    "224.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::",
    "168.63.129.16", "::ffff:168.63.129.16", "64:ff9b::a83f:8110",
    # Site-local, IPv4-compatible (also of a public address), NAT64 of a network's own.
    "fec0::1", "feff::1", "::a00:1", "::7f00:1", "::a9fe:a9fe", "::808:808", "64:ff9b:1::7f00:1", "64:ff9b::c0a8:101",
    # 6to4 and Teredo around private addresses (10.0.0.1, 192.168.1.1; Teredo writes the client's inverted).
    "2002:a00:1::1", "2002:c0a8:101::", "2001:0:808:808:0:0:f5ff:fffe", "2001:0:a00:1:0:0:3f57:fefe",
]  # fmt: skip


@pytest.mark.parametrize("address", INSIDE)
def test_inside_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["211.156.0.1", "8.8.8.8", "2400:3200::1", "64:ff9b::808:808"])
def test_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("10.1.2.3", True), ("127.0.0.1", True), ("211.156.0.1", True), ("169.254.169.254", False),
        ("100.100.100.200", False), ("0.0.0.0", False), ("::ffff:169.254.169.254", False), ("fd00:ec2::254", False),
        ("168.63.129.16", False), ("::ffff:168.63.129.16", False), ("::a9fe:a9fe", False), ("::1", True),
        ("64:ff9b:1::a9fe:a9fe", False), ("2002:a9fe:a9fe::", False), ("fec0::1", True), ("::", False),
    ],
)  # fmt: skip
def test_a_gateway_may_be_on_the_intranet_but_is_no_trap(address: str, allowed: bool) -> None:
    assert is_no_trap(ipaddress.ip_address(address)) is allowed


@pytest.fixture
def site() -> Iterator[tuple[int, list[str]]]:
    """A server on this machine; the hosts it was asked for."""
    asked: list[str] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["Host"])
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1], asked
        server.shutdown()


def test_a_name_that_leads_inside_is_not_asked(site: tuple[int, list[str]]) -> None:
    port, asked = site
    http = Http(session=new_session(1, allows=is_public, look_up=lambda host, at: ["211.156.0.1", "127.0.0.1"]))
    with pytest.raises(Refused) as refused:
        http.call("GET", f"http://www.example.cn:{port}/", write=False)
    assert refused.value.code == "barred"
    assert asked == []


def test_the_address_that_was_allowed_is_the_one_that_is_asked(site: tuple[int, list[str]]) -> None:
    """The name is looked up once; whatever it says the second time does not matter."""
    port, asked = site
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    http = Http(session=new_session(1, allows=lambda _address: True, look_up=lambda host, at: next(answers)))
    answer = http.call("GET", f"http://www.example.cn:{port}/", write=False)
    assert answer.body == b"ok"
    assert asked == [f"www.example.cn:{port}"]
    assert next(answers) == ["10.0.0.1"]


def test_a_name_without_an_address_is_unavailable() -> None:
    http = Http(session=new_session(1, allows=is_public))
    with pytest.raises(Unavailable):
        http.call("GET", "http://nowhere.invalid/", write=False)
