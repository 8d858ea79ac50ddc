"""Identity providers as a tenant configures them: read from a configuration's value, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from coterie.federation.schemas import ExchangeProvider, LoginProvider, Provider
from coterie.kit.errors import CoterieError, Invalid, Malformed, Problem
from coterie.kit.wire import convert, parse

TOKEN_EXCHANGE = "tokenExchange"  # noqa: S105 - a configuration's key
SOCIAL_LOGIN = "socialLogin"
EMPLOYEE_EXCHANGE, EMPLOYEE_LOGIN = "employeeTokenExchange", "employeeLogin"
DEFAULT = "default"
_TYPES: Mapping[str, type[Provider]] = {
    TOKEN_EXCHANGE: ExchangeProvider,
    SOCIAL_LOGIN: LoginProvider,
    EMPLOYEE_EXCHANGE: ExchangeProvider,
    EMPLOYEE_LOGIN: LoginProvider,
}
_ENDPOINTS = ("jwks_uri", "token_introspect_endpoint", "token_endpoint")
# Separates a provider's name from the random part of `state`.
_STATE = "--"
_MOST = 100
P = TypeVar("P", bound=Provider)


def providers(value: Any, kind: type[P]) -> dict[str, P]:
    """The providers of a configuration by name; its value may be an object or text that holds one. Raises Invalid."""
    if isinstance(value, str):
        value = parse(value.encode())
    return {name: convert(each, kind, where=name) for name, each in convert(value, dict[str, Any]).items()}


def named_by(state: str | None, known: Collection[str]) -> str:
    """The provider that `state`, `{name}--{random}`, names; the default one when it names none (CONTRACT §1.6)."""
    name, found, _ = (state or "").partition(_STATE)
    return name if found and name in known else DEFAULT


def chosen(key: str, known: Mapping[str, P], name: str, field: str) -> P:
    """The provider of a name, which the request's `field` gave, in the configuration `key`. Raises Invalid."""
    if name not in known:
        text = f"there is no identity provider {name[:80]!r} in the configuration {key}"
        raise Invalid(problems=(Problem.violation(field, text),))
    return known[name]


def page_of(provider: LoginProvider, redirect_uri: str | None) -> str:
    """The page that a code was sent to: one of those that the tenant has configured. Raises Invalid."""
    if redirect_uri is None and len(provider.pages) == 1:
        return provider.pages[0]
    if redirect_uri is None:
        problem = Problem.violation("redirect_uri", "is required, since several are configured")
    elif redirect_uri in provider.pages:
        return redirect_uri
    else:
        text = f"{redirect_uri[:200]!r} is not among those that are configured"
        problem = Problem.violation("redirect_uri", text)
    raise Invalid(problems=(problem,))


def url_of(provider: Provider, endpoint: str) -> str:
    """An endpoint's URL: one without a scheme is a path on the provider's domain."""
    if "://" in endpoint or provider.domain is None:
        return endpoint
    domain = provider.domain if "://" in provider.domain else f"https://{provider.domain}"
    return f"{domain.rstrip('/')}/{endpoint.lstrip('/')}"


def is_safe(url: str, allowed: Collection[str]) -> bool:
    """Whether keys and secrets may travel to a URL: by TLS, or to a host that the operator allows by name."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if host is None or parts.username is not None:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and bool({host, f"{host}:{port}"} & {*allowed}))


def problems(key: str, value: Any, *, secured: bool, allowed: Collection[str]) -> Iterator[Problem]:
    """What a configuration of identity providers must not say; nothing of a configuration with another key.

    allowed: the hosts that the operator allows by name.
    """
    kind = _TYPES.get(key)
    if kind is None:
        return
    try:
        known = providers(value, kind)
    except Malformed as error:
        yield Problem.violation("value", str(error))
        return
    except CoterieError as error:
        for wrong in error.problems:
            yield Problem.violation(f"value.{wrong.field}" if wrong.field else "value", wrong.message)
        return
    if not 0 < len(known) <= _MOST:
        yield Problem.violation("value", f"must name 1 to {_MOST} providers, the usual one {DEFAULT!r}")
    if not secured and any(each.client_secret for each in known.values()):
        text = "must be true, since the value holds a client_secret; send the value as a string of JSON"
        yield Problem.violation("secured", text)
    for name, each in known.items():
        for problem in _of(name, each, allowed):
            yield Problem.violation(f"value.{problem.field}", problem.message)


def _of(name: str, provider: Provider, allowed: Collection[str]) -> Iterator[Problem]:
    if _STATE in name:
        yield Problem.violation(name, f"a name has no {_STATE!r} in it: there `state` is cut")
    urls = {field: getattr(provider, field, None) for field in _ENDPOINTS}
    for field, url in {"issuer": provider.issuer, **urls}.items():
        if url is not None and not is_safe(url_of(provider, url), allowed):
            text = "must be an https URL, or be on a host that COTERIE_ALLOWED_HOSTS names"
            yield Problem.violation(f"{name}.{field}", text)
    if isinstance(provider, ExchangeProvider):
        if provider.audience is None and provider.token_client_id is None:
            text = "is required, or token_client_id: a token for somebody else must not be good here"
            yield Problem.violation(f"{name}.audience", text)
        asked = provider.jwks is None and provider.jwks_uri is None and provider.token_introspect_endpoint
        if asked and not (provider.client_id and provider.client_secret):
            text = "is required, with client_id, to ask token_introspect_endpoint"
            yield Problem.violation(f"{name}.client_secret", text)
    elif provider.client_id is None:
        yield Problem.violation(f"{name}.client_id", "is required")
