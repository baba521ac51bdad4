"""A mail server: as much SMTP as messages need, over a real socket."""

from __future__ import annotations

import base64
import email
import email.policy
import socketserver
import threading
from email.message import EmailMessage
from typing import cast


class _Talk(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        box = cast("Mailbox", self.server)
        self.wfile.write(b"220 test\r\n")
        for line in iter(self.rfile.readline, b""):
            word = line.split()[0].upper()
            if word == b"RCPT" and box.refuses:
                self.wfile.write(b"550 no such mailbox\r\n")
                continue
            if word == b"EHLO":
                self.wfile.write(b"250-test\r\n250 AUTH PLAIN\r\n")
                continue
            if word == b"AUTH":
                box.logins.append(base64.b64decode(line.split()[-1]).decode().split("\0")[-1])
                self.wfile.write(b"235 ok\r\n")
                continue
            if word == b"DATA":
                self.wfile.write(b"354 go\r\n")
                box.raw.append(b"".join(iter(self.rfile.readline, b".\r\n")))
            self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                return


class Mailbox(socketserver.ThreadingTCPServer):
    """`refuses`: it knows no recipient."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.raw: list[bytes] = []
        # Passwords that were given.
        self.logins: list[str] = []
        self.refuses = False
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def url(self) -> str:
        host, port = self.server_address[:2]
        return f"smtp://{host!s}:{port}?from=tandem@example.cn"

    @property
    def mails(self) -> list[EmailMessage]:
        policy = email.policy.default
        return [cast(EmailMessage, email.message_from_bytes(raw, policy=policy)) for raw in self.raw]

    def texts(self, to: str) -> list[str]:
        """What came for `to`, subject and text."""
        return [f"{mail['Subject']}\n{mail.get_content()}" for mail in self.mails if mail["To"] == to]

    def close(self) -> None:
        self.shutdown()
        self.server_close()
