"""The query language of `q`: what a client writes, read into a tree (`parse`); `query.q_sql` makes it SQL.

A query is a list of terms `path:operand` that must all hold. Forms of the operand (CONTRACT §2.1):

| Form | Meaning |
|---|---|
| `red`, `"dark red"` | equal, minding case; an unquoted `20` or `true` also equals the number or boolean |
| `(a,"b c")`, `in(a,b)` | equal to one of them |
| `>20`, `<=1.5`, `(>=10 AND <20)` | a number in the range |
| `>"2026-01-02"`, `(>="…" AND <"…")` | a date in the range; dates are ISO 8601, without an offset in UTC |
| `~red`, `(~dark red)`, `~(dark red)`, `~(red,blue)` | contains a match of a pattern (`query.pattern`) |
| `null`, `missing` | nothing there, or only null |
| `exists` | something other than null there |

`compoundLogicalQuery:((x:1) OR (y:2 z:3))` combines terms with AND and OR, AND binding tighter, to any depth
below the limit.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final, NoReturn

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, VisitError

from coterie.query import pattern
from coterie.query.json_match import DateBound, NumberBound, Operator

MAX_TEXT: Final = 10_000  # characters, as in a URL
MAX_TERMS: Final = 100
MAX_VALUES: Final = 1_000  # in all lists together
MAX_DEPTH: Final = 16  # of parentheses
MAX_PATH: Final = 16  # keys

_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
_DATE: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_PARENTHESES: Final = re.compile(r'"(?:\\.|[^"\\])*(?:"|\\?\Z)|[()]', re.DOTALL)
_UNSTORABLE: Final = re.compile("[\0\ud800-\udfff]")
_BARE_WORD: Final = re.compile(r'[^\s:()",]+')
_NO_PATTERN: Final = re.compile(r"~(?:\(\s*+)?+(?:[\s)]|\Z)")
_ESCAPED: Final = re.compile(r'\\(["\\])')
_ITEM: Final = re.compile(r'"(?:\\.|[^"\\])*"|[^\s()",]+', re.DOTALL)
_LISTED_PATTERN: Final = re.compile(r"(?=\S)(?:\{[^{}]*\}|[^,])+")
_BEFORE_BROKEN_PATTERN: Final = re.compile(r':\s*(?:\(\s*~|~\(|~)[^()"]*$')


class QError(ValueError):
    """A `q` or `sort` that cannot be read: what is wrong, and at which 1-based position of the text."""

    def __init__(self, problem: str, position: int) -> None:
        super().__init__(f"{problem} (at position {position})")
        self.position = position


@dataclass(frozen=True, slots=True)
class Value:
    """One operand of equality, as text; a quoted one is text and nothing else."""

    text: str
    quoted: bool


@dataclass(frozen=True, slots=True)
class OneOf:
    """Equal to one of the values."""

    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """Within all bounds, which are all numbers or all dates."""

    bounds: tuple[NumberBound | DateBound, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """Has a match of the pattern, which is rendered for both engines."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Present:
    """Is anything other than null there (`exists`), or not (`null`, `missing`)?"""

    wanted: bool


@dataclass(frozen=True, slots=True)
class Term:
    """A condition on what stands at a path, and the 1-based position of the term in the text."""

    path: tuple[str, ...]
    condition: OneOf | Range | Contains | Present
    position: int


@dataclass(frozen=True, slots=True)
class AllOf:
    """All parts hold; none means that everything does."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: "tuple[Node, ...]"


Node = Term | AllOf | AnyOf


@dataclass(frozen=True, slots=True)
class Query:
    """A whole query; an empty text is one without terms."""

    root: Node


@lru_cache(maxsize=512)
def parse(text: str) -> Query:
    """Reads a query; raises QError for malformed text and for more than the limits of this module allow."""
    if len(text) > MAX_TEXT:
        raise QError(f"a query has at most {MAX_TEXT} characters", MAX_TEXT + 1)
    _check_characters(text)
    _check_depth(text)
    builder = _Builder()
    try:
        tree = _parser(text, builder)
    except UnexpectedInput as error:
        _fail(text, error)
    except VisitError as error:  # lark wraps what the builder raises
        raise error.orig_exc from None
    return Query(tree)


def to_number(text: str) -> int | float | None:
    """The number that a text writes as JSON does; None when it is none or too large for a double."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        return None
    if found[1] is None and found[2] is None and len(text) <= 20 and abs(int(text)) < 2**64:
        return int(text)
    number = float(text)
    return None if number in (float("inf"), float("-inf")) else number


def to_date(text: str) -> tuple[str, tuple[str, ...]] | None:
    """A date as stored (`2026-01-02T03:04:05.678Z`) and all spellings of that instant; None when none.

    Digits beyond the millisecond are dropped; a time without an offset is UTC.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    day, minute, second, fraction, zone = found.groups()
    zone = zone if zone not in (None, "Z") else "+00:00"
    try:
        moment = datetime.fromisoformat(f"{day}T{minute or '00:00'}:{second or '00'}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    whole = moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    millis = (fraction or "").ljust(3, "0")[:3]
    spellings = [f"{whole}.{millis}Z"]
    if millis == "000":
        spellings.append(f"{whole}Z")
        if whole.endswith("T00:00:00"):
            spellings.append(whole[:10])
    return spellings[0], tuple(spellings)


@v_args(inline=True)
class _Builder(Transformer[Token, Any]):
    """Makes the tree while the parser runs, counting what is limited."""

    def __init__(self) -> None:
        super().__init__()
        self.terms = 0
        self.values = 0

    def start(self, *parts: Node) -> Node:
        return parts[0] if len(parts) == 1 else AllOf(parts)

    def compound(self, inner: Node) -> Node:
        return inner

    def either(self, *parts: Node) -> Node:
        return AnyOf(parts)

    def both(self, *parts: Node) -> Node:
        return AllOf(parts)

    def term(self, path: Token, condition: OneOf | Range | Contains | Present) -> Term:
        position = (path.start_pos or 0) + 1
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise QError(f"a query has at most {MAX_TERMS} terms", position)
        keys = tuple(path[:-1].split("."))
        if len(keys) > MAX_PATH:
            raise QError(f"a path has at most {MAX_PATH} keys", position)
        if "" in keys:
            raise QError(f"'{path[:-1]}' is not a path: a key is empty", position)
        if self.values > MAX_VALUES:
            raise QError(f"a query lists at most {MAX_VALUES} values", position)
        if isinstance(condition, Range) and len({type(bound) for bound in condition.bounds}) > 1:
            raise QError("a range is between two numbers or between two dates", position)
        return Term(keys, condition, position)

    def exact(self, operand: Token) -> OneOf | Present:
        if operand.type == "WORD" and operand in ("null", "missing", "exists"):
            return Present(operand == "exists")
        return OneOf((_operand(operand),))

    def list(self, *tokens: Token) -> OneOf:
        first = tokens[0]
        items = _ITEM.findall(first, first.index("(")) if first.type == "LIST" else tokens
        self.values += len(items)
        return OneOf(tuple(map(_operand, items)))

    def range(self, *bounds: NumberBound | DateBound) -> Range:
        self.values += len(bounds)
        return Range(bounds)

    def bound(self, operator: Token, token: Token) -> NumberBound | DateBound:
        text = _operand(token).text
        sign: Operator = operator.value
        number = to_number(text)
        if number is not None:
            return NumberBound(sign, number)
        date = to_date(text)
        if date is not None:
            return DateBound(sign, *date)
        raise QError(
            f"'{operator}' expects a number or an ISO 8601 date in quotes", (token.start_pos or 0) + 1
        )

    def regex(self, token: Token) -> Contains:
        source = token[token.index("~") + 1 :]
        start = (token.start_pos or 0) + len(token) - len(source)
        if token.type == "REGEX":
            return Contains(_render(source, start))
        if token.type == "REGEX_GROUP":
            return Contains(_render(source[:-1], start))
        if len(source) - 2 > pattern.MAX_LENGTH:  # the patterns of a list become one
            raise QError(
                f"patterns in a list have at most {pattern.MAX_LENGTH} characters together", start + 1
            )
        parts = [(found[0].rstrip(), found.start()) for found in _LISTED_PATTERN.finditer(source[1:-1])]
        return Contains("|".join(_render(part, start + 1 + offset) for part, offset in parts or [("", 0)]))


def _operand(text: str) -> Value:
    if text.startswith('"'):
        inside = text[1:-1]
        return Value(_ESCAPED.sub(r"\1", inside) if "\\" in inside else inside, True)
    return Value(str(text), False)


def _render(source: str, start: int) -> str:
    try:
        return pattern.render(source)
    except pattern.PatternError as error:
        raise QError(f"in the pattern after '~': {error.problem}", start + error.offset + 1) from None


_GRAMMAR: Final = files("coterie.query").joinpath("q.lark").read_text(encoding="utf-8")
_LARK: Final = Lark(_GRAMMAR, parser="lalr", lexer="contextual", propagate_positions=False)


def _parser(text: str, builder: _Builder) -> Node:
    root: Node = builder.transform(_LARK.parse(text))
    return root


def _check_characters(text: str) -> None:
    found = _UNSTORABLE.search(text)
    if found:
        raise QError("a query cannot hold U+0000 or half of a surrogate pair", found.start() + 1)


def _check_depth(text: str) -> None:
    depth = 0
    for found in _PARENTHESES.finditer(text):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if depth > MAX_DEPTH:
            raise QError(f"parentheses nest at most {MAX_DEPTH} deep", found.start() + 1)


_NAMES: Final = {
    "PATH": "a term 'name:value'",
    "WORD": "a value",
    "ITEM": "a value",
    "RPAR": "')'",
    "OPERATOR": "a comparison",
}


def _fail(text: str, error: UnexpectedInput) -> NoReturn:
    """The parser's complaint in our words."""
    at: int = error.pos_in_stream if isinstance(error.pos_in_stream, int) else len(text)
    token = getattr(error, "token", None)
    if token is not None and token.type == "$END":
        at = len(text)
    expected = set(
        getattr(error, "accepts", None)
        or getattr(error, "allowed", None)
        or getattr(error, "expected", ())
        or ()
    )
    broken = _broken_pattern(text, at)
    if broken:
        raise QError(broken, at + 1) from None
    if text.startswith('"', at) and "STRING" in expected:
        raise QError("the quote is not closed", at + 1) from None
    word = _BARE_WORD.match(text, at)
    if word and word[0] == "OR":
        raise QError("OR stands between terms inside compoundLogicalQuery:(…) only", at + 1) from None
    if word and "PATH" in expected:
        raise QError(f"No value for key '{word[0]}'", at + 1) from None
    names = list(dict.fromkeys(name for terminal, name in _NAMES.items() if terminal in expected))
    raise QError(f"expected {' or '.join(names) or 'the end of the query'}", at + 1) from None


def _broken_pattern(text: str, at: int) -> str:
    """What is wrong with a pattern that the text broke off in or before `at`; empty when nothing is."""
    rest = text[at:].lstrip("( \t\r\n")
    if rest.startswith("~"):
        if _NO_PATTERN.match(rest):
            return "expected a pattern after '~'"
        return "Missing closing parenthesis in value"
    if text[at : at + 1] in ("(", ")", '"') and _BEFORE_BROKEN_PATTERN.search(
        text, max(0, at - 2 * pattern.MAX_LENGTH), at
    ):
        return "Missing closing parenthesis in value"
    return ""
