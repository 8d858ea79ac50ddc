"""Query strings as the pipeline reads them."""

from typing import Any, Literal

import pytest

from coterie.kit.errors import Invalid, Malformed
from coterie.kit.wire import Wire, convert, parse, parse_query


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a=1&b=2", {"a": "1", "b": "2"}),
        ("a=1&a=2,3&a=4", {"a": "1,2,3,4"}),
        ("a=&b=2", {"b": "2"}),
        ("ref.id=x%2Cy", {"ref.id": "x,y"}),
    ],
)
def test_a_parameter_given_several_times_is_its_comma_list(text: str, values: dict[str, str]) -> None:
    assert parse_query(text) == values


@pytest.mark.parametrize("text", ["a=%00", "&".join(["a=1"] * 201)])
def test_what_no_operation_can_use_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_query(text)


def test_a_body_may_be_deep_but_not_bottomless() -> None:
    deep = b'{"a":' * 100 + b"1" + b"}" * 100
    assert parse(deep)
    for levels in (101, 900, 100_000):
        with pytest.raises(Malformed, match="nested"):
            parse(b"[" * levels + b"]" * levels)


class Inner(Wire):
    """An enumerated field below others."""

    color: Literal["RED", "BLUE"] | None = None


class Outer(Wire):
    """Fields of several types."""

    inner: list[Inner] | None = None
    many: dict[str, int] | None = None
    name: str | None = None


@pytest.mark.parametrize(
    ("value", "field", "message"),
    [
        ({"inner": [{}, {"color": "GREEN"}]}, "inner[1].color", "can't be 'GREEN'; use BLUE, RED"),
        ({"many": {"a": "x"}}, "many[...]", "expected an integer, got a string"),
        ({"name": 1}, "name", "expected a string, got an integer"),
        ([], "", "expected an object, got an array"),
    ],
)
def test_a_problem_names_the_field_and_the_way_out_in_words_of_json(
    value: Any, field: str, message: str
) -> None:
    with pytest.raises(Invalid) as refused:
        convert(value, Outer)
    (problem,) = refused.value.problems
    assert (problem.field, problem.message) == (field, message)
