"""The table of configurations."""

from __future__ import annotations

from coterie.kit.tables import key, resource_table

# `client` is empty for what belongs to the tenant itself. The value of a tenant setting is not here but in the
# tenant's row; that of a secured configuration is sealed.
configuration = resource_table("configuration", key("client"), key("key"))
