"""The operations on customers at their older path; each is the customer service's own (CONTRACT §3.7)."""

from __future__ import annotations

from coterie.kit.rows import Service, op
from coterie.kit.wire import Created
from coterie.services.customer import facade
from coterie.services.customer.facade import MANAGE, READ

_CUSTOMER = "/customers/{customerNumber}"
_MANY = list[facade.View]

SERVICE = Service(
    name="caas_customer",
    title="Customer Service: the older path",
    prefix="/caas-customer/{tenant}",
    dialect=facade.DIALECT,
    rows=(
        op("GET", "/customers", facade.list_customers, READ, 200, answer=_MANY, extension=True),
        op(
            "POST",
            "/customers",
            facade.create_customer,
            MANAGE,
            201,
            answer=Created,
            mode="none",
            extension=True,
        ),
        op(
            "POST",
            "/customers/search",
            facade.search_customers,
            READ,
            200,
            answer=_MANY,
            mode="read",
            extension=True,
        ),
        op("GET", _CUSTOMER, facade.get_customer, READ, 200, answer=facade.View, extension=True),
        op("PUT", _CUSTOMER, facade.put_customer, MANAGE, 201, 204, answer=Created, extension=True),
        op("PATCH", _CUSTOMER, facade.patch_customer, MANAGE, 200, extension=True),
        op("DELETE", _CUSTOMER, facade.delete_customer, MANAGE, 202, extension=True),
    ),
)
