"""The operations of the configuration service: read this first."""

from __future__ import annotations

from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, Service, op
from coterie.services.configuration.operations import clients, shared, tenants
from coterie.services.configuration.schemas import ClientConfigurationView, ConfigurationView

VIEW, MANAGE = (shared.VIEW,), (shared.MANAGE,)
_ONE = "/configurations/{propertyKey}"
_OF_CLIENT = "/clients/{client}/configurations"

# Reading takes a token of any kind: storefronts, whose tokens have no scope, read the public keys, and the
# operations ask everybody else for the scope. Writes open their own transactions, to forget the tenant after them.
SERVICE = Service(
    name="configuration",
    title="Configuration Service",
    prefix="/configuration/{tenant}",
    dialect=Dialect(
        envelope="B",
        types={400: "application/json", 403: "Forbidden", 404: "application/json", 409: "application/json"},
        texts={"missing_scopes": "User not authorized.", "invalid": "Invalid Parameters"},
    ),
    rows=(
        op("GET", "/global-configurations", tenants.list_defaults, ANY, 200, answer=list[ConfigurationView]),
        op("GET", "/configurations", tenants.list_all, ANY, 200, answer=list[ConfigurationView]),
        op(
            "POST",
            "/configurations",
            tenants.create,
            MANAGE,
            201,
            answer=list[ConfigurationView],
            mode="none",
        ),
        op("GET", _ONE, tenants.get, ANY, 200, answer=ConfigurationView),
        op("PUT", _ONE, tenants.replace, MANAGE, 200, answer=ConfigurationView, mode="none"),
        op("DELETE", _ONE, tenants.delete, MANAGE, 204, mode="none"),
        op("GET", "/clients", clients.list_clients, VIEW, 200, answer=list[str]),
        op("GET", _OF_CLIENT, clients.list_all, VIEW, 200, answer=list[ClientConfigurationView]),
        op(
            "POST",
            _OF_CLIENT,
            clients.create,
            MANAGE,
            201,
            answer=list[ClientConfigurationView],
            mode="none",
        ),
        op("GET", _OF_CLIENT + "/{propertyKey}", clients.get, VIEW, 200, answer=ClientConfigurationView),
        op(
            "PUT",
            _OF_CLIENT + "/{propertyKey}",
            clients.replace,
            MANAGE,
            200,
            answer=ClientConfigurationView,
            mode="none",
        ),
        op("DELETE", _OF_CLIENT + "/{propertyKey}", clients.delete, MANAGE, 204, mode="none"),
    ),
)
