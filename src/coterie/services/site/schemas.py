"""What travels: sites, their home base and the configurations of the services behind them."""

from __future__ import annotations

from typing import Any, Literal

from coterie.kit.listing import ListQuery
from coterie.kit.wire import Metadata, MetadataView, Wire

TaxDetermination = Literal["BILLING_ADDRESS", "SHIPPING_ADDRESS"]


class Address(Wire):
    """The address of a home base."""

    zip_code: str
    country: str
    street: str | None = None
    street_number: str | None = None
    street_appendix: str | None = None
    extra_line1: str | None = None
    extra_line2: str | None = None
    extra_line3: str | None = None
    extra_line4: str | None = None
    city: str | None = None
    state: str | None = None


class Location(Wire):
    """A place on Earth in degrees."""

    latitude: float | None = None
    longitude: float | None = None


class HomeBase(Wire):
    """Where a site is at home; `timezone` is an IANA name such as Europe/Paris."""

    address: Address
    timezone: str | None = None
    location: Location | None = None


class ServiceSettings(Wire):
    """Settings of a service: those that a storefront may see, and those that only a site's manager may."""

    public: dict[str, Any] | None = None
    restricted: dict[str, Any] | None = None


class ServiceConfiguration(Wire):
    """A payment, shipping or tax service that a site uses; active unless it says otherwise."""

    id: str | None = None
    name: str | None = None
    service_type: str | None = None
    service_url: str | None = None
    active: bool | None = None
    configuration: ServiceSettings | None = None


class AssistedBuying(Wire):
    """Where an employee is sent who buys on behalf of a customer."""

    storefront_url: str | None = None


class SiteUpdate(Wire):
    """Body of PUT; it replaces the site completely, but for its code."""

    name: str
    default_language: str
    languages: list[str]
    currency: str
    home_base: HomeBase
    ship_to_countries: list[str]
    code: str | None = None
    active: bool | None = None
    default: bool | None = None
    includes_tax: bool | None = None
    tax_determination_based_on: TaxDetermination | None = None
    available_currencies: list[str] | None = None
    cart_calculation_scale: int | None = None
    payment: list[ServiceConfiguration] | None = None
    shipping: list[ServiceConfiguration] | None = None
    tax: list[ServiceConfiguration] | None = None
    assisted_buying: AssistedBuying | None = None
    mixins: dict[str, dict[str, Any]] | None = None
    metadata: Metadata | None = None


class SiteCreation(SiteUpdate):
    """Body of POST."""

    code: str


class AddressView(Wire):
    """The address of a home base in an answer."""

    zip_code: str
    country: str
    street: str | None = None
    street_number: str | None = None
    street_appendix: str | None = None
    extra_line1: str | None = None
    extra_line2: str | None = None
    extra_line3: str | None = None
    extra_line4: str | None = None
    city: str | None = None
    state: str | None = None


class LocationView(Wire):
    """A place on Earth in an answer."""

    latitude: float | None = None
    longitude: float | None = None


class HomeBaseView(Wire):
    """Where a site is at home, in an answer."""

    address: AddressView
    timezone: str | None = None
    location: LocationView | None = None


class ServiceSettingsView(Wire):
    """Settings of a service in an answer; `restricted` only for who manages sites."""

    public: dict[str, Any] | None = None
    restricted: dict[str, Any] | None = None


class ServiceConfigurationView(Wire):
    """A payment, shipping or tax service in an answer."""

    active: bool
    id: str | None = None
    name: str | None = None
    service_type: str | None = None
    service_url: str | None = None
    configuration: ServiceSettingsView | None = None


class AssistedBuyingView(Wire):
    """Where an employee is sent who buys on behalf of a customer, in an answer."""

    storefront_url: str | None = None


class SiteView(Wire):
    """A site as clients see it."""

    code: str
    name: str
    active: bool
    default: bool
    default_language: str
    languages: list[str]
    currency: str
    home_base: HomeBaseView
    ship_to_countries: list[str]
    tax_determination_based_on: TaxDetermination
    cart_calculation_scale: int
    metadata: MetadataView
    includes_tax: bool | None = None
    available_currencies: list[str] | None = None
    payment: list[ServiceConfigurationView] | None = None
    shipping: list[ServiceConfigurationView] | None = None
    tax: list[ServiceConfigurationView] | None = None
    assisted_buying: AssistedBuyingView | None = None
    mixins: dict[str, dict[str, Any]] | None = None


class SiteQuery(Wire):
    """Query parameters of one site."""

    expand: str | None = None


class SitesQuery(ListQuery):
    """Query parameters of the site lists."""

    expand: str | None = None
    include_inactive: bool | None = None
    total_count: bool | None = None
