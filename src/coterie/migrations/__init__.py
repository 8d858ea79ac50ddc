"""The migrations of the database, one tree for both engines, and the tables they lead to."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from sqlalchemy import MetaData

from coterie import services
from coterie.kit.tables import metadata


def all_tables() -> MetaData:
    """The tables of the kit and of every service, as the code declares them."""
    for module in iter_modules(services.__path__, "coterie.services."):
        if find_spec(f"{module.name}.tables"):
            import_module(f"{module.name}.tables")
    return metadata
