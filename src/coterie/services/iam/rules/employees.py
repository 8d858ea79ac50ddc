"""What an employee may be called."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from coterie.kit.errors import Problem

PROVISIONED, ACTIVE = "PROVISIONED", "ACTIVE"
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def folded(email: str) -> str:
    """An e-mail address as it is compared: letter case makes no difference."""
    return email.casefold()


def problems(document: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with an employee."""
    email = document["contactEmail"]
    if len(email) <= 254 and _EMAIL.fullmatch(email):
        return []
    return [Problem.violation("contactEmail", f"{email[:80]!r} is not an e-mail address")]
