"""An identity platform of our own over real HTTP, written from the OpenID Connect standard; it can misbehave in every way."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

CLIENT_ID, SECRET = "tandem", "s3cret-of-tandem"
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Answer = tuple[int, dict[str, str], bytes]


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _number(value: int, length: int) -> str:
    return b64(value.to_bytes(length, "big"))


@dataclass
class Grant:
    """What a code stands for."""

    nonce: str
    challenge: str
    redirect_uri: str
    auth_time: float


@dataclass
class IdentityPlatform:
    """One platform under a path of its own. `claims`: what its tokens say besides what they must; None takes one away.

    `sign`: makes the token from (header, claims), where another one than the honest one is wanted. `answers`: what stands at
    a path instead. `signed_in_at`: when the person signed in there last; None: they do so each time they come.
    """

    issuer: str
    key: Key
    kid: str = "one"
    alg: str = "RS256"
    claims: dict[str, Any] = field(default_factory=lambda: {"sub": "wang-1"})
    userinfo: dict[str, Any] | None = None
    document: dict[str, Any] = field(default_factory=dict)
    sign: Callable[[dict[str, Any], dict[str, Any]], str] | None = None
    answers: dict[str, Answer] = field(default_factory=dict)
    signed_in_at: float | None = None
    tells_auth_time: bool = True
    once: bool = True
    grants: dict[str, Grant] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    hold: threading.Event | None = None
    last_fresh: bool = False

    def handle(self, method: str, path: str, query: dict[str, str], headers: Any, body: bytes) -> Answer:
        self.asked.append(path)
        if path in self.answers:
            return self.answers[path]
        if path == "/.well-known/openid-configuration":
            return _json(200, self.describe())
        if path == "/jwks":
            return _json(200, {"keys": [self.public_key()]})
        if path == "/authorize":
            return 302, {"Location": self.authorize(query)}, b""
        if path == "/token" and method == "POST":
            return self.token(dict(parse_qsl(body.decode())), headers.get("Authorization", ""))
        if path == "/userinfo" and headers.get("Authorization") == "Bearer access-1" and self.userinfo is not None:
            return _json(200, self.userinfo)
        return _json(404, {"error": "not_found"})

    def describe(self) -> dict[str, Any]:
        found = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            "code_challenge_methods_supported": ["S256"],
            **({"userinfo_endpoint": f"{self.issuer}/userinfo"} if self.userinfo is not None else {}),
            **self.document,
        }
        return {name: value for name, value in found.items() if value is not None}

    def public_key(self) -> dict[str, Any]:
        numbers = self.key.public_key().public_numbers()
        if isinstance(numbers, rsa.RSAPublicNumbers):
            parts = {"kty": "RSA", "n": _number(numbers.n, 256), "e": _number(numbers.e, 3)}
        else:
            parts = {"kty": "EC", "crv": "P-256", "x": _number(numbers.x, 32), "y": _number(numbers.y, 32)}
        return {**parts, "kid": self.kid, "use": "sig", "alg": self.alg}

    def authorize(self, query: dict[str, str]) -> str:
        """Where a browser is sent back to: here everybody agrees at once."""
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        fresh = query.get("prompt") == "login" and query.get("max_age") == "0"
        at = time.time() if self.signed_in_at is None else self.signed_in_at
        code = secrets.token_urlsafe(16)
        self.grants[code] = Grant(query["nonce"], query["code_challenge"], query["redirect_uri"], at)
        self.last_fresh = fresh
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def token(self, form: dict[str, str], authorization: str) -> Answer:
        given = base64.b64decode(authorization.removeprefix("Basic ")).decode() if authorization else ""
        if [unquote(part) for part in given.split(":", 1)] != [CLIENT_ID, SECRET]:
            return _json(401, {"error": "invalid_client", "error_description": "客户端不对"})
        grant = self.grants.get(form["code"])
        right = grant is not None and form.get("redirect_uri") == grant.redirect_uri
        if grant is None or not right or b64(sha256(form["code_verifier"].encode()).digest()) != grant.challenge:
            return _json(400, {"error": "invalid_grant"})
        if self.once:
            del self.grants[form["code"]]
        return _json(200, {"access_token": "access-1", "token_type": "Bearer", "id_token": self.id_token(grant)})

    def id_token(self, grant: Grant) -> str:
        now = time.time()
        honest = {"iss": self.issuer, "aud": CLIENT_ID, "iat": int(now), "exp": int(now) + 300, "nonce": grant.nonce}
        if self.tells_auth_time:
            honest["auth_time"] = int(grant.auth_time)
        claims = {name: value for name, value in {**honest, **self.claims}.items() if value is not None}
        return (self.sign or self.signed)({"alg": self.alg, "kid": self.kid, "typ": "JWT"}, claims)

    def signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        return signed_by(self.key, header, claims)

    def rotate(self, key: Key, kid: str) -> None:
        """From now on it signs with another key, and has forgotten the last one."""
        self.key, self.kid = key, kid


def signed_by(key: Key | bytes | None, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """A compact token: by an RSA or EC key, by a shared secret (bytes), or by nobody (None)."""
    text = ".".join(b64(json.dumps(part).encode()) for part in (header, claims))
    if key is None:
        return f"{text}."
    if isinstance(key, bytes):
        signature = hmac.digest(key, text.encode(), "sha256")
    elif isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(text.encode(), padding.PKCS1v15(), SHA256())
    else:
        r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return f"{text}.{b64(signature)}"


def public_pem(key: Key) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def _json(status: int, body: Any) -> Answer:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


class Platforms:
    """A server with any number of platforms, each under its own path."""

    def __init__(self) -> None:
        self.known: dict[str, IdentityPlatform] = {}
        platforms = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                parts = urlsplit(self.path)
                name, _, rest = parts.path[1:].partition("/")
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                platform = platforms.known[name]
                status, headers, content = platform.handle(
                    self.command, f"/{rest}", dict(parse_qsl(parts.query)), self.headers, body
                )
                if platform.hold is not None:
                    platform.hold.wait(30)
                self.send_response(status)
                for key, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(key, value)
                self.end_headers()
                # Whoever did not want to wait is gone.
                with suppress(ConnectionError):
                    self.wfile.write(content)

            do_GET = do_POST = _answer

            def log_message(self, *_args: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.key = rsa.generate_private_key(65537, 2048)
        self.other_key = rsa.generate_private_key(65537, 2048)

    @contextmanager
    def running(self) -> Iterator[Platforms]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield self
        self._server.shutdown()
        self._server.server_close()
        thread.join()

    def new(self) -> IdentityPlatform:
        """One that nobody has asked before."""
        name = secrets.token_hex(6)
        issuer = f"http://127.0.0.1:{self._server.server_address[1]}/{name}"
        self.known[name] = IdentityPlatform(issuer=issuer, key=self.key)
        return self.known[name]
