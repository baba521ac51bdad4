"""What passes between the app and an identity platform's client."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Registration:
    """How this installation is registered at a platform. `scopes`: parted by spaces, with openid."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: str
    redirect_uri: str


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What one browser carries to the platform and back; none of it is used twice. `fresh`: the person has to sign in there
    anew, whatever session they have."""

    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    begun_at: datetime
    fresh: bool = False


@dataclass(frozen=True, kw_only=True)
class Description:
    """What a platform says of itself, read and checked."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    algorithms: tuple[str, ...]
    auth_methods: tuple[str, ...]
    # Whether it names itself in every answer (RFC 9207).
    names_itself: bool
    document: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Vouched:
    """Whom a platform vouches for: `subject` is theirs at `issuer` for good. `claims`: what else it says of them.

    `multi_factor`: it says that they showed more than one factor. `signed_in_ago`: seconds between their signing in there and
    this token, None when it does not say.
    """

    issuer: str
    subject: str
    claims: Mapping[str, Any] = field(repr=False)
    multi_factor: bool
    signed_in_ago: float | None

    @property
    def verified_email(self) -> str:
        """In lower case; "" unless the platform itself has verified it."""
        email, verified = self.claims.get("email"), self.claims.get("email_verified")
        # Some send the word instead of the value.
        right = isinstance(email, str) and "@" in email and (verified is True or verified == "true")
        return str(email).strip().lower() if right else ""

    def value(self, claim: str) -> str:
        """Of that claim, as an administrator would write it down; "" when there is none. An e-mail only when verified."""
        if claim == "email":
            return self.verified_email
        found = self.subject if claim == "sub" else self.claims.get(claim)
        usable = isinstance(found, str | int) and not isinstance(found, bool)
        return str(found).strip()[:300] if usable else ""
