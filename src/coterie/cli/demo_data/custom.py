"""What the demo tenant holds of entities of its own: workshops, in which customers learn to use the tools."""

from __future__ import annotations

from typing import Any

from coterie.cli.demo_data import load

TYPE = "WORKSHOP"


def custom_type() -> dict[str, Any]:
    """The body of the custom entity type."""
    return {"id": TYPE, "name": load("custom")["name"]}


def schemas() -> list[dict[str, Any]]:
    """Bodies of the schemas: that of the workshops, and one for products."""
    return list(load("custom")["schema"])


def workshops() -> list[dict[str, Any]]:
    """Bodies of the workshops, whose mixin is of the schema with its name."""
    return list(load("custom")["workshop"])
