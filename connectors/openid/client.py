"""Sending a browser to an identity platform, and taking what it brings back: code flow with PKCE, state and nonce."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ClaimError,
    ExpiredTokenError,
    InvalidKeyIdError,
    JoseError,
    UnsupportedAlgorithmError,
)
from joserfc.jws import JWSRegistry

from connectors.errors import Refused
from connectors.http import Answer
from connectors.openid.asking import Directory, Known, ask, json_of
from connectors.openid.faults import fault
from connectors.openid.values import Attempt, Description, Registration, Vouched

# How far two machines' clocks may be apart (seconds).
LEEWAY = 120
# Between our sending the browser off and the platform's hearing of it, rounding included (seconds).
_SLACK = 5
# More than one factor: RFC 8176, and the names that are in common use for acr.
_MULTI_FACTOR = frozenset(
    {"mfa", "https://refeds.org/profile/mfa", "http://schemas.openid.net/pape/policies/2007/06/multi-factor"}
)
_BY_CLAIM = {"iss": "issuer", "aud": "audience", "azp": "audience", "nonce": "nonce", "iat": "clock", "nbf": "clock"}
_AT_TOKEN = {"invalid_client": "client", "unauthorized_client": "client", "invalid_grant": "grant"}

_VERIFIED = "email_verified"
# Of a subject, the claims that must be known of it.
Needed = Callable[[str], frozenset[str]]

_directory = Directory()


class ProviderClient:
    """One platform, as this installation is registered there. Its methods ask the platform; hold no transaction meanwhile."""

    def __init__(self, registration: Registration, directory: Directory = _directory) -> None:
        self._as, self._directory = registration, directory

    def address(self, attempt: Attempt) -> str:
        """Where the browser is sent. Raises Refused or Unavailable."""
        known = self._directory.find(self._as.issuer)
        # max_age: the platform then has to say when the person signed in.
        more = {"prompt": "login", "max_age": "0"} if attempt.fresh else {}
        url, _state = self._oauth(known.description).create_authorization_url(
            known.description.authorization_endpoint,
            state=attempt.state,
            code_verifier=attempt.verifier,
            nonce=attempt.nonce,
            **more,
        )
        return str(url)

    def vouched(self, attempt: Attempt, answer: Mapping[str, str], *, needed: Needed, now: datetime) -> Vouched:
        """Whom the platform vouches for. `answer`: the query with which the browser came back, its state checked already.
        `needed`: of a subject, the claims that must be known; asked for separately when the token does not hold them.

        Raises Refused or Unavailable, a code of faults.WORDS in each.
        """
        known = self._directory.find(self._as.issuer)
        named = answer.get("iss", "")
        if named != self._as.issuer and (named or known.description.names_itself):
            # Another platform's answer, brought to us as this one's (RFC 9207).
            raise fault("issuer")
        token = self._exchanged(known.description, answer.get("code", ""), attempt)
        claims = self._claims(known, token, attempt, now)
        ago = _signed_in_ago(claims)
        if attempt.fresh and (ago is None or ago > (now - attempt.begun_at).total_seconds() + _SLACK):
            raise fault("stale")
        more = self._more(known.description, token, claims, needed(claims["sub"]))
        return Vouched(
            issuer=self._as.issuer,
            subject=claims["sub"],
            claims=_merged(claims, more),
            multi_factor=_multi_factor(claims),
            signed_in_ago=ago,
        )

    def knows_us(self, description: Description) -> bool | None:
        """Whether the platform takes our id and secret: tried with a code that it never gave. None: it does not tell.

        Raises Unavailable when it cannot be asked.
        """
        try:
            self._exchanged(description, "is-the-secret-right", None)
        except Refused as refused:
            return {"grant": True, "client": False}.get(refused.code)
        return None

    def _oauth(self, description: Description) -> Any:
        secret, methods = self._as.client_secret, description.auth_methods
        method = "client_secret_basic" if not methods or "client_secret_basic" in methods else "client_secret_post"
        client = OAuth2Client(
            _Asked(),
            client_id=self._as.client_id,
            client_secret=secret,
            token_endpoint_auth_method=method if secret else "none",
            scope=self._as.scopes,
            redirect_uri=self._as.redirect_uri,
            code_challenge_method="S256",
        )
        client.oauth_error_class = _Said
        return client

    def _exchanged(self, description: Description, code: str, attempt: Attempt | None) -> dict[str, Any]:
        if not code or len(code) > 4000:
            raise fault("request")
        verifier = attempt.verifier if attempt is not None else "-" * 43
        try:
            token = self._oauth(description).fetch_token(description.token_endpoint, code=code, code_verifier=verifier)
        except _Said as said:
            raise fault(_AT_TOKEN.get(said.error, "exchange")) from None
        except ValueError:
            raise fault("not_json") from None
        return dict(token)

    def _claims(self, known: Known, token: dict[str, Any], attempt: Attempt, now: datetime) -> dict[str, Any]:
        written = token.get("id_token")
        if not isinstance(written, str):
            raise fault("no_token")
        try:
            found = _opened(written, known)
        except (InvalidKeyIdError, BadSignatureError):
            # Platforms change their keys; what is kept here is then too old.
            found = self._opened_anew(written)
        options = {
            "iss": {"essential": True, "value": self._as.issuer},
            "aud": {"essential": True, "value": self._as.client_id},
        }
        expected = {
            "nonce": attempt.nonce,
            "client_id": self._as.client_id,
            "access_token": token.get("access_token"),
        }
        claims = CodeIDToken(found.claims, found.header, options, expected)
        try:
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY)
        except ExpiredTokenError:
            raise fault("expired") from None
        except ClaimError as error:
            raise fault(_BY_CLAIM.get(error.claim.partition(",")[0], "claims"), error.claim) from None
        except (JoseError, ValueError, TypeError, AttributeError):
            raise fault("claims") from None
        if not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255:
            raise fault("claims", "sub")
        return dict(claims)

    def _opened_anew(self, written: str) -> jwt.Token:
        try:
            return _opened(written, self._directory.find(self._as.issuer, anew=True))
        except (InvalidKeyIdError, BadSignatureError):
            raise fault("signature") from None

    def _more(
        self, description: Description, token: dict[str, Any], claims: dict[str, Any], needed: frozenset[str]
    ) -> dict[str, Any]:
        """What the platform says of the person only when asked; {} where nothing is missing."""
        access = token.get("access_token")
        missing = needed - claims.keys() or ("email" in needed and _VERIFIED not in claims)
        if not missing or not description.userinfo_endpoint or not isinstance(access, str):
            return {}
        if not access.isascii() or not access.isprintable():
            raise fault("claims", "access_token")
        found = json_of(ask("GET", description.userinfo_endpoint, headers={"Authorization": f"Bearer {access}"}))
        if found.get("sub") != claims["sub"]:
            raise fault("subject")
        return found


def _merged(claims: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """What the token says goes first; an e-mail only together with the word on it that came with it."""
    if "email" in more and _VERIFIED not in claims:
        claims = {name: value for name, value in claims.items() if name != "email"}
    else:
        more = {name: value for name, value in more.items() if name not in ("email", _VERIFIED)}
    return {**more, **claims}


def _opened(written: str, known: Known) -> jwt.Token:
    """The token with its signature checked, by the ways of signing that the platform names and we take."""
    registry = JWSRegistry(algorithms=list(known.description.algorithms), strict_check_header=False)
    try:
        return jwt.decode(written, known.keys, registry=registry)
    except (InvalidKeyIdError, BadSignatureError):
        raise
    except UnsupportedAlgorithmError:
        raise fault("algorithm") from None
    except (JoseError, ValueError, TypeError, KeyError):
        raise fault("signature") from None


def _signed_in_ago(claims: Mapping[str, Any]) -> float | None:
    """By the platform's clock alone: ours may be another."""
    at, issued = claims.get("auth_time"), claims.get("iat")
    if isinstance(at, bool) or not isinstance(at, int | float) or not isinstance(issued, int | float):
        return None
    return max(0.0, float(issued) - float(at)) if 0 < at < 1e11 else None


def _multi_factor(claims: Mapping[str, Any]) -> bool:
    amr = claims.get("amr")
    said = [*(amr if isinstance(amr, list) else []), claims.get("acr")]
    return any(isinstance(one, str) and one in _MULTI_FACTOR for one in said)


class _Said(Exception):
    """The error that the token endpoint answered; what else it wrote is nobody's business."""

    def __init__(self, error: object, description: object = None) -> None:
        super().__init__("the identity platform said no")
        self.error = error if isinstance(error, str) else ""


class _Asked:
    """What Authlib takes for a session of requests: it asks as everything here does."""

    def post(self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str], auth: Any) -> _Answered:
        url, sent, body = auth.prepare("POST", url, dict(headers), urlencode(data))
        return _Answered(ask("POST", url, headers=sent, body=body.encode()))


class _Answered:
    """As much of requests.Response as Authlib reads."""

    def __init__(self, answer: Answer) -> None:
        self._answer, self.status_code = answer, answer.status

    def raise_for_status(self) -> None:
        if self.status_code >= 400:
            raise fault("failing" if self.status_code >= 500 else "exchange", f"HTTP {self.status_code}")

    def json(self) -> Any:
        return self._answer.json()
