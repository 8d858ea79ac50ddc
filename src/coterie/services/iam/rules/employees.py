"""What an employee may be called, and where the links lead that he is sent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from coterie.kit.errors import Problem

PROVISIONED, ACTIVE = "PROVISIONED", "ACTIVE"
# What links in mails are for; also the names of their templates.
INVITATION, RESET = "employee-invitation", "employee-password-reset"
_PAGE = "employee.password.redirecturl"
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


def page(settings: Mapping[str, Any], token: str) -> str:
    """The link of a mail: only the tenant's setting says where it leads. Empty without it."""
    start = settings.get(_PAGE)
    return f"{start}{token}" if start else ""
