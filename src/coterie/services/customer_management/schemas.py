"""What travels: legal entities, contact assignments and locations."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from coterie.kit.listing import ListQuery
from coterie.kit.wire import Instant, Listed, Metadata, MetadataView, Wire

EntityType = Literal["COMPANY", "SUBSIDIARY"]
LocationType = Literal["HEADQUARTER", "WAREHOUSE", "OFFICE"]
ContactType = Literal["PRIMARY", "BILLING", "LOGISTICS", "CONTACT"]


class Ref(Wire):
    """A resource named by its id."""

    id: str


class LegalInfo(Wire):
    """How a legal entity is registered; the country has two capital letters."""

    legal_name: str | None = None
    registration_date: Instant | None = None
    tax_registration_number: str | None = None
    registration_agency: str | None = None
    country_of_registration: str | None = None
    registration_id: str | None = None


class AccountLimit(Wire):
    """How much the contacts of a legal entity may buy for, in an ISO 4217 currency."""

    currency: str | None = None
    value: int | float | None = None


class GroupRef(Wire):
    """A group of a legal entity's customers."""

    id: str
    name: dict[str, str] | None = None
    role: str | None = None


class EntityUpdate(Wire):
    """Body of PUT; it replaces the legal entity completely."""

    name: str
    type: EntityType
    parent_id: str | None = None
    legal_info: LegalInfo | None = None
    account_limit: AccountLimit | None = None
    customer_groups: Listed[GroupRef] | None = None
    entities_addresses: Listed[Ref] | None = None
    approval_group: Listed[Ref] | None = None
    restrictions: list[str] | None = None
    mixins: dict[str, Any] | None = None
    metadata: Metadata | None = None


class EntityCreation(Wire):
    """Body of POST; without an id one is made, without a type it is a company."""

    name: str
    id: str | None = None
    type: EntityType | None = None
    parent_id: str | None = None
    legal_info: LegalInfo | None = None
    account_limit: AccountLimit | None = None
    customer_groups: Listed[GroupRef] | None = None
    entities_addresses: Listed[Ref] | None = None
    approval_group: Listed[Ref] | None = None
    restrictions: list[str] | None = None
    mixins: dict[str, Any] | None = None
    metadata: Metadata | None = None


class LegalInfoView(Wire):
    """How a legal entity is registered, in an answer."""

    legal_name: str | None = None
    registration_date: str | None = None
    tax_registration_number: str | None = None
    registration_agency: str | None = None
    country_of_registration: str | None = None
    registration_id: str | None = None


class AccountLimitView(Wire):
    """How much the contacts of a legal entity may buy for, in an answer."""

    currency: str | None = None
    value: int | float | None = None


class GroupView(Wire):
    """A group of a legal entity's customers, in an answer; its name by language."""

    id: str
    name: dict[str, str] | None = None
    role: str | None = None


class ContactDetailsView(Wire):
    """How a location is reached, in an answer."""

    emails: list[str] | None = None
    phones: list[str] | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    city: str | None = None
    state: str | None = None
    postcode: str | None = None
    country_code: str | None = None
    tags: list[str] | None = None


class LocationView(Wire):
    """A location as clients see it."""

    id: str
    type: LocationType
    contact_details: ContactDetailsView
    metadata: MetadataView
    name: str | None = None
    mixins: dict[str, Any] | None = None


class EntityRefView(Wire):
    """A legal entity by its id, in an answer."""

    id: str


class ContactCustomerView(Wire):
    """The customer of a contact assignment, as he is now."""

    id: str
    name: str | None = None
    surname: str | None = None
    email: str | None = None
    phone: str | None = None


class ApproverView(Wire):
    """A contact assignment of an approval group; its legal entity is named only."""

    id: str
    legal_entity: EntityRefView
    customer: ContactCustomerView
    type: ContactType
    primary: bool
    metadata: MetadataView


class EntityView(Wire):
    """A legal entity as clients see it."""

    id: str
    name: str
    type: EntityType
    metadata: MetadataView
    parent_id: str | None = None
    legal_info: LegalInfoView | None = None
    account_limit: AccountLimitView | None = None
    customer_groups: list[GroupView] | None = None
    entities_addresses: list[LocationView] | None = None
    approval_group: list[ApproverView] | None = None
    restrictions: list[str] | None = None
    mixins: dict[str, Any] | None = None


class EntitiesQuery(ListQuery):
    """Query parameters of the lists of legal entities; each narrows the list by the field it is named like."""

    id: str | None = None
    name: str | None = None
    type: EntityType | None = None
    parent_id: str | None = None
    legal_name: str | None = msgspec.field(name="legalInfo.legalName", default=None)
    registration_date: Instant | None = msgspec.field(name="legalInfo.registrationDate", default=None)
    tax_registration_number: str | None = msgspec.field(name="legalInfo.taxRegistrationNumber", default=None)
    registration_agency: str | None = msgspec.field(name="legalInfo.registrationAgency", default=None)
    country_of_registration: str | None = msgspec.field(name="legalInfo.countryOfRegistration", default=None)
    registration_id: str | None = msgspec.field(name="legalInfo.registrationId", default=None)


class ContactUpdate(Wire):
    """Body of PUT; it replaces the contact assignment completely."""

    legal_entity: Ref
    customer: Ref
    type: ContactType
    primary: bool | None = None
    mixins: dict[str, Any] | None = None
    metadata: Metadata | None = None


class ContactCreation(Wire):
    """Body of POST; without an id one is made, without a type the customer is a mere contact."""

    legal_entity: Ref
    customer: Ref
    id: str | None = None
    type: ContactType | None = None
    primary: bool | None = None
    mixins: dict[str, Any] | None = None
    metadata: Metadata | None = None


class ContactView(Wire):
    """A contact assignment as clients see it."""

    id: str
    legal_entity: EntityView
    customer: ContactCustomerView
    type: ContactType
    primary: bool
    metadata: MetadataView
    mixins: dict[str, Any] | None = None


class ContactsQuery(ListQuery):
    """Query parameters of the list of contact assignments; each narrows it by the field it is named like."""

    legal_entity_id: str | None = msgspec.field(name="legalEntity.id", default=None)
    customer_id: str | None = msgspec.field(name="customer.id", default=None)
    type: ContactType | None = None
    primary: bool | None = None


class ContactDetails(Wire):
    """How a location is reached; the country has two capital letters."""

    emails: Listed[str] | None = None
    phones: Listed[str] | None = None
    address_line1: str | None = None
    address_line2: str | None = None
    city: str | None = None
    state: str | None = None
    postcode: str | None = None
    country_code: str | None = None
    tags: Listed[str] | None = None


class LocationUpdate(Wire):
    """Body of PUT; it replaces the location completely."""

    type: LocationType
    contact_details: ContactDetails
    name: str | None = None
    mixins: dict[str, Any] | None = None
    metadata: Metadata | None = None


class LocationCreation(LocationUpdate):
    """Body of POST; without an id one is made."""

    id: str | None = None


class AddressLines(Wire):
    """Where the text of the filter `contactDetails.address` is looked for."""

    line1: str = msgspec.field(name="contactDetails.addressLine1")
    line2: str = msgspec.field(name="contactDetails.addressLine2")


class LocationsQuery(ListQuery):
    """Query parameters of the list of locations; each narrows it by the field it is named like, or is part of."""

    name: str | None = None
    type: LocationType | None = None
    email: str | None = msgspec.field(name="contactDetails.email", default=None)
    phone: str | None = msgspec.field(name="contactDetails.phone", default=None)
    address: str | None = msgspec.field(name="contactDetails.address", default=None)
    city: str | None = msgspec.field(name="contactDetails.city", default=None)
    state: str | None = msgspec.field(name="contactDetails.state", default=None)
    postcode: str | None = msgspec.field(name="contactDetails.postcode", default=None)
    country_code: str | None = msgspec.field(name="contactDetails.countryCode", default=None)
