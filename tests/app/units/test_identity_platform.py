"""The client of an identity platform, over real HTTP: what it takes, and every way in which it does not."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from connectors.errors import ConnectorError, Unavailable
from connectors.openid import asking
from connectors.openid.asking import Directory, is_safe
from connectors.openid.client import LEEWAY, ProviderClient
from connectors.openid.faults import WORDS, answered
from connectors.openid.values import Attempt, Registration, Vouched
from tests.app.units.identity_platform import CLIENT_ID, SECRET, IdentityPlatform, Platforms, public_pem, signed_by

REDIRECT = "https://tandem.example.gov.cn/sign-in/provider/return"


class Desk:
    """One installation's client, and the browsers that go through it."""

    def __init__(self, platform: IdentityPlatform, **instead: str) -> None:
        given = {"client_id": CLIENT_ID, "client_secret": SECRET, "scopes": "openid email", **instead}
        self.platform = platform
        self.client = ProviderClient(Registration(issuer=platform.issuer, redirect_uri=REDIRECT, **given), Directory())

    def leave(self, *, fresh: bool = False) -> tuple[Attempt, dict[str, str]]:
        """(what the browser keeps, what it brings back)."""
        tokens = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
        attempt = Attempt(**tokens, begun_at=datetime.now(UTC), fresh=fresh)
        asked = dict(parse_qsl(urlsplit(self.client.address(attempt)).query))
        back = urlsplit(self.platform.authorize(asked))
        return attempt, dict(parse_qsl(back.query))

    def vouched(self, *needed: str, fresh: bool = False, later: timedelta = timedelta(0), **brought: str) -> Vouched:
        attempt, answer = self.leave(fresh=fresh)
        now = datetime.now(UTC) + later
        return self.client.vouched(attempt, {**answer, **brought}, needed=lambda _sub: frozenset(needed), now=now)

    def refused(self, *needed: str, fresh: bool = False, later: timedelta = timedelta(0), **brought: str) -> str:
        with pytest.raises(ConnectorError) as refused:
            self.vouched(*needed, fresh=fresh, later=later, **brought)
        assert refused.value.cause == WORDS[refused.value.code]
        return refused.value.code


@pytest.fixture
def desk(platform: IdentityPlatform) -> Desk:
    return Desk(platform)


def test_an_honest_platform_vouches_for_a_person(desk: Desk) -> None:
    desk.platform.claims |= {"email": "Wang@Example.gov.cn", "email_verified": True}
    found = desk.vouched("sub")
    assert (found.issuer, found.subject) == (desk.platform.issuer, "wang-1")
    assert found.verified_email == "wang@example.gov.cn"
    assert found.signed_in_ago is not None
    assert found.signed_in_ago <= 2
    assert not found.multi_factor


def test_what_was_read_once_is_not_asked_again(desk: Desk) -> None:
    desk.vouched()
    desk.vouched()
    assert desk.platform.asked.count("/jwks") == 1
    assert desk.platform.asked.count("/.well-known/openid-configuration") == 1


def test_keys_of_elliptic_curves_are_taken(desk: Desk) -> None:
    desk.platform.key, desk.platform.alg = ec.generate_private_key(ec.SECP256R1()), "ES256"
    assert desk.vouched().subject == "wang-1"


def test_a_key_that_was_changed_is_fetched_and_the_last_one_is_not_taken(desk: Desk, platforms: Platforms) -> None:
    old = desk.platform.key
    assert desk.vouched().subject == "wang-1"
    desk.platform.rotate(platforms.other_key, "two")
    assert desk.vouched().subject == "wang-1"
    desk.platform.sign = lambda header, claims: signed_by(old, {**header, "kid": "one"}, claims)
    assert desk.refused() == "signature"
    # The same name, another key.
    desk.platform.sign = None
    desk.platform.rotate(old, "two")
    assert desk.vouched().subject == "wang-1"


LIES: list[tuple[str, dict[str, Any]]] = [
    ("audience", {"aud": "another"}),
    ("audience", {"aud": ["tandem", "another"]}),
    ("audience", {"aud": ["tandem", "another"], "azp": "another"}),
    ("audience", {"azp": "another"}),
    ("audience", {"aud": None}),
    ("audience", {"aud": []}),
    ("audience", {"aud": 7}),
    ("issuer", {"iss": "https://another.example"}),
    ("issuer", {"iss": None}),
    ("nonce", {"nonce": "another"}),
    ("nonce", {"nonce": None}),
    ("expired", {"exp": 1}),
    ("claims", {"exp": None}),
    ("claims", {"exp": "never"}),
    ("claims", {"sub": None}),
    ("claims", {"sub": ""}),
    ("claims", {"sub": 12}),
    ("claims", {"sub": "x" * 256}),
    ("claims", {"amr": "mfa"}),
    ("claims", {"at_hash": "another"}),
]


@pytest.mark.parametrize(("code", "lie"), LIES, ids=str)
def test_a_token_that_is_not_for_us_now_is_refused(desk: Desk, code: str, lie: dict[str, Any]) -> None:
    desk.platform.claims |= lie
    assert desk.refused() == code


def test_several_audiences_are_taken_when_we_are_the_one_it_was_made_for(desk: Desk) -> None:
    desk.platform.claims |= {"aud": ["tandem", "another"], "azp": "tandem"}
    assert desk.vouched().subject == "wang-1"


def test_clocks_may_be_two_minutes_apart_and_no_more(desk: Desk) -> None:
    ahead = timedelta(seconds=300 + LEEWAY)
    assert desk.vouched(later=ahead - timedelta(seconds=30)).subject == "wang-1"
    assert desk.refused(later=ahead + timedelta(seconds=30)) == "expired"
    assert desk.vouched(later=-timedelta(seconds=LEEWAY - 30)).subject == "wang-1"
    assert desk.refused(later=-timedelta(seconds=LEEWAY + 30)) == "clock"


Sign = Callable[[IdentityPlatform, Platforms], Callable[[dict[str, Any], dict[str, Any]], str]]
FORGERIES: list[tuple[str, str, Sign]] = [
    ("none", "algorithm", lambda _p, _all: lambda h, c: signed_by(None, {**h, "alg": "none"}, c)),
    (
        "HS256 by the public key",
        "algorithm",
        lambda p, _all: lambda h, c: signed_by(public_pem(p.key), {**h, "alg": "HS256"}, c),
    ),
    (
        "HS256 by the secret",
        "algorithm",
        lambda _p, _all: lambda h, c: signed_by(SECRET.encode(), {**h, "alg": "HS256"}, c),
    ),
    ("another key", "signature", lambda _p, both: lambda h, c: signed_by(both.other_key, h, c)),
    ("another kind of key", "signature", lambda p, _all: lambda h, c: signed_by(p.key, {**h, "alg": "ES256"}, c)),
    ("a key that nobody knows", "signature", lambda p, _all: lambda h, c: signed_by(p.key, {**h, "kid": "x"}, c)),
    ("its own key in the head", "signature", lambda _p, both: lambda h, c: signed_by(both.other_key, _with_key(h), c)),
    (
        "a changed body",
        "signature",
        lambda p, _all: lambda h, c: _swapped(signed_by(p.key, h, c), {**c, "sub": "boss"}),
    ),
    ("no token", "signature", lambda _p, _all: lambda _h, _c: "nonsense"),
    ("two parts", "signature", lambda _p, _all: lambda _h, _c: "e30.e30"),
    ("a critical head", "signature", lambda p, _all: lambda h, c: signed_by(p.key, {**h, "crit": ["exp"]}, c)),
]


def _with_key(header: dict[str, Any]) -> dict[str, Any]:
    return {**header, "jwk": {"kty": "oct", "k": "AA"}, "jku": "http://127.0.0.1:9/keys", "kid": "one"}


def _swapped(token: str, claims: dict[str, Any]) -> str:
    head, _body, signature = token.split(".")
    return ".".join((head, signed_by(None, {}, claims).split(".")[1], signature))


@pytest.mark.parametrize(("code", "sign"), [each[1:] for each in FORGERIES], ids=[each[0] for each in FORGERIES])
def test_a_token_that_the_platform_did_not_sign_is_refused(
    desk: Desk, platforms: Platforms, code: str, sign: Sign
) -> None:
    desk.platform.sign = sign(desk.platform, platforms)
    assert desk.refused() == code


def test_a_platform_that_names_shared_secrets_alone_is_not_used(desk: Desk) -> None:
    desk.platform.document = {"id_token_signing_alg_values_supported": ["HS256", "none"]}
    assert desk.refused() == "algorithms"
    desk.platform.document = {"id_token_signing_alg_values_supported": ["HS256", "none", "RS256"]}
    desk.platform.sign = lambda header, claims: signed_by(None, {**header, "alg": "none"}, claims)
    assert desk.refused() == "algorithm"


def test_a_shared_secret_among_the_public_keys_opens_nothing(desk: Desk) -> None:
    keys = {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "one"}]}
    desk.platform.answers["/jwks"] = (200, {}, json.dumps(keys).encode())
    assert desk.refused() == "no_keys"


def test_a_code_is_good_once_and_for_its_own_verifier(desk: Desk) -> None:
    attempt, answer = desk.leave()
    stolen, _ = desk.leave()
    with pytest.raises(ConnectorError) as refused:
        desk.client.vouched(stolen, answer, needed=lambda _sub: frozenset(), now=datetime.now(UTC))
    assert refused.value.code == "grant"
    found = desk.client.vouched(attempt, answer, needed=lambda _sub: frozenset(), now=datetime.now(UTC))
    assert found.subject == "wang-1"
    with pytest.raises(ConnectorError) as refused:
        desk.client.vouched(attempt, answer, needed=lambda _sub: frozenset(), now=datetime.now(UTC))
    assert refused.value.code == "grant"


def test_another_platforms_answer_is_not_taken_for_this_ones(desk: Desk) -> None:
    assert desk.vouched(iss=desk.platform.issuer).subject == "wang-1"
    assert desk.refused(iss="https://another.example") == "issuer"


def test_a_platform_that_names_itself_always_does(platform: IdentityPlatform) -> None:
    platform.document = {"authorization_response_iss_parameter_supported": True}
    assert Desk(platform).refused() == "issuer"
    assert Desk(platform).vouched(iss=platform.issuer).subject == "wang-1"


ANSWERS: list[tuple[str, str, int, bytes]] = [
    ("no_discovery", "/.well-known/openid-configuration", 404, b""),
    ("no_discovery", "/.well-known/openid-configuration", 302, b""),
    ("failing", "/.well-known/openid-configuration", 503, b"{}"),
    ("not_json", "/.well-known/openid-configuration", 200, b"<html>"),
    ("not_json", "/.well-known/openid-configuration", 200, b"[]"),
    ("not_json", "/jwks", 404, b"{}"),
    ("no_keys", "/jwks", 200, b'{"keys": 7}'),
    ("no_keys", "/jwks", 200, b'{"keys": [7, {"kty": "new"}, {"kty": "RSA"}]}'),
    ("failing", "/token", 500, b"oh"),
    ("not_json", "/token", 200, b"<html>"),
    ("not_json", "/token", 200, b'["id_token"]'),
    ("exchange", "/token", 404, b"<html>"),
    ("exchange", "/token", 400, '{"error": "temporarily", "error_description": "坏"}'.encode()),
    ("exchange", "/token", 400, b'{"error": {"a": 1}}'),
    ("no_token", "/token", 200, b"{}"),
    ("no_token", "/token", 200, b'{"id_token": 7}'),
    ("signature", "/token", 200, b'{"id_token": "a.b.c"}'),
]


@pytest.mark.parametrize(("code", "path", "status", "body"), ANSWERS)
def test_an_answer_that_is_none_is_told(desk: Desk, code: str, path: str, status: int, body: bytes) -> None:
    desk.platform.answers[path] = (status, {}, body)
    assert desk.refused() == code


@pytest.mark.parametrize(
    ("code", "document"),
    [
        ("other_issuer", {"issuer": "https://id.example.gov.cn"}),
        ("endpoints", {"token_endpoint": None}),
        ("endpoints", {"jwks_uri": "http://id.example.gov.cn/keys"}),
        ("endpoints", {"authorization_endpoint": "javascript:alert(1)"}),
        ("no_code", {"response_types_supported": ["id_token"]}),
    ],
)
def test_a_description_that_cannot_be_used_is_told(desk: Desk, code: str, document: dict[str, Any]) -> None:
    desk.platform.document = document
    assert desk.refused() == code


def test_a_wrong_secret_is_told(platform: IdentityPlatform) -> None:
    assert Desk(platform, client_secret="another").refused() == "client"


def test_whether_the_platform_knows_us_is_tried_without_anybody(platform: IdentityPlatform) -> None:
    description, _answer = asking.describe(platform.issuer)
    assert Desk(platform).client.knows_us(description) is True
    assert Desk(platform, client_secret="another").client.knows_us(description) is False
    platform.answers["/token"] = (400, {}, b'{"error": "invalid_request"}')
    assert Desk(platform).client.knows_us(description) is None


def test_a_silent_platform_keeps_nobody_long(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.platform.hold = threading.Event()
    monkeypatch.setattr(asking, "_READ", 0.2)
    assert desk.refused() == "timeout"
    desk.platform.hold.set()


def test_nobody_there(platform: IdentityPlatform) -> None:
    platform.issuer = "http://127.0.0.1:9/nobody"
    with pytest.raises(Unavailable) as refused:
        Desk(platform).vouched()
    assert refused.value.code == "disconnected"


@pytest.mark.parametrize(
    "issuer", ["http://169.254.169.254", "http://id.example.gov.cn", "ftp://127.0.0.1", "https://", "x"]
)
def test_only_what_is_encrypted_is_asked(issuer: str) -> None:
    assert not is_safe(issuer, local=True)
    with pytest.raises(ConnectorError) as refused:
        asking.describe(issuer)
    assert refused.value.code == "address"


def test_where_clouds_keep_their_secrets_nothing_is_asked() -> None:
    with pytest.raises(ConnectorError) as refused:
        asking.describe("https://169.254.169.254")
    assert refused.value.code == "barred"


def test_what_the_token_leaves_out_is_asked_for(desk: Desk) -> None:
    desk.platform.userinfo = {"sub": "wang-1", "email": "wang@example.gov.cn", "email_verified": True}
    assert desk.vouched().verified_email == ""
    assert desk.vouched("email").verified_email == "wang@example.gov.cn"
    # What the one says of an address is no word on the other's.
    desk.platform.claims |= {"email": "boss@example.gov.cn"}
    assert desk.vouched("email").verified_email == "wang@example.gov.cn"
    desk.platform.claims |= {"email_verified": False}
    assert desk.vouched("email").verified_email == ""
    desk.platform.claims |= {"email": None, "email_verified": None}
    desk.platform.userinfo["sub"] = "boss"
    assert desk.refused("email") == "subject"


@pytest.mark.parametrize("verified", [None, False, "false", "True", 1, {}])
def test_an_address_that_the_platform_did_not_verify_is_none(desk: Desk, verified: object) -> None:
    desk.platform.claims |= {"email": "wang@example.gov.cn", "email_verified": verified}
    found = desk.vouched()
    assert found.verified_email == ""
    assert found.value("email") == ""


def test_a_fresh_sign_in_is_one_that_came_after_we_asked(desk: Desk) -> None:
    assert desk.vouched(fresh=True).subject == "wang-1"
    assert desk.platform.last_fresh
    desk.platform.signed_in_at = time.time() - 60
    assert desk.vouched().signed_in_ago == pytest.approx(60, abs=3)
    assert desk.refused(fresh=True) == "stale"
    desk.platform.tells_auth_time = False
    assert desk.refused(fresh=True) == "stale"
    desk.platform.claims |= {"auth_time": True}
    assert desk.refused(fresh=True) == "stale"


@pytest.mark.parametrize(
    ("said", "more"),
    [
        ({"amr": ["pwd", "mfa"]}, True),
        ({"acr": "https://refeds.org/profile/mfa"}, True),
        ({"amr": ["pwd", "otp"]}, False),
        ({"acr": "mfa-never"}, False),
        ({"amr": [{"mfa": 1}]}, False),
    ],
)
def test_more_than_one_factor_is_what_the_platform_says(desk: Desk, said: dict[str, Any], more: bool) -> None:
    desk.platform.claims |= said
    assert desk.vouched().multi_factor is more


def test_what_a_platform_answers_the_browser_is_told() -> None:
    assert [answered(word) for word in ("access_denied", "login_required", "server_error", "unheard_of")] == [
        "denied",
        "interaction",
        "busy",
        "request",
    ]
