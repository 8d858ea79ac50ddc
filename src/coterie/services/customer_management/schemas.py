"""What travels: legal entities and contact assignments."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from coterie.kit.listing import ListQuery
from coterie.kit.wire import Instant, Metadata, MetadataView, Wire

EntityType = Literal["COMPANY", "SUBSIDIARY"]
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


class EntityUpdate(Wire):
    """Body of PUT; it replaces the legal entity completely."""

    name: str
    type: EntityType
    parent_id: str | None = None
    legal_info: LegalInfo | None = None
    account_limit: AccountLimit | None = None
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


class EntityView(Wire):
    """A legal entity as clients see it."""

    id: str
    name: str
    type: EntityType
    metadata: MetadataView
    parent_id: str | None = None
    legal_info: LegalInfoView | None = None
    account_limit: AccountLimitView | None = None
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


class ContactCustomerView(Wire):
    """The customer of a contact assignment, as he is now."""

    id: str
    name: str | None = None
    surname: str | None = None
    email: str | None = None


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
