"""Tenants: their languages, currency and settings, remembered for a few seconds by each worker."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, select, update

from coterie import project
from coterie.database.session import Database, Session
from coterie.kit import tables
from coterie.kit.clock import Clock, iso
from coterie.kit.errors import AlreadyExists, Invalid, Problem
from coterie.kit.language import Languages

NAME = re.compile(r"^[a-z][a-z0-9]{2,15}$")
_SECONDS = 3.0


@dataclass(frozen=True)
class Tenant:
    """A tenant. `settings` holds what it changed of the defaults, by name (`references`, `mixins.unreachable`…).

    currencies: those it has from the start, the default first.
    """

    name: str
    languages: Languages
    currencies: tuple[str, ...]
    settings: Mapping[str, Any]

    @classmethod
    def of(cls, row: Row[Any]) -> Tenant:
        """The tenant of a row: what its settings say comes before what it was created with."""
        tags = project.languages(row.settings)
        languages = Languages(tags or tuple(row.languages), tags[0] if tags else row.default_language)
        return cls(row.tenant, languages, project.currencies(row.settings) or (row.currency,), row.settings)

    @property
    def currency(self) -> str:
        """The default currency."""
        return self.currencies[0]

    @property
    def country(self) -> str | None:
        """The country code that it named as its own."""
        return self.settings.get(project.COUNTRY)


class Tenants:
    """The tenants of a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._known: dict[str, tuple[float, Tenant]] = {}
        self._forgotten = 0
        # What an operation without a tenant in its path, such as the token endpoint, starts from.
        self.nobody = Tenant("", Languages(("en",), "en"), ("",), {})

    async def get(self, name: str) -> Tenant | None:
        """The tenant, at most a few seconds old, or None."""
        now = self._clock.now().timestamp()
        known = self._known.get(name)
        if known is not None and now < known[0]:
            return known[1]
        forgotten = self._forgotten
        async with self._database.reading() as session:
            row = await session.first(select(tables.tenant).where(tables.tenant.c.tenant == name))
        if row is None:
            self._known.pop(name, None)
            return None
        found = Tenant.of(row)
        # What was read while another request changed a tenant may be of before the change.
        if forgotten == self._forgotten:
            self._known[name] = (now + _SECONDS, found)
        return found

    def forget(self, name: str) -> None:
        """Have the next request read the tenant anew; call it once a change is committed."""
        self._known.pop(name, None)
        self._forgotten += 1

    async def create(
        self,
        session: Session,
        name: str,
        *,
        languages: tuple[str, ...] = ("en",),
        currency: str = "EUR",
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a tenant; its first language is the default. Raises Invalid or AlreadyExists."""
        if not NAME.match(name):
            raise Invalid(
                problems=(
                    Problem.violation(
                        "tenant",
                        f"{name!r} is not a tenant name; use 3 to 16 lower-case letters and digits, a letter first",
                    ),
                )
            )
        values = {
            "tenant": name,
            "languages": list(languages),
            "default_language": languages[0],
            "currency": currency,
            "settings": dict(settings or {}),
            "created_at": iso(self._clock.now()),
        }
        statement = session.insert(tables.tenant).values(values).on_conflict_do_nothing()
        if not await session.run(statement):
            raise AlreadyExists("tenant", name, f"The tenant {name} exists already.")

    async def change(self, session: Session, name: str, setting: str, value: object) -> None:
        """Set one setting of a tenant that is there, or remove it when `value` is None.

        Every worker follows within seconds, this one at once; who changes while it serves requests calls `forget`
        after the commit too.
        """
        columns = tables.tenant.c
        found = await session.first(select(columns.settings).where(columns.tenant == name).with_for_update())
        assert found is not None
        settings = {each: found.settings[each] for each in found.settings if each != setting}
        if value is not None:
            settings[setting] = value
        await session.run(update(tables.tenant).where(columns.tenant == name).values(settings=settings))
        self.forget(name)
