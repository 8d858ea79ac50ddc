"""What the tests of services share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.api import Api
from support.federation import Federation, federated
from support.storefront import Storefront


@pytest.fixture
def shop(api: Api) -> Storefront:
    """A storefront of a fresh tenant, once on each engine."""
    return Storefront(api)


@pytest.fixture
def federation(shop: Storefront) -> Iterator[Federation]:
    """A tenant, its storefront, and a running identity provider that the operator allows."""
    with federated(shop) as made:
        yield made
