"""Every request to an identity platform: short, bounded, guarded; and the platform's own description and keys, kept a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from authlib.oidc.discovery import OpenIDProviderMetadata, get_well_known_url
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, import_key

from connectors.errors import ConnectorError
from connectors.guard import is_no_trap, is_web
from connectors.http import Answer, Http, new_session
from connectors.openid.faults import WORDS, fault
from connectors.openid.values import Description

# Signatures by which a platform is known; those with a shared secret would let whoever has it be anybody.
SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
# Seconds: somebody waits at the sign-in page, and holds one of the server's few threads.
_READ, _LONGEST = 5.0, 8.0
# So long a description and its keys are good for (seconds); a signature that they do not open asks for them anew at once.
_KEPT_FOR = 600.0
_LOCAL = ("127.0.0.1", "localhost", "::1")
_http = Http(session=new_session(8, allows=is_no_trap))


def ask(method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None) -> Answer:
    """One request, never repeated, no redirect followed. Raises Refused or Unavailable, a code of faults.WORDS in each."""
    try:
        return _http.call(
            method,
            url,
            # A code that got lost is simply not used: nothing is unknown afterwards.
            write=False,
            headers={"Accept": "application/json", **(headers or {})},
            raw_body=body,
            timeout=_READ,
            longest=_LONGEST,
        )
    except ConnectorError as error:
        raise fault(error.code if error.code in WORDS else "disconnected") from None


def json_of(answer: Answer) -> dict[str, Any]:
    """The JSON object of a good answer. Raises Refused or Unavailable."""
    if answer.status >= 500 or answer.status == 429:
        raise fault("failing", f"HTTP {answer.status}")
    try:
        found = answer.json()
    except ValueError:
        found = None
    if answer.status != 200 or not isinstance(found, dict):
        raise fault("not_json", f"HTTP {answer.status}")
    return found


def is_safe(url: object, *, local: bool = False) -> bool:
    """https, or with `local` this very machine: what comes by any other way, others could have written."""
    if not isinstance(url, str) or len(url) > 400 or not is_web(url) or urlsplit(url).fragment:
        return False
    return urlsplit(url).scheme == "https" or (local and is_local(url))


def is_local(url: str) -> bool:
    return is_web(url) and urlsplit(url).hostname in _LOCAL


def describe(issuer: str) -> tuple[Description, Answer]:
    """What the platform says of itself, asked now, with the answer it came in. Raises Refused or Unavailable."""
    if not is_safe(issuer, local=True) or urlsplit(issuer).query:
        raise fault("address")
    answer = ask("GET", get_well_known_url(issuer, external=True))
    if answer.status in (301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 410):
        raise fault("no_discovery", f"HTTP {answer.status}")
    return _read(OpenIDProviderMetadata(json_of(answer)), issuer), answer


def _read(found: OpenIDProviderMetadata, issuer: str) -> Description:
    if found.get("issuer") != issuer:
        raise fault("other_issuer", str(found.get("issuer")))
    local = is_local(issuer)
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if not is_safe(found.get(name), local=local):
            raise fault("endpoints", name)
    if "code" not in _words(found.get("response_types_supported", ["code"])):
        raise fault("no_code")
    offered = _words(found.get("id_token_signing_alg_values_supported", ["RS256"]))
    algorithms = tuple(name for name in SIGNED_BY if name in offered)
    if not algorithms:
        raise fault("algorithms", ", ".join(offered))
    userinfo = found.get("userinfo_endpoint")
    return Description(
        issuer=issuer,
        authorization_endpoint=found["authorization_endpoint"],
        token_endpoint=found["token_endpoint"],
        jwks_uri=found["jwks_uri"],
        userinfo_endpoint=userinfo if is_safe(userinfo, local=local) else "",
        algorithms=algorithms,
        auth_methods=tuple(_words(found.token_endpoint_auth_methods_supported)),
        names_itself=found.get("authorization_response_iss_parameter_supported") is True,
        document=found,
    )


def _words(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def keys_of(description: Description) -> KeySet:
    """Its public keys that sign, asked now. Raises Refused or Unavailable."""
    given = json_of(ask("GET", description.jwks_uri)).get("keys")
    keys = []
    for one in given if isinstance(given, list) else []:
        # A shared secret is no public key, whoever publishes it.
        if not isinstance(one, dict) or one.get("kty") == "oct" or one.get("use", "sig") != "sig":
            continue
        try:
            keys.append(import_key(one))
        except (JoseError, ValueError, TypeError, KeyError):
            # Of a kind not known here (the next generation's, say): the others are as good as before.
            continue
    if not keys:
        raise fault("no_keys")
    return KeySet(keys)


@dataclass(frozen=True, kw_only=True)
class Known:
    """A platform as it was found at `since` (monotonic seconds)."""

    description: Description
    keys: KeySet
    since: float


class Directory:
    """What is known of platforms in this process."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}
        self._lock = threading.Lock()

    def find(self, issuer: str, *, anew: bool = False) -> Known:
        """Asked at most every ten minutes, or now (`anew`). Raises Refused or Unavailable."""
        known = self._known.get(issuer)
        if known is not None and not anew and time.monotonic() - known.since <= _KEPT_FOR:
            return known
        description, _answer = describe(issuer)
        found = Known(description=description, keys=keys_of(description), since=time.monotonic())
        with self._lock:
            # One platform is in use at a time.
            self._known = {issuer: found}
        return found
