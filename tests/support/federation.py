"""A tenant whose customers sign in with an identity provider, as its storefront does it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select

from coterie.fetch import SafeFetcher
from coterie.services.customer.tables import identity
from support.api import Api, Response
from support.identity_provider import (
    AUDIENCE,
    CLIENT,
    PAGE,
    SECRET,
    VERIFIER,
    IdentityProvider,
    identity_provider,
)
from support.storefront import Storefront

CONFIGURATIONS = "/configuration/{tenant}/configurations"


class Federation:
    """The storefront and the provider. `configure` tells the tenant of providers, by default of this one."""

    def __init__(self, shop: Storefront, provider: IdentityProvider) -> None:
        self.shop, self.provider, self.api = shop, provider, shop.api
        self.exchange_provider: dict[str, Any] = {
            "issuer": provider.issuer,
            "audience": AUDIENCE,
            "token_client_id": CLIENT,
        }
        self.introspecting = {
            **self.exchange_provider,
            "domain": provider.issuer,
            "token_introspect_endpoint": "introspect",
            "client_id": CLIENT,
            "client_secret": SECRET,
        }
        self.login_provider: dict[str, Any] = {
            "issuer": provider.issuer,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "redirect_uri": PAGE,
        }

    def write(self, key: str, value: Any, *, secured: bool = True) -> Response:
        """Set a configuration, whether it is there or not."""
        given = json.dumps(value) if secured else value
        body = {"key": key, "value": given, "secured": secured}
        response = self.api.post(CONFIGURATIONS, [body])
        return self.api.put(f"{CONFIGURATIONS}/{key}", body) if response.status == 409 else response

    def configure(self, key: str, **providers: dict[str, Any]) -> None:
        """The same, of providers by name; it must succeed."""
        response = self.write(key, providers)
        assert response.status in (200, 201), response.body

    def set(self, key: str, value: Any) -> None:
        """Change a setting of the tenant."""
        response = self.api.put(f"{CONFIGURATIONS}/{key}", {"key": key, "value": value})
        assert response.status == 200, response.body

    def exchange(
        self, token: str | None = None, config: str | None = None, by: Api | None = None
    ) -> Response:
        """Exchange an access token, by default a good one."""
        query = {"subjectAccessToken": token or self.provider.token()} | (
            {"config": config} if config else {}
        )
        return (by or self.shop.visit()).post(f"/customer/{{tenant}}/exchangeauthtoken?{urlencode(query)}")

    def log_in(self, by: Api | None = None, code: str | None = None, **query: str | None) -> Response:
        """Sign in with a code, by default a good one; parameters that are None are left out."""
        given: dict[str, str | None] = {"redirect_uri": PAGE, "code_verifier": VERIFIER, **query}
        given["code"] = code or self.provider.sign_in()
        sent = urlencode({name: value for name, value in given.items() if value is not None})
        return (by or self.shop.visit()).post(f"/customer/{{tenant}}/socialLogin?{sent}")

    def me(self, response: Response) -> Any:
        """The profile of the customer who got these tokens."""
        assert response.status == 200, response.body
        return self.api.as_(response.json["access_token"]).get("/customer/{tenant}/me").json

    def identities(self) -> list[tuple[str, str]]:
        """Subject and customer of everybody whom the tenant knows by a provider."""

        async def read() -> list[tuple[str, str]]:
            statement = select(identity).where(identity.c.tenant == self.api.tenant)
            async with self.api.server.runtime.database.reading() as db:
                return [(row.subject, row.customer_id) for row in await db.all(statement)]

        return self.api.run(read())


@contextmanager
def federated(shop: Storefront) -> Iterator[Federation]:
    """A storefront with a running identity provider that the operator allows."""
    runtime = shop.api.server.runtime
    settings, fetcher = runtime.settings, runtime.fetcher
    with identity_provider() as provider:
        allowed = f"127.0.0.1:{provider.port}"
        # A test has its own operator; the server is everybody's.
        object.__setattr__(runtime, "settings", replace(settings, allowed_hosts=allowed))
        object.__setattr__(runtime, "fetcher", SafeFetcher(frozenset({allowed})))
        try:
            yield Federation(shop, provider)
        finally:
            object.__setattr__(runtime, "settings", settings)
            object.__setattr__(runtime, "fetcher", fetcher)
