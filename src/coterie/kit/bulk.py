"""Bulk answers: one entry for each item of the request, in its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coterie.kit.call import Call, Reply
from coterie.kit.dialect import details_of
from coterie.kit.errors import CoterieError


@dataclass(frozen=True)
class Outcome:
    """What became of one item: a success code, or the error that refused it. `extra` are fields of its entry."""

    code: int
    id: str | None = None
    error: CoterieError | None = None
    extra: tuple[tuple[str, Any], ...] = ()

    @classmethod
    def refused(cls, error: CoterieError, id: str | None = None) -> Outcome:
        """An item that was not written."""
        return cls(error.status, id, error)


def bulk_reply(call: Call, outcomes: Sequence[Outcome], *, ids: bool = True) -> Reply:
    """The 207 answer; what was stored is committed, whatever became of the other items (CONTRACT §2.12)."""
    dialect = call.service.dialect
    entries = []
    for position, outcome in enumerate(outcomes):
        entry: dict[str, Any] = {"index": position + dialect.index_base}
        if ids and outcome.id is not None:
            entry["id"] = outcome.id
        entry |= dict(outcome.extra)
        entry |= {"code": outcome.code, "status": dialect.reason(outcome.code)}
        if outcome.error is not None:
            entry["message"] = dialect.message(outcome.error, call.tenant.name)
            details = details_of(outcome.error, dialect.details)
            if details:
                entry["details"] = details
        entries.append(entry)
    return Reply(207, entries)
