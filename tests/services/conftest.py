"""What the tests of services share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from coterie.fetch import SafeFetcher
from support.api import Api, Server
from support.federation import Federation
from support.identity_provider import identity_provider
from support.storefront import Storefront


@pytest.fixture
def shop(api: Api) -> Storefront:
    """A storefront of a fresh tenant, once on each engine."""
    return Storefront(api)


@pytest.fixture
def federation(shop: Storefront) -> Iterator[Federation]:
    """A tenant, its storefront, and a running identity provider that the operator allows."""
    server: Server = shop.api.server
    runtime = server.runtime
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
