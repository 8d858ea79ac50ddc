"""What travels: configurations of a tenant and of its clients."""

from __future__ import annotations

from typing import Any

import msgspec

from coterie.kit.wire import Wire


class Configuration(Wire):
    """A configuration in a request. `version` is the one a change is based on."""

    key: str
    value: Any
    version: int | None = None
    description: str | None = None
    secured: bool | None = None
    restricted: bool | None = None
    read_only: bool | None = None
    schema_url: str | None = None


class ClientConfiguration(Configuration):
    """A configuration of a client in a request."""

    client: str | None = None


class ConfigurationView(Wire):
    """A configuration as clients see it; the value of a secured one is masked."""

    key: str
    value: Any
    version: int
    secured: bool
    description: str | None = None
    restricted: bool | None = None
    read_only: bool | None = None
    schema_url: str | None = None


class ClientConfigurationView(ConfigurationView):
    """A configuration of a client as others see it."""

    id: str = msgspec.field(name="_id")
    client: str


class KeysQuery(Wire):
    """Query parameters of the lists: `keys` is a comma list."""

    keys: str | None = None
