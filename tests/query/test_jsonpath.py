"""JSONPath predicates: each form, and what is refused."""

import pytest

from coterie.query.jsonpath import MAX_TEXT, JsonPathError, parse

PAYLOAD = {
    "code": "it's",
    "status": "NEW",
    "total": {"amount": 120.5, "currency": "EUR"},
    "items": [{"sku": "a", "n": 1}, {"sku": "b", "n": 5}],
    "open": True,
    "gone": None,
    "odd key": 1,
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("$[?(@.status == 'NEW')]", True),
        ("$[?@.status == 'NEW']", True),
        ('$[?(@.status != "NEW")]', False),
        ("$[?(@.code == 'it\\'s')]", True),
        ("$[?(@.total.amount > 100)]", True),
        ("$[?(@.total.amount <= 100)]", False),
        ("$[?(100 < @.total.amount)]", True),
        ("$[?(@['total']['currency'] == 'EUR' && @.open == true)]", True),
        ("$[?(@['odd key'] == 1 && @.open == 1)]", False),
        ("$[?(@.status == 'OLD' || (@.open && !(@.nothing)))]", True),
        ("$[?(!@.open)]", False),
        ("$[?(@.items[*].n > 4)]", True),
        ("$[?(@.items[0].n > 4)]", False),
        ("$[?(@.items[-1].sku in ['b', 'c'])]", True),
        ("$[?(@.status in [])]", False),
        ("$[?(@.gone == null)]", True),
        ("$[?(@.gone)]", True),
        ("$[?(@.nothing == null)]", False),
        ("$[?(@.status > 3)]", False),
        ("$[?(@.total.* == 'EUR')]", True),
        ("$.total.amount", True),
        ("$.total.nothing", False),
    ],
)
def test_what_matches(text: str, matches: bool) -> None:
    assert parse(text)(PAYLOAD) is matches


@pytest.mark.parametrize(
    "text",
    [
        "",
        "status",
        "$[?(@.a = 1)]",
        "$[?(@.a == )]",
        "$[?(@.a == 'x]",
        "$[?(" + "(" * 40,
        "$." + "a" * MAX_TEXT,
        "$..a",
    ],
)
def test_what_is_refused(text: str) -> None:
    with pytest.raises(JsonPathError):
        parse(text)
