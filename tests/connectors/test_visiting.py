"""Whether an address leads anywhere, asked of a real server over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors.guard import LookUp
from connectors.visiting import AGENT, Seen, Visitor
from tests.connectors.visited import Site, served

# The site of these tests listens where it can.
ANY = range(65536)
ALIVE = Seen(verdict="alive", status=200)


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as found:
        yield found


def visit(site: Site, path: str) -> Seen:
    visitor = Visitor(allows=lambda _address: True, look_up=lambda _host, _port: ["127.0.0.1"], ports=ANY)
    return visitor.visit(f"http://www.qinglan.gov.cn:{site.port}{path}")


@pytest.mark.parametrize(
    ("path", "seen", "methods"),
    [
        ("/200", ALIVE, "HEAD"),
        ("/to/to/200", ALIVE, "HEAD HEAD HEAD"),
        ("/head/405", ALIVE, "HEAD GET"),
        ("/head/404", ALIVE, "HEAD GET"),
        ("/404", Seen(verdict="dead", reason="gone", status=404), "HEAD GET"),
        ("/410", Seen(verdict="dead", reason="gone", status=410), "HEAD GET"),
        ("/to/404", Seen(verdict="dead", reason="gone", status=404), "HEAD HEAD GET GET"),
        ("/403", Seen(verdict="unsure", reason="refused", status=403), "HEAD GET"),
        ("/429", Seen(verdict="unsure", reason="refused", status=429), "HEAD GET"),
        ("/521", Seen(verdict="unsure", reason="refused", status=521), "HEAD GET"),
        ("/503", Seen(verdict="unsure", reason="failing", status=503), "HEAD GET"),
        ("/to/ftp://www.qinglan.gov.cn/a", Seen(verdict="unsure", reason="address"), "HEAD"),
    ],
)
def test_what_a_site_says(site: Site, path: str, seen: Seen, methods: str) -> None:
    assert visit(site, path) == seen
    assert " ".join(method for method, _path in site.asked) == methods
    assert site.agents == {AGENT}


def test_a_circle_is_left(site: Site) -> None:
    looped = "/to" * 8 + "/200"
    assert visit(site, looped) == Seen(verdict="unsure", reason="loop")
    assert len(site.asked) == 6, "told by no answer, it is not tried the other way"


def test_what_a_page_holds_is_never_read(site: Site) -> None:
    """It says that a hundred gigabytes follow, and none comes: whoever read them would wait."""
    assert visit(site, "/film") == ALIVE


def test_silence_is_not_known(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.visiting._TIMEOUT", 0.2)
    assert visit(site, "/silent") == Seen(verdict="unsure", reason="timeout")


def test_nobody_listens(site: Site) -> None:
    site.close()
    assert visit(site, "/200") == Seen(verdict="unsure", reason="unreachable")


def test_no_machine_inside_is_asked(site: Site) -> None:
    for url in (f"http://127.0.0.1:{site.port}/200", f"http://localhost:{site.port}/200"):
        assert Visitor(ports=ANY).visit(url) == Seen(verdict="unsure", reason="inside")
    led = Visitor(allows=lambda address: str(address) == "127.0.0.1", look_up=_two_faces(), ports=ANY)
    seen = led.visit(f"http://outside.example.cn:{site.port}/to/http://inside.example.cn:{site.port}/200")
    assert seen == Seen(verdict="unsure", reason="inside")
    assert [path for _method, path in site.asked] == [f"/to/http://inside.example.cn:{site.port}/200"]


@pytest.mark.parametrize("port", [22, 81, 3306, 7999, 9001, 65535])
def test_no_port_without_pages_is_asked(port: int) -> None:
    asked = Visitor(look_up=lambda host, port: pytest.fail("asked")).visit(f"http://www.qinglan.gov.cn:{port}/")
    assert asked == Seen(verdict="unsure", reason="port")


@pytest.mark.parametrize(
    "address", ["http://a.cn", "https://a.cn", "http://a.cn:443", "http://a.cn:8000", "https://a.cn:9000"]
)
def test_ports_of_pages_are_asked(address: str) -> None:
    asked: list[str] = []
    Visitor(look_up=lambda host, port: asked.append(host) or ["10.0.0.1"]).visit(address)
    assert asked


def test_nor_one_that_a_page_leads_to(site: Site) -> None:
    visitor = Visitor(allows=lambda _address: True, look_up=lambda _host, _port: ["127.0.0.1"], ports={site.port})
    assert visitor.visit(f"http://a.cn:{site.port}/to/http://a.cn:22/200") == Seen(verdict="unsure", reason="port")
    assert len(site.asked) == 1


def _two_faces() -> LookUp:
    return lambda host, _port: ["10.0.0.1"] if host.startswith("inside") else ["127.0.0.1"]


@pytest.mark.parametrize(
    "url", ["ftp://a.cn/", "http://", "javascript:1", "http://u:p@a.cn/", "http://[::1", "http://a.cn:99999/"]
)
def test_what_is_no_web_address_is_not_asked(url: str) -> None:
    assert Visitor(look_up=lambda host, port: pytest.fail("asked")).visit(url) == Seen(
        verdict="unsure", reason="address"
    )
