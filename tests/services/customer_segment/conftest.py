"""A shop with one site for the tests of segments."""

from __future__ import annotations

import pytest

from support.api import Api
from support.shop import Shop


@pytest.fixture
def shop(api: Api) -> Shop:
    """A shop whose site is `main`, once on each engine."""
    made = Shop(api)
    made.site("main")
    return made
