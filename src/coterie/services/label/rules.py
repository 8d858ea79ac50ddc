"""Pure decisions: what a label must not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coterie.kit.errors import Problem


def label_problems(document: Mapping[str, Any], _before: Mapping[str, Any] | None) -> list[Problem]:
    """What a label must not say."""
    if document["name"].strip():
        return []
    return [Problem.violation("name", "is empty")]
