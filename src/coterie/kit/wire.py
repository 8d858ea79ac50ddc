"""JSON in and out: request structs with lenient numbers, problems that name the field, answers as bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, TypeVar, cast, dataclass_transform
from urllib.parse import parse_qsl

import msgspec
from msgspec import json as _json

from coterie.kit.clock import iso
from coterie.kit.errors import Invalid, Malformed, Problem

T = TypeVar("T")
_AT = re.compile(r" - at `(?:key in )?\$?\.?(.*)`$")
_FIELD = re.compile(r"missing required field `(\w+)`")
# No client nests deeper, and what is stored must be patched and searched without running out of stack.
DEEPEST = 100
# What msgspec calls in Python's words, and clients know by JSON's.
_NAMED = {
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
    "null": "null",
}
_NAMED |= {"object": "an object", "array": "an array", "decimal": "a number"}
_QUOTED = re.compile(r"`([^`]+)`")
_encoder = _json.Encoder()
_MAX_PARAMETERS = 200


class _WireMeta(msgspec.StructMeta):
    # msgspec's own kw_only holds for one class: no required field could extend a struct with optional ones.
    def __new__(cls, name: str, bases: tuple[type, ...], names: dict[str, Any], **options: Any) -> _WireMeta:
        return super().__new__(cls, name, bases, names, **{"kw_only": True, **options})


@dataclass_transform(kw_only_default=True, field_specifiers=(msgspec.field,))  # what type checkers know of it
class Wire(msgspec.Struct, metaclass=_WireMeta, rename="camel", omit_defaults=True):
    """Base of the structs that travel. A field that is None is absent, so only None may be a default."""


class Instant(str):
    """An instant in a request, read from any ISO 8601 form and kept as `clock.iso` writes it; UTC where unstated."""

    __slots__ = ()


MOST_LISTED = 5_000
"""How many ids one field may list: what a list becomes in SQL has to fit into one statement."""

T_Item = TypeVar("T_Item")
Listed = Annotated[list[T_Item], msgspec.Meta(max_length=MOST_LISTED)]
"""A list of ids, or of what each becomes a row or a parameter, in a request."""


class Metadata(Wire):
    """`metadata` of a resource in a request: the version it is based on, and the schemas of its mixins."""

    version: int | None = None
    mixins: dict[str, Any] | None = None


class MetadataView(Wire):
    """`metadata` of a resource in an answer."""

    version: int
    created_at: str
    modified_at: str
    mixins: dict[str, Any] | None = None


class Created(Wire):
    """The answer of an operation that created a resource."""

    id: str


class Search(Wire):
    """The body of a `…/search` operation."""

    q: str | None = None


class BulkEntry(Wire):
    """One entry of a 207 answer."""

    index: int
    code: int
    status: str
    id: str | None = None
    message: str | None = None
    details: list[Any] | None = None


def encode(value: Any) -> bytes:
    """JSON of a struct, dict, list or scalar."""
    return _encoder.encode(value)


def parse(body: bytes) -> Any:
    """The JSON value of a body. Raises Malformed, also for text that no database can keep."""
    if not body.strip():
        raise Malformed(
            "The request body is missing.", problems=(Problem("", "missing_payload", "send JSON"),)
        )
    try:
        value = _json.decode(body)
    except RecursionError:
        raise Malformed("The request body is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"The request body is not valid JSON: {error}.") from None
    if _may_be_deep(body) and depth(value) > DEEPEST:
        raise Malformed(f"The request body is nested deeper than {DEEPEST} levels.")
    if b"\\u0000" in body and _has_nul(value):
        raise Malformed("The request body holds the character U+0000, which can't be stored.")
    return value


def depth(value: Any) -> int:
    """How deeply objects and arrays are nested."""
    levels, level = 0, [value] if isinstance(value, (dict, list)) else []
    while level:
        inner: list[Any] = []
        for each in level:
            inner += each.values() if type(each) is dict else each
        # What the decoder makes has these very types, and most of it is text and numbers.
        levels, level = levels + 1, [each for each in inner if type(each) is dict or type(each) is list]
    return levels


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(each) for key, each in value.items())
    return isinstance(value, list) and any(_has_nul(each) for each in value)


def convert(value: Any, type: type[T], *, where: str = "") -> T:
    """The value as a `type`; unknown properties are ignored, numbers and booleans sent as text are read
    (CONTRACT decision 8). Raises Invalid with the field's path."""
    try:
        return msgspec.convert(value, type, strict=False, dec_hook=_decoded)
    except msgspec.ValidationError as error:
        raise Invalid(problems=(_problem(str(error), where, type),)) from None


def decode(body: bytes, type: type[T]) -> T:
    """The JSON of a body as a `type`: what `convert(parse(body), type)` gives or raises, in one pass where it can.

    Numbers are read as they are written: a Decimal never passes through a float.
    """
    decoder, free = _decoder(cast("Any", type))
    # A deep value, or the character that can't be stored, may hide in what the type leaves open.
    if b"\\u0000" not in body and not (free and _may_be_deep(body)):
        try:
            return cast("T", decoder.decode(body))
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass  # the slow way says what is wrong, and where
    return convert(parse(body), type)


@cache
def _decoder(type: Any) -> tuple[_json.Decoder[Any], bool]:
    """What decodes a type, and whether it holds values of any shape."""
    closed = _closed(msgspec.inspect.type_info(type))
    return _json.Decoder(type, strict=False, dec_hook=_decoded), not closed


def _closed(node: Any) -> bool:
    """Whether a type says of every value in it what it is, so that the type bounds the depth."""
    if isinstance(node, msgspec.inspect.StructType):
        return all(_closed(each.type) for each in node.fields)
    if isinstance(node, msgspec.inspect.UnionType):
        return all(map(_closed, node.types))
    if isinstance(node, msgspec.inspect.ListType):
        return _closed(node.item_type)
    return not isinstance(node, (msgspec.inspect.AnyType, msgspec.inspect.DictType))


def _may_be_deep(body: bytes) -> bool:
    # Counting brackets is cheap, and only a body with many can be deep.
    return body.count(b"[") + body.count(b"{") > DEEPEST


def _decoded(type: type, value: Any) -> Any:
    if type is Instant and isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
            return Instant(iso(moment if moment.tzinfo else moment.replace(tzinfo=UTC)))
        except (ValueError, OverflowError):  # the first and last hours there are may not exist in UTC
            raise ValueError(
                f"{value!r} is not an ISO 8601 date and time such as 2026-01-31T08:00:00Z"
            ) from None
    raise TypeError(f"Expected `{type.__name__.lower()}`, got `{value.__class__.__name__}`")


def _allowed(type: Any, path: str) -> str:
    """The values that an enumerated field takes, as a sentence's end; nothing where they can't be found."""
    node: Any = msgspec.inspect.type_info(type)
    for part in re.findall(r"\w+|\[[^\]]*\]", path):
        options = node.types if isinstance(node, msgspec.inspect.UnionType) else (node,)
        node = next((inner for each in options if (inner := _inner(each, part)) is not None), None)
    options = node.types if isinstance(node, msgspec.inspect.UnionType) else (node,)
    values = [
        str(v) for each in options if isinstance(each, msgspec.inspect.LiteralType) for v in each.values
    ]
    return f"; use {', '.join(values)}" if values else ""


def _inner(node: Any, part: str) -> Any:
    """The type of a field, or of the items, inside a type."""
    if isinstance(node, msgspec.inspect.StructType):
        return next((each.type for each in node.fields if each.encode_name == part), None)
    if isinstance(node, msgspec.inspect.DictType):
        return node.value_type
    return getattr(node, "item_type", None)


def _in_json(types: re.Match[str]) -> str:
    """Types in JSON's words; that null is taken too need not be said."""
    names = types.group(1).split(" | ")
    return " or ".join(_NAMED.get(name, f"`{name}`") for name in names if name != "null" or len(names) == 1)


def _problem(text: str, where: str, type: Any) -> Problem:
    at = _AT.search(text)
    path = at.group(1) if at else ""
    message = _AT.sub("", text)
    missing = _FIELD.search(message)
    if missing:
        path = f"{path}.{missing.group(1)}" if path else missing.group(1)
        message = "is required"
    else:
        message = _QUOTED.sub(_in_json, message[:1].lower() + message[1:])
        if message.startswith("invalid enum value"):
            message = message.replace("invalid enum value", "can't be") + _allowed(type, path)
    full = ".".join(part for part in (where, path.lstrip(".")) if part)
    return Problem.violation(full, message)


def to_document(value: Any) -> dict[str, Any]:
    """A struct as a plain dict of its wire fields, absent ones left out."""
    document = msgspec.to_builtins(value, enc_hook=str)
    assert isinstance(document, dict)
    return document


def parse_query(text: str) -> dict[str, str]:
    """The query string's parameters; empty ones count as absent, one given several times is its comma list."""
    values: dict[str, str] = {}
    try:
        pairs = parse_qsl(text, keep_blank_values=False, max_num_fields=_MAX_PARAMETERS)
    except ValueError:
        raise Invalid(f"The query has more than {_MAX_PARAMETERS} parameters.") from None
    for name, value in pairs:
        values[name] = f"{values[name]},{value}" if name in values else value
    for name, value in values.items():
        if "\0" in value:
            raise Invalid(
                "A query parameter holds the character U+0000.",
                problems=(Problem.violation(name, "holds the character U+0000; leave it out"),),
            )
    return values


def keep_fields(document: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Only the top-level fields `names` of an answer (CONTRACT §2.3); unknown names are silently absent."""
    wanted = {name.split(".", 1)[0] for name in names}
    return {key: value for key, value in document.items() if key in wanted}
