"""From a path to its row."""

from __future__ import annotations

import pytest

from coterie.kit.dispatch import Dispatch
from coterie.kit.errors import MethodNotAllowed, NoRoute
from coterie.kit.rows import ANY, Handler, Row, Service


async def nothing() -> None:
    """Stands for any handler."""


def row(method: str, path: str) -> Row:
    return Row(method, path, Handler(nothing), ANY, (200,), "read")


DISPATCH = Dispatch(
    [
        Service(
            "thing",
            "/thing/{tenant}/things",
            (
                row("GET", ""),
                row("GET", "/{thingId}"),
                row("PUT", "/{thingId}"),
                row("POST", "/search"),
                row("GET", "/{thingId}/parts/{partId}"),
                row("GET", "/special/parts"),
            ),
            "Things",
        )
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "expected", "parameters"),
    [
        ("GET", "/thing/acme/things", "", {"tenant": "acme"}),
        ("GET", "/thing/acme/things/", "", {"tenant": "acme"}),
        ("GET", "/thing/acme/things/a%2Fb", "/{thingId}", {"tenant": "acme", "thing_id": "a/b"}),
        ("POST", "/thing/acme/things/search", "/search", {"tenant": "acme"}),
        (
            "GET",
            "/thing/acme/things/special/parts/7",
            "/{thingId}/parts/{partId}",
            {"tenant": "acme", "thing_id": "special", "part_id": "7"},
        ),
    ],
)
def test_a_path_finds_its_row(method: str, path: str, expected: str, parameters: dict[str, str]) -> None:
    found = DISPATCH.match(method, path)
    assert (found.row.path, found.parameters) == (expected, parameters)


@pytest.mark.parametrize(
    "path", ["/", "/thing", "/other/acme/things", "/thing/acme/things/a/b", "/thing//things"]
)
def test_no_row_for_other_paths(path: str) -> None:
    with pytest.raises(NoRoute):
        DISPATCH.match("GET", path)


def test_a_known_path_names_its_methods() -> None:
    with pytest.raises(MethodNotAllowed) as refused:
        DISPATCH.match("DELETE", "/thing/acme/things/7")
    assert refused.value.allowed == ("GET", "PUT")


def test_a_path_is_given_once() -> None:
    with pytest.raises(ValueError, match="two rows"):
        Dispatch([Service("t", "/t", (row("GET", "/{a}"), row("GET", "/{b}")), "T")])
