"""The operations of anonymous visits: read this first."""

from __future__ import annotations

from coterie.kit.dialect import Dialect
from coterie.kit.rows import PUBLIC, Service, op
from coterie.services.customerlogin import operations

SERVICE = Service(
    name="customerlogin",
    title="Customer Service: anonymous tokens",
    prefix="/customerlogin/auth/anonymous",
    dialect=Dialect(envelope="B"),
    rows=(
        op("GET", "/login", operations.login, PUBLIC, 200, mode="none"),
        op("GET", "/refresh", operations.refresh, PUBLIC, 200, mode="none"),
    ),
)
