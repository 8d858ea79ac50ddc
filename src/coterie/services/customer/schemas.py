"""What travels: profiles as tenants and customers see them, sign-up, login and tokens."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from coterie.kit.listing import ListQuery
from coterie.kit.wire import Metadata, MetadataView, Wire

Currency = Annotated[str, msgspec.Meta(min_length=3, max_length=3)]
Email = Annotated[str, msgspec.Meta(min_length=1, max_length=254)]
Password = Annotated[str, msgspec.Meta(min_length=6, max_length=1024)]

# Profiles


class Business(Wire):
    """What a profile says of the customer's company."""

    company_registration_id: str | None = None


class Profile(Wire):
    """What a customer may say of himself."""

    title: str | None = None
    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    contact_email: str | None = None
    contact_phone: str | None = None
    company: str | None = None
    preferred_language: str | None = None
    preferred_currency: Currency | None = None
    preferred_site: str | None = None
    b2b: Business | None = None
    mixins: dict[str, Any] | None = None
    metadata: Metadata | None = None


class ManagedProfile(Profile):
    """What the tenant may say besides."""

    type: str | None = None
    photo_url: str | None = None
    restriction: str | None = None


class CustomerCreation(ManagedProfile):
    """Body of POST /customers; without an id a number is given. `password` is the initial one."""

    id: str | None = None
    password: Password | None = None


class CustomerUpdate(ManagedProfile):
    """Body of PUT: the whole profile."""

    active: bool | None = None
    on_hold: bool | None = None


class CreationQuery(Wire):
    """Query of what may create a customer: whether he is sent a link to set his password; by default he is."""

    send_password_reset_notifications: bool | None = None


class ExpandQuery(Wire):
    """`expand`: comma-separated, of addresses, accounts and mixin."""

    expand: str | None = None


class CustomersQuery(ListQuery):
    """Query of the list and the search."""

    expand: str | None = None


class Account(Wire):
    """An e-mail address that the customer logs in with."""

    id: str


class CompanyRef(Wire):
    """A legal entity that the customer is a contact of."""

    id: str


class BusinessView(Wire):
    """`b2b` in an answer."""

    company_registration_id: str | None = None
    legal_entities: list[CompanyRef] | None = None


class AddressView(Wire):
    """A postal address in an answer."""

    id: str
    contact_name: str | None = None
    company_name: str | None = None
    street: str | None = None
    street_number: str | None = None
    street_appendix: str | None = None
    extra_line1: str | None = None
    extra_line2: str | None = None
    extra_line3: str | None = None
    extra_line4: str | None = None
    zip_code: str | None = None
    city: str | None = None
    country: str | None = None
    state: str | None = None
    contact_phone: str | None = None
    tags: list[str] | None = None
    is_default: bool | None = None
    mixins: dict[str, Any] | None = None
    metadata: dict[str, Any] | None = None


class ProfileView(Wire):
    """A profile as its customer sees it; of an anonymous visitor only the first fields are there."""

    id: str
    customer_number: str
    title: str | None = None
    first_name: str | None = None
    middle_name: str | None = None
    last_name: str | None = None
    contact_email: str | None = None
    contact_phone: str | None = None
    company: str | None = None
    preferred_language: str | None = None
    preferred_currency: str | None = None
    preferred_site: str | None = None
    business_model: Literal["B2B", "B2C"] | None = None
    b2b: BusinessView | None = None
    accounts: list[Account] | None = None
    addresses: list[AddressView] | None = None
    default_address: AddressView | None = None
    last_login: str | None = None
    mixins: dict[str, Any] | None = None
    metadata: MetadataView | None = None


class CustomerView(ProfileView):
    """A profile as the tenant sees it."""

    active: bool
    on_hold: bool
    type: str | None = None
    photo_url: str | None = None
    restriction: str | None = None
    metadata_created_at: str | None = None


# Sign-up and login


class Address(Wire):
    """A postal address in a request."""

    contact_name: str | None = None
    company_name: str | None = None
    street: str | None = None
    street_number: str | None = None
    street_appendix: str | None = None
    extra_line1: str | None = None
    extra_line2: str | None = None
    extra_line3: str | None = None
    extra_line4: str | None = None
    zip_code: str | None = None
    city: str | None = None
    country: Annotated[str, msgspec.Meta(min_length=2, max_length=2)] | None = None
    state: str | None = None
    contact_phone: str | None = None
    tags: list[str] | None = None
    is_default: bool | None = None
    mixins: dict[str, Any] | None = None
    metadata: Metadata | None = None


class AddressCreation(Address):
    """A postal address that the tenant adds, under an id of its own if it likes."""

    id: str | None = None
    contact_name: Annotated[str, msgspec.Meta(min_length=1)]


class TagsQuery(Wire):
    """`tags`: comma-separated."""

    tags: str


class Credentials(Wire):
    """Body of POST /login, and the separate credentials of a sign-up."""

    email: Annotated[str, msgspec.Meta(min_length=1)]
    password: Password


class Signup(Wire):
    """Body of POST /signup: the credentials at the top or in `signup`, which wins for logging in."""

    email: str | None = None
    password: Password | None = None
    customer_details: Profile | None = None
    customer_address: Address | None = None
    signup: Credentials | None = None


class OptInRefresh(Wire):
    """Body of POST /signup/optin/refresh_token."""

    email: Email


class PasswordReset(Wire):
    """Body of POST /password/reset; `site` is told to the mail's template."""

    email: Email
    site: Annotated[str, msgspec.Meta(max_length=200)] | None = None


class PasswordUpdate(Wire):
    """Body of POST /password/reset/update."""

    token: str
    password: Password


class PasswordChange(Wire):
    """Body of POST /password/change."""

    current_password: Annotated[str, msgspec.Meta(max_length=1024)]
    new_password: Password


class EmailChange(Wire):
    """Body of POST /me/accounts/internal/email/change: the address to log in with now, and the new one."""

    email: Email
    password: Annotated[str, msgspec.Meta(max_length=1024)]
    new_email: Email
    sync_contact_email: bool | None = None


class EmailConfirmation(Wire):
    """Body of POST /me/accounts/internal/email/change/confirm."""

    token: str


# Moving customers here


class LegacyAuth(Wire):
    """A password's hash of another system, and how it was made."""

    algorithm: str
    hash: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]
    context: dict[str, str] | None = None


class ImportedAccount(Wire):
    """What an imported customer logs in with: one of the two hashes."""

    email: Email
    password_hash: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)] | None = None
    legacy_auth: LegacyAuth | None = None


class CustomerImport(ManagedProfile):
    """An item of POST /customers/import."""

    id: str | None = None
    account: ImportedAccount


class Retention(Wire):
    """Body of POST /config/password-migration-retention; days in UTC."""

    retention_end_date: str
    email_reminder_date: str | None = None
    email_notifications_enabled: bool | None = None


class RetentionView(Wire):
    """Until when passwords of another system count, and who is told."""

    retention_end_date: str
    email_reminder_date: str
    email_notifications_enabled: bool


class RefreshQuery(Wire):
    """Query of /refreshauthtoken."""

    refresh_token: str
    legal_entity_id: str | None = None


class LogoutQuery(Wire):
    """Query of /logout: the token to end, by default the one of the request."""

    access_token: str | None = None


class RefreshedView(Wire, rename=str):
    """Further tokens of a login; lifetimes in seconds."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    refresh_token_expires_in: int
    session_id: str


class LoginView(RefreshedView, rename=str):
    """The tokens of a login, with the camelCase twins that clients still read (CONTRACT §1.4)."""

    saas_token: str
    initial_password: bool = msgspec.field(name="initialPassword")
    access_twin: str = msgspec.field(name="accessToken")
    saas_twin: str = msgspec.field(name="saasToken")
    expires_twin: int = msgspec.field(name="expiresIn")
    refresh_twin: str = msgspec.field(name="refreshToken")
    refresh_expires_twin: int = msgspec.field(name="refreshTokenExpiresIn")


class TokenView(Wire, rename=str):
    """What a customer's token says."""

    token_type: str
    expires_in: int
    scope: str
    session_id: str = msgspec.field(name="sessionId")
    email: str
    legal_entity_id: str | None = msgspec.field(name="legalEntityId", default=None)


class ExchangeQuery(Wire):
    """Query of /exchangeauthtoken: the provider's token, and which of the tenant's providers it is of."""

    subject_access_token: Annotated[str, msgspec.Meta(min_length=1)]
    config: str | None = None


class SocialQuery(Wire, rename=str):
    """Query of /socialLogin. `state` names the provider; `nonce` must be in its token; `anonymous_token`: whose
    session goes on."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]
    redirect_uri: str | None = None
    code_verifier: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._~-]{43,128}$")] | None = None
    state: str | None = None
    nonce: str | None = None
    anonymous_token: str | None = None


class ExchangedView(Wire, rename=str):
    """The tokens for a provider's token; lifetimes in seconds."""

    subject_access_token: str
    access_token: str
    saas_token: str
    refresh_token: str
    refresh_token_expires_in: int
    session_idle_time: int
    token_type: str
    expires_in: int
    scope: str
    session_id: str


class SocialView(Wire, rename=str):
    """The tokens for a provider's code, and the provider's own; two lifetimes are texts, one twice (CONTRACT §1.6)."""

    social_access_token: str
    social_id_token: str
    access_token: str
    saas_token: str
    refresh_token: str
    refresh_token_expires_in: str
    session_idle_time: int
    token_type: str
    expires_in: str
    expired_in: str
    scope: str
