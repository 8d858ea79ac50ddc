"""What a person brings from an identity provider, a token or a code, and whom it proves him to be.

Nothing here opens a transaction: the provider may be slow. What can't be asked is Unavailable, what is no good Refused.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from coterie.federation import claims
from coterie.federation.claims import Identity, Refused
from coterie.federation.configured import is_safe, url_of
from coterie.federation.documents import Unavailable, as_object, documents_of
from coterie.federation.schemas import ExchangeProvider, LoginProvider, Provider
from coterie.federation.signatures import UnknownKey, verified
from coterie.fetch import FetchError
from coterie.kit.call import Call


@dataclass(frozen=True)
class Proven:
    """Who signed in by a code, and the provider's tokens, which his storefront may want."""

    identity: Identity
    access_token: str
    id_token: str


async def by_token(call: Call, provider: ExchangeProvider, token: str) -> Identity:
    """Whom an access token is of: held against the provider's keys, or asked for where there are none.

    Raises Refused or Unavailable.
    """
    offline = provider.jwks is not None or provider.jwks_uri is not None
    if offline or provider.token_introspect_endpoint is None:
        known = await _signed(call, provider, token)
    else:
        known = await _introspected(call, provider, provider.token_introspect_endpoint, token)
    audience = [provider.audience] if isinstance(provider.audience, str) else provider.audience or []
    party, now = provider.token_client_id, call.now.timestamp()
    claims.check(known, issuer=provider.issuer, audience=audience, party=party, now=now)
    return claims.identity(known, provider.issuer, trust_email=bool(provider.trust_email))


async def by_code(
    call: Call,
    provider: LoginProvider,
    code: str,
    redirect_uri: str,
    verifier: str | None,
    nonce: str | None,
) -> Proven:
    """Whom an authorisation code is of; it is used up. Raises Refused or Unavailable."""
    assert provider.client_id is not None
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    if verifier is not None:
        form["code_verifier"] = verifier
    url = await _endpoint(call, provider, "token_endpoint", provider.token_endpoint)
    in_form = provider.sends_secret_in_form or provider.client_secret is None
    if in_form:
        form["client_id"] = provider.client_id
        form |= {"client_secret": provider.client_secret} if provider.client_secret else {}
    status, answer = await _post(call, provider, url, form, basic=not in_form)
    if answer.get("error") == "invalid_grant":
        raise Refused("the code is not good, or not with this redirect_uri and code_verifier")
    access_token, id_token = answer.get("access_token"), answer.get("id_token")
    if status != 200 or not isinstance(access_token, str) or not isinstance(id_token, str):
        error = str(answer.get("error"))[:80]
        raise Unavailable(f"{url} answered {status} without the tokens: {error}; is openid among the scopes?")
    known, client, now = await _signed(call, provider, id_token), provider.client_id, call.now.timestamp()
    claims.check_id_token(known, issuer=provider.issuer, client_id=client, nonce=nonce, now=now)
    proven = claims.identity(known, provider.issuer, trust_email=bool(provider.trust_email))
    return Proven(proven, access_token, id_token)


async def _signed(call: Call, provider: Provider, token: str) -> dict[str, Any]:
    """The claims of a token by its signature; keys that the provider has changed meanwhile are found."""
    unknown = Refused("it is signed with a key that the provider does not publish (kid)")
    if provider.jwks is not None:
        try:
            return verified(token, provider.jwks)
        except UnknownKey:
            raise unknown from None
    url = await _endpoint(call, provider, "jwks_uri", provider.jwks_uri)
    fetcher, now = call.runtime.fetcher, call.now.timestamp()
    documents = documents_of(fetcher)
    try:
        return verified(token, await documents.get(fetcher, url, now))
    except UnknownKey:
        pass
    try:
        return verified(token, await documents.get(fetcher, url, now, newer=True))
    except UnknownKey:
        raise unknown from None


async def _introspected(call: Call, provider: Provider, endpoint: str, token: str) -> dict[str, Any]:
    """What the provider says of a token (RFC 7662)."""
    url = url_of(provider, endpoint)
    form = {"token": token, "token_type_hint": "access_token"}
    status, answer = await _post(call, provider, url, form, basic=True)
    if status != 200:
        raise Unavailable(f"{url} answered with status {status}")
    if answer.get("active") is not True:
        raise Refused("it is not active")
    return answer


async def _endpoint(call: Call, provider: Provider, name: str, given: str | None) -> str:
    """An endpoint as configured, or as the provider's metadata name it (OpenID Connect Discovery §4)."""
    if given is not None:
        return url_of(provider, given)
    place = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
    fetcher = call.runtime.fetcher
    found = await documents_of(fetcher).get(fetcher, place, call.now.timestamp())
    if found.get("issuer") != provider.issuer:
        raise Unavailable(f"{place} names another issuer than {provider.issuer}")
    url = found.get(name)
    if not isinstance(url, str) or not is_safe(url, call.runtime.settings.names("allowed_hosts")):
        raise Unavailable(f"{place} names no {name} that may be used")
    return url


async def _post(
    call: Call, provider: Provider, url: str, form: dict[str, str], *, basic: bool
) -> tuple[int, dict[str, Any]]:
    """A provider's answer to a form, by default an empty object when it refuses without words."""
    headers = {"Accept": "application/json"}
    if basic:
        pair = f"{quote_plus(provider.client_id or '')}:{quote_plus(provider.client_secret or '')}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    try:
        status, body = await call.runtime.fetcher.post(url, form, headers)
    except FetchError as error:
        raise Unavailable(str(error)) from None
    if status >= 500 or status in (301, 302, 303, 307, 308, 429):
        raise Unavailable(f"{url} answered with status {status}")
    return status, as_object(body, url)
