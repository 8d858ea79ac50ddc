"""The one list of services: every folder under `services/` with its `routes.SERVICE`."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from coterie import services
from coterie.kit.rows import Service

NAMES = tuple(sorted(module.name for module in iter_modules(services.__path__)))
SERVICES: tuple[Service, ...] = tuple(
    import_module(f"coterie.services.{name}.routes").SERVICE for name in NAMES
)
