"""What the tests of services share."""

import pytest

from support.api import Api
from support.storefront import Storefront


@pytest.fixture
def shop(api: Api) -> Storefront:
    """A storefront of a fresh tenant, once on each engine."""
    return Storefront(api)
