"""What the tests of IAM share."""

import pytest

from services.iam.staff import Staff
from services.iam.world import World
from support.api import Api


@pytest.fixture
def world(api: Api) -> World:
    """A fresh tenant, once on each engine."""
    return World(api)


@pytest.fixture
def staff(api: Api) -> Staff:
    """The same, for what employees do."""
    return Staff(api)
