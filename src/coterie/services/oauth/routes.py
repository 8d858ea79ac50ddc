"""The operations of the OAuth service: read this first."""

from __future__ import annotations

from coterie.kit.dialect import Dialect
from coterie.kit.rows import PUBLIC, Service, op
from coterie.services.oauth import operations

SERVICE = Service(
    name="oauth",
    title="OAuth Service",
    prefix="/oauth",
    dialect=Dialect(envelope="F"),
    rows=(op("POST", "/token", operations.request_token, PUBLIC, 200, mode="none"),),
)
