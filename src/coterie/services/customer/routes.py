"""The operations of the customer service, customer-managed and tenant-managed: read this first."""

from __future__ import annotations

from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, Service, op
from coterie.kit.wire import Created
from coterie.services.customer import events, rules
from coterie.services.customer.operations import companies, profiles, sessions, signup
from coterie.services.customer.schemas import CustomerView, ProfileView

READ = (rules.READ, rules.READ_OWN)
MANAGE = (rules.MANAGE, rules.MANAGE_OWN)

_CUSTOMERS = "/customers"
_CUSTOMER = "/customers/{customerNumber}"

SERVICE = Service(
    name="customer",
    title="Customer Service",
    prefix="/customer/{tenant}",
    dialect=Dialect(
        envelope="B",
        count_header="Count",
        always_count=True,
        texts={
            "forbidden": "User not authorized.",
            "not_found.customer": "Customer not Found",
            "exists.account": "Duplicate account '{id}' for tenant '{tenant}'.",
        },
    ),
    events=events.ALL,
    reactions={
        "client-management.contact-assignment-created": companies.link,
        "client-management.contact-assignment-deleted": companies.unlink,
        "iam.assignment-created": profiles.require_users,
    },
    rows=(
        # Accounts and sessions
        op("POST", "/signup", signup.sign_up, ANY, 201, answer=Created, mode="none"),
        op("POST", "/login", sessions.log_in, ANY, 200, mode="none"),
        op("GET", "/refreshauthtoken", sessions.refresh, ANY, 200, mode="none"),
        op("GET", "/logout", sessions.log_out, ANY, 204, mode="none"),
        op("GET", "/validateauthtoken", sessions.validate_token, ANY, 200),
        # The customer's own profile
        op("GET", "/me", sessions.get_me, ANY, 200, answer=ProfileView),
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
        op("GET", _CUSTOMER, profiles.get_customer, READ, 200, answer=CustomerView, restricted=True),
        op("PUT", _CUSTOMER, profiles.put_customer, MANAGE, 201, 204, answer=Created, restricted=True),
        op("PATCH", _CUSTOMER, profiles.patch_customer, MANAGE, 200, restricted=True),
        op("DELETE", _CUSTOMER, profiles.delete_customer, MANAGE, 202, restricted=True),
    ),
)
