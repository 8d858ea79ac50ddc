"""The operations of the customer service, customer-managed and tenant-managed: read this first."""

from __future__ import annotations

from coterie.kit.rows import ANY, Service, op
from coterie.kit.wire import BulkEntry, Created
from coterie.services.customer import events, rules
from coterie.services.customer.operations import (
    addresses,
    companies,
    credentials,
    federated,
    imports,
    letters,
    me,
    profiles,
    sessions,
    signup,
)
from coterie.services.customer.operations.me import mine
from coterie.services.customer.schemas import AddressView, CustomerView, ProfileView

READ = (rules.READ, rules.READ_OWN)
MANAGE = (rules.MANAGE, rules.MANAGE_OWN)
# Addresses of customers have no scope for colleagues.
READ_ALL, MANAGE_ALL = (rules.READ,), (rules.MANAGE,)
IMPORT_READ, IMPORT = (rules.IMPORT_READ,), (rules.IMPORT_MANAGE,)

_CUSTOMERS = "/customers"
_CUSTOMER = "/customers/{customerNumber}"
_ADDRESSES = _CUSTOMER + "/addresses"
_ADDRESS = _ADDRESSES + "/{addressId}"
_MY_ADDRESSES = "/me/addresses"
_MY_ADDRESS = _MY_ADDRESSES + "/{addressId}"
_MY_EMAIL = "/me/accounts/internal/email/change"
_RETENTION = "/config/password-migration-retention"

SERVICE = Service(
    name="customer",
    title="Customer Service",
    prefix="/customer/{tenant}",
    dialect=rules.DIALECT,
    events=events.ALL,
    reactions={
        "client-management.contact-assignment-created": companies.link,
        "client-management.contact-assignment-deleted": companies.unlink,
        "iam.assignment-created": profiles.require_users,
    },
    chores=(letters.LINKS.prune, imports.remind, imports.end_migrations),
    rows=(
        # Accounts and sessions
        op("POST", "/signup", signup.sign_up, ANY, 201, answer=Created, mode="none"),
        op("GET", "/signup/optin/{token}", signup.opt_in, ANY, 200, mode="none"),
        op("POST", "/signup/optin/refresh_token", signup.send_again, ANY, 202, mode="none"),
        op("POST", "/login", sessions.log_in, ANY, 200, mode="none"),
        op("POST", "/exchangeauthtoken", federated.exchange, ANY, 200, mode="none"),
        op("POST", "/socialLogin", federated.social_login, ANY, 200, mode="none"),
        op("GET", "/refreshauthtoken", sessions.refresh, ANY, 200, mode="none"),
        op("GET", "/logout", sessions.log_out, ANY, 204, mode="none"),
        op("GET", "/validateauthtoken", sessions.validate_token, ANY, 200),
        op("POST", "/password/reset", credentials.ask_for_reset, ANY, 204, mode="none"),
        op("POST", "/password/reset/update", credentials.reset_password, ANY, 204, mode="none"),
        op("POST", "/password/change", credentials.change_password, ANY, 204, mode="none"),
        op("POST", _MY_EMAIL, credentials.ask_for_email_change, ANY, 204, mode="none"),
        op("POST", _MY_EMAIL + "/confirm", credentials.confirm_email_change, ANY, 204),
        # The customer's own profile
        op("GET", "/me", me.get_me, ANY, 200, answer=ProfileView),
        op("PATCH", "/me", me.patch_me, ANY, 200),
        op("PUT", "/me", me.patch_me, ANY, 200, extension=True),
        op("GET", _MY_ADDRESSES, mine(addresses.list_addresses), ANY, 200, answer=list[AddressView]),
        op("POST", _MY_ADDRESSES, mine(addresses.add_own_address), ANY, 201, answer=Created),
        op("GET", _MY_ADDRESS, mine(addresses.get_address), ANY, 200, answer=AddressView),
        op("PATCH", _MY_ADDRESS, mine(addresses.patch_address), ANY, 200),
        op("PUT", _MY_ADDRESS, mine(addresses.patch_address), ANY, 200, extension=True),
        op("DELETE", _MY_ADDRESS, mine(addresses.delete_address), ANY, 204),
        op("POST", _MY_ADDRESS + "/tags", mine(addresses.add_tags), ANY, 204),
        op("DELETE", _MY_ADDRESS + "/tags", mine(addresses.remove_tags), ANY, 204),
        # Customers as the tenant manages them
        op("GET", _CUSTOMERS, profiles.list_customers, READ, 200, answer=list[CustomerView], restricted=True),
        op("POST", _CUSTOMERS, profiles.create_customer, MANAGE, 201, answer=Created, mode="none"),
        op(
            "POST",
            _CUSTOMERS + "/search",
            profiles.search_customers,
            READ,
            200,
            answer=list[CustomerView],
            mode="read",
            restricted=True,
        ),
        op("POST", _CUSTOMERS + "/import", imports.import_customers, IMPORT, 207, answer=list[BulkEntry]),
        op("GET", _CUSTOMER, profiles.get_customer, READ, 200, answer=CustomerView, restricted=True),
        op("PUT", _CUSTOMER, profiles.put_customer, MANAGE, 201, 204, answer=Created, restricted=True),
        op("PATCH", _CUSTOMER, profiles.patch_customer, MANAGE, 200, restricted=True),
        op("DELETE", _CUSTOMER, profiles.delete_customer, MANAGE, 202, restricted=True),
        op("GET", _ADDRESSES, addresses.list_addresses, READ_ALL, 200, answer=list[AddressView]),
        op("POST", _ADDRESSES, addresses.add_address, MANAGE_ALL, 201, answer=Created),
        op("GET", _ADDRESS, addresses.get_address, READ_ALL, 200, answer=AddressView),
        op("PUT", _ADDRESS, addresses.put_address, MANAGE_ALL, 201, 204, answer=Created),
        op("PATCH", _ADDRESS, addresses.patch_address, MANAGE_ALL, 200),
        op("DELETE", _ADDRESS, addresses.delete_address, MANAGE_ALL, 204),
        op("POST", _ADDRESS + "/tags", addresses.add_tags, MANAGE_ALL, 204),
        op("DELETE", _ADDRESS + "/tags", addresses.remove_tags, MANAGE_ALL, 204),
        # Passwords of another system
        op("GET", _RETENTION, imports.get_retention, IMPORT_READ, 200),
        op("POST", _RETENTION, imports.set_retention, IMPORT, 200),
        op("DELETE", _RETENTION, imports.remove_retention, IMPORT, 204),
    ),
)
