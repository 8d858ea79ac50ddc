"""What a provider's token must say, and whom it then tells of: pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from coterie.kit.errors import Unauthorized

# By how much a provider's clock may be ahead of ours.
_SKEW = 60.0
_LONGEST = 255


class Refused(Unauthorized):
    """What a provider's token or code is refused for; the text is for the client, who holds it anyway."""

    def __init__(self, why: str, log: str = "") -> None:
        super().__init__("subject", f"The identity provider's token is refused: {why}.")
        self.log = log


@dataclass(frozen=True)
class Identity:
    """A person as a provider knows him: `subject` never stands for anybody else at this `issuer`.

    email: only one that the provider vouches for.
    """

    issuer: str
    subject: str
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None


def check(
    claims: Mapping[str, Any],
    *,
    issuer: str,
    audience: Collection[str],
    party: str | None,
    now: float,
) -> None:
    """Raises Refused unless the token is this issuer's, for us, and good now (Unix seconds).

    audience: of which one must be in `aud`; any, when it is empty. party: what `azp`, or else `client_id`, must be.
    """
    if claims.get("iss") != issuer:
        raise Refused("its issuer (iss) is not the configured one")
    if audience and audience_of(claims).isdisjoint(audience):
        raise Refused("it is for another audience (aud)")
    if party is not None and claims.get("azp", claims.get("client_id")) != party:
        raise Refused("it was issued to another client (azp)")
    until, begin = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(until, int | float) or not until > now:
        raise Refused("it has expired (exp)")
    if not isinstance(begin, int | float) or not begin <= now + _SKEW:
        raise Refused("it is not good yet (nbf)")


def check_id_token(
    claims: Mapping[str, Any], *, issuer: str, client_id: str, nonce: str | None, now: float
) -> None:
    """The same of an ID token (OpenID Connect Core §3.1.3.7): if it is for others too, `azp` must be this client.

    nonce: what the client sent with its request to the provider, if it did.
    """
    if nonce is not None and claims.get("nonce") != nonce:
        raise Refused("it belongs to another request (nonce)")
    several = len(audience_of(claims)) > 1 or "azp" in claims
    check(claims, issuer=issuer, audience={client_id}, party=client_id if several else None, now=now)


def audience_of(claims: Mapping[str, Any]) -> frozenset[str]:
    """Whom a token is for: `aud` is a text or a list of texts."""
    given = claims.get("aud")
    listed = given if isinstance(given, list) else [given]
    return frozenset(each for each in listed if isinstance(each, str))


def identity(claims: Mapping[str, Any], issuer: str, *, trust_email: bool) -> Identity:
    """The person that checked claims tell of. Raises Refused without a subject.

    An e-mail address that is not verified says nothing about who somebody is, so it is left out.
    """
    subject = _text(claims.get("sub"))
    if subject is None:
        raise Refused("it names nobody (sub)")
    # Some providers send the flag as text.
    flag = claims.get("email_verified")
    verified = trust_email or flag is True or flag == "true"
    return Identity(
        issuer,
        subject,
        _text(claims.get("email")) if verified else None,
        _text(claims.get("given_name")),
        _text(claims.get("family_name")),
    )


def _text(value: Any) -> str | None:
    """A text that can be stored and shown, or None."""
    usable = isinstance(value, str) and 0 < len(value) <= _LONGEST and value.isprintable() and value.strip()
    return value if usable else None
