"""Who sees what of customer segments: the table that the tests prove over HTTP and the reference page is made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ALL: Final = "all"
OWN: Final = "own active"
DONE: Final = "done"
REFUSED: Final = "403"

MEANINGS: Final = {
    ALL: "everything, whatever the segment's status and window",
    OWN: "what belongs to active segments that the caller is a member of; any other segment is 404",
    DONE: "the change is made (for match: products are compared with the active ones of the segments named)",
    REFUSED: "refused before anything is looked at; nothing changes",
}


@dataclass(frozen=True)
class Asker:
    """A kind of caller: a word for the table's head, and the segments that are his own."""

    name: str
    own: str


CALLERS: Final = {
    "manager": Asker("service token, read and manage", "none: it is no customer"),
    "reader": Asker("employee, read only", "none: he is no customer"),
    "b2c": Asker("B2C customer", "those he is in for himself; a `legalEntityId` of the query is ignored"),
    "one": Asker(
        "contact of one company",
        "those he is in for himself or for that company; a `legalEntityId` of the query is ignored",
    ),
    "several": Asker(
        "contact of several",
        "those he is in for himself or for any company; with `legalEntityId`, for himself or for that one",
    ),
    "chosen": Asker(
        "contact, company in the token",
        "those he is in for himself or for the token's company; a `legalEntityId` of the query is ignored",
    ),
    "guest": Asker("guest (anonymous token)", "none: the token has no scope"),
}


@dataclass(frozen=True)
class Operation:
    """A row of the table: what each caller gets, in the order of `CALLERS`."""

    method: str
    path: str
    answers: tuple[str, ...]


def _row(method: str, path: str, *answers: str) -> Operation:
    return Operation(method, path, answers)


_S, _C, _I = "/segments/{segmentId}", "/segments/{segmentId}/customers", "/segments/{segmentId}/items"
_READ = (ALL, ALL, OWN, OWN, OWN, OWN, REFUSED)
_READER = (ALL, ALL, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED)
_CUSTOMER = (REFUSED, REFUSED, OWN, OWN, OWN, OWN, REFUSED)
_MANAGE = (DONE, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED, REFUSED)

OPERATIONS: Final = (
    _row("GET", "/segments", *_READ),
    _row("GET", "/segments?customerId", *_READER),
    _row("POST", "/segments/search", *_READ),
    _row("POST", "/segments/search?customerId", *_READER),
    _row("GET", _S, *_READ),
    _row("GET", _C, *_READ),
    _row("POST", _C + "/search", *_READER),
    _row("GET", _C + "/{customerId}", *_READER),
    _row("GET", _C + "/{customerId}/{legalEntityId}", *_READER),
    _row("GET", _I, *_READ),
    _row("POST", _I + "/search", *_READ),
    _row("GET", _I + "/{type}/{itemId}", *_READ),
    _row("GET", "/segments/items", *_READ),
    _row("GET", "/segments/items/category-trees", *_CUSTOMER),
    _row("POST", "/segments/match", *_MANAGE),
    _row("POST", "/segments", *_MANAGE),
    _row("PUT", _S, *_MANAGE),
    _row("PATCH", _S, *_MANAGE),
    _row("DELETE", _S, *_MANAGE),
    _row("POST", "/segments/bulk", *_MANAGE),
    _row("PUT", "/segments/bulk", *_MANAGE),
    _row("DELETE", "/segments/bulk", *_MANAGE),
    _row("PUT", _C + "/{customerId}", *_MANAGE),
    _row("DELETE", _C + "/{customerId}", *_MANAGE),
    _row("PUT", _C + "/{customerId}/{legalEntityId}", *_MANAGE),
    _row("DELETE", _C + "/{customerId}/{legalEntityId}", *_MANAGE),
    _row("PUT", _C + "/bulk", *_MANAGE),
    _row("DELETE", _C + "/bulk", *_MANAGE),
    _row("PUT", _I + "/{type}/{itemId}", *_MANAGE),
    _row("DELETE", _I + "/{type}/{itemId}", *_MANAGE),
    _row("PUT", _I + "/{type}/bulk", *_MANAGE),
    _row("DELETE", _I + "/{type}/bulk", *_MANAGE),
)

NOTES: Final = (
    "Active is what has the status `ACTIVE` and whose window holds the instant of the request.",
    "An expired membership counts for nobody.",
    "Of the customers of a segment, a customer sees his own assignments, for the companies that count.",
    "With `customerId`, a reader sees the segments of that customer whatever their status; "
    "`legalEntityId` then counts where that customer has several companies.",
    "A token with both read scopes sees all, but a customer's only those in active segments at `/segments/items`, "
    "and only his own in the category trees.",
    "A token with `segment_read_own` that is no customer's sees nothing, and each segment is 404.",
)


def page() -> str:
    """The table as a page of the reference."""
    heads = [each.name for each in CALLERS.values()]
    lines = [
        "# Who sees what of customer segments",
        "",
        "Paths are below `/customer-segment/{tenant}`. Each cell is proven over HTTP by "
        "`tests/services/customer_segment/test_visibility.py`.",
        "",
        "| operation | " + " | ".join(heads) + " |",
        "|---" * (len(heads) + 1) + "|",
        *(f"| `{each.method} {each.path}` | " + " | ".join(each.answers) + " |" for each in OPERATIONS),
        "",
        *(f"- **{word}**: {meaning}." for word, meaning in MEANINGS.items()),
        "",
        "A caller's own segments:",
        "",
        *(f"- **{each.name}**: {each.own}." for each in CALLERS.values()),
        "",
        *(f"- {note}" for note in NOTES),
    ]
    return "\n".join(lines) + "\n"
