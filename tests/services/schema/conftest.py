"""What the tests of schemas share."""

import pytest

from services.schema.world import World
from support.api import Api


@pytest.fixture
def world(api: Api) -> World:
    """What makes schemas and custom entities in a fresh tenant, once on each engine."""
    return World(api)
