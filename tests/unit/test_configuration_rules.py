"""What configurations are read as."""

from __future__ import annotations

from typing import Any

import pytest

from coterie.services.configuration.rules import listed


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("no JSON", None),
        ("{}", None),
        (["DE"], {"DE"}),
        ('["DE", "AT"]', {"DE", "AT"}),
        ("[]", set()),
    ],
)
def test_a_list_is_json_or_a_text_of_it(value: Any, expected: set[str] | None) -> None:
    assert listed(value) == expected
