"""`coterie openapi` and `coterie routes`: what the server offers, without starting it."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.table import Table

from coterie.cli import CommandError, app
from coterie.cli.options import Json
from coterie.description.openapi import document
from coterie.directory import SERVICES
from coterie.kit.rows import Row, Service
from coterie.settings import from_environment


@app.command
def openapi() -> None:
    """Print the OpenAPI 3.1 document of every operation."""
    json.dump(document(SERVICES, from_environment().base_url), sys.stdout, indent=2)
    print()


@app.command
def routes(service: str | None = None, *, json_: Json = False) -> None:
    """List the operations: method, path, scopes and success codes.

    Parameters
    ----------
    service
        Only this service, by its folder's name.
    """
    names = sorted(each.name for each in SERVICES)
    if service is not None and service not in names:
        raise CommandError(f"there is no service {service}; there are: {', '.join(names)}.", 2)
    rows = [(each, row) for each in SERVICES if service in (None, each.name) for row in each.rows]
    if json_:
        print(json.dumps([_described(each, row) for each, row in rows], indent=2))
        return
    table = Table("method", "path", "scopes", "codes", box=None)
    for each, row in rows:
        scopes = "public" if row.scopes is None else " | ".join(row.scopes) or "any token"
        table.add_row(row.method, each.prefix + row.path, scopes, " ".join(map(str, row.codes)))
    Console(width=None if sys.stdout.isatty() else 300).print(table)
    print(f"{len(rows)} operations")


def _described(service: Service, row: Row) -> dict[str, Any]:
    return {
        "service": service.name,
        "method": row.method,
        "path": service.prefix + row.path,
        "scopes": None if row.scopes is None else list(row.scopes),
        "codes": list(row.codes),
    }
