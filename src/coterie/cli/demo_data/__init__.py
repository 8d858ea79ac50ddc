"""What the demo tenant holds: curated lists in TOML, and the modules that turn them into request bodies.

Everything here is pure and always gives the same values; `coterie.cli.demo` sends them.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any


def load(name: str) -> dict[str, Any]:
    """The list `name`.toml of this package."""
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text("utf-8"))
