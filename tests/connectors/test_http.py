"""The one way out: deadlines at the socket, answers that are no answers."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import OutcomeUnknown, Unavailable
from connectors.http import Answer, Http
from tests.connectors.fakes import Odd

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
DEADLINE = START + timedelta(seconds=30)


class SlowToConnect:
    """A clock by which connecting takes a minute: what is asked after the `early` first looks comes too late."""

    def __init__(self, early: int) -> None:
        self.early = early

    def __call__(self) -> datetime:
        self.early -= 1
        return START if self.early >= 0 else START + timedelta(minutes=1)


def send(http: Http, odd: Odd) -> Answer:
    return http.call("POST", f"{odd.url}/submit", write=True, json_body={"a": 1}, send_before=DEADLINE)


def test_a_connection_that_came_too_late_sends_nothing(odd: Odd) -> None:
    odd.say({})
    with pytest.raises(Unavailable):
        send(Http(clock=SlowToConnect(2)), odd)
    assert odd.seen == []


def test_a_connection_kept_alive_that_comes_too_late_sends_nothing() -> None:
    """It connects no more: a process that stood still before its first byte must be stopped there."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        seen: list[bytes] = []

        def answer() -> None:
            line, _ = server.accept()
            with line:
                while asked := line.recv(65536):
                    seen.append(asked)
                    line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        threading.Thread(target=answer, daemon=True).start()
        http, url = Http(clock=SlowToConnect(3)), f"http://127.0.0.1:{server.getsockname()[1]}/submit"
        assert http.call("GET", url, write=False).status == 200
        with pytest.raises(Unavailable):
            http.call("POST", url, write=True, json_body={}, send_before=DEADLINE)
        assert [asked[:4] for asked in seen] == [b"GET "]


def test_a_connection_in_time_sends_once_and_the_deadline_does_not_stay(odd: Odd) -> None:
    odd.say({})
    http = Http(clock=SlowToConnect(3))
    assert send(http, odd).status == 200
    # The deadline of that call is no deadline of the next, which has none.
    assert http.call("GET", f"{odd.url}/read", write=False).status == 200
    assert [seen[0] for seen in odd.seen] == ["POST", "GET"]


def test_nothing_at_the_other_end_is_never_unknown() -> None:
    with pytest.raises(Unavailable):
        Http().call("POST", "http://127.0.0.1:9/submit", write=True, json_body={})


def test_a_handshake_that_fails_has_sent_nothing(odd: Odd) -> None:
    odd.say({})
    with pytest.raises(Unavailable):
        Http().call("POST", odd.url.replace("http://", "https://"), write=True, json_body={})
    assert odd.seen == []


def test_a_platform_that_hangs_up_after_the_request_is_unknown() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            connection, _ = server.accept()
            connection.recv(65536)
            connection.close()

        threading.Thread(target=hang_up, daemon=True).start()
        with pytest.raises(OutcomeUnknown):
            Http().call("POST", f"http://127.0.0.1:{server.getsockname()[1]}/", write=True, json_body={})


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 307 Moved\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n"])
def test_the_transport_repeats_and_follows_nothing(method: str, answer: bytes) -> None:
    """One call is one request: whether another may follow is decided where it is known what it does."""
    came: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    with connection:
                        came.append(connection.recv(65536))
                        connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with suppress(OutcomeUnknown, Unavailable):
            assert Http().call(method, url, write=method == "POST").status == 307
    assert len(came) == 1


def test_an_answer_that_is_cut_off_is_unknown_on_a_write(odd: Odd) -> None:
    odd.say(b"x" * (13 * 1024 * 1024))
    with pytest.raises(OutcomeUnknown):
        Http().call("POST", odd.url, write=True)


def test_an_answer_nested_without_end_is_no_json() -> None:
    with pytest.raises(ValueError, match="deeply"):
        Answer(status=200, body=b"[" * 200_000, headers={}).json()


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP"]
)
@pytest.mark.parametrize(("write", "error"), [(False, Unavailable), (True, OutcomeUnknown)])
def test_an_answer_that_drips_is_ended(head: bytes, write: bool, error: type[Exception]) -> None:
    """Each byte comes within the timeout of reading; one without a length would pass for complete."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(head)
                # It ends some day, so that a client without a limit fails here instead of waiting for ever.
                for _byte in range(200):
                    if over.wait(0.1):
                        return
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        threading.Thread(target=drip, daemon=True).start()
        with pytest.raises(error) as caught:
            Http().call("GET", f"http://127.0.0.1:{server.getsockname()[1]}/", write=write, timeout=5, longest=0.4)
        over.set()
    assert caught.value.code == "timeout"  # type: ignore[attr-defined]
