"""Query strings and bodies as the pipeline reads them."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Literal

import pytest

from coterie.kit.errors import CoterieError, Invalid, Malformed
from coterie.kit.wire import Instant, Wire, convert, decode, parse, parse_query


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


class Amounts(Wire):
    """A closed type: whatever else a body holds is left out."""

    amount: Decimal | None = None
    at: Instant | None = None
    names: list[str] | None = None
    inner: list[Inner] | None = None


OPEN = dict[str, Any]
BODIES = [
    b'{"amount": "1.50", "at": "2026-01-01", "names": ["a"], "more": {"x": [1]}}',
    b'{"amount": 12.5, "inner": [{"color": "BLUE"}, {"color": null}]}',
    b'{"amount": 1, "amount": "x"}',
    b'{"names": "a", "names": ["a"]}',
    b'{"names": ["\\u0000"]}',
    b'{"at": "yesterday"}',
    b'{"inner": [{"color": "GREEN"}]}',
    b'{"names": [1]}',
    b"[]",
    b" ",
    b"{",
    b"\xff",
    b'{"a":' * 101 + b"1" + b"}" * 101,
    b'{"many":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
]


@pytest.mark.parametrize("type", [Amounts, Outer, OPEN])
@pytest.mark.parametrize("body", BODIES)
def test_a_body_is_decoded_in_one_pass_as_it_is_in_two(type: Any, body: bytes) -> None:
    def outcome(read: Callable[[], Any]) -> Any:
        try:
            return read()
        except CoterieError as error:
            return error.__class__, str(error), error.problems

    wanted = outcome(lambda: convert(parse(body), type))
    # What a closed type leaves out is no deeper than it may be read.
    if type is Amounts and b'{"a":' * 101 in body:
        wanted = Amounts()
    assert outcome(lambda: decode(body, type)) == wanted


def test_an_amount_is_read_as_it_is_written() -> None:
    assert decode(b'{"amount": 0.1000000000000000000001}', Amounts).amount == Decimal(
        "0.1000000000000000000001"
    )
