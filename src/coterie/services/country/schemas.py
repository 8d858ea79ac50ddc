"""What travels: countries and regions."""

from __future__ import annotations

from coterie.kit.wire import MetadataView, Wire
from coterie.seeds.lists import SeedsQuery


class BasedOn(Wire):
    """The version that a change is based on."""

    version: int


class CountryPatch(Wire):
    """Body of PATCH; only `active` can be changed."""

    metadata: BasedOn
    active: bool | None = None


class CountryView(Wire):
    """A country as clients see it; its name by language, its regions by code."""

    code: str
    name: dict[str, str]
    regions: list[str]
    active: bool
    metadata: MetadataView


class RegionView(Wire):
    """A region as clients see it; its name by language."""

    code: str
    name: dict[str, str]
    metadata: MetadataView


class CountriesQuery(SeedsQuery):
    """Query parameters of the list of countries; `name.de` and the like ask in a language."""

    code: str | None = None
    name: str | None = None
    active: str | None = None
    regions: str | None = None


class RegionsQuery(SeedsQuery):
    """Query parameters of the list of regions."""

    code: str | None = None
    name: str | None = None
