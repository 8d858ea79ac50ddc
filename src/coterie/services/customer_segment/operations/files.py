"""Files of assignments: an upload cut into chunks at the ends of its records, and a chunk read into rows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from coterie.kit.errors import CoterieError, Invalid, Problem, UnsupportedMedia
from coterie.kit.wire import parse

CSV, NDJSON = "csv", "ndjson"
MEDIA = {CSV: "text/csv", NDJSON: "application/x-ndjson"}
# Cells of these columns hold JSON.
_JSON_COLUMNS = ("mixins", "metadata")
# A chunk is what one transaction writes, so it holds up other writers for as long.
_MOST_LINES, _MOST_BYTES = 5_000, 512 * 1024
_LONGEST_RECORD = 1024 * 1024
# Bytes that are not UTF-8, as Python decodes them.
_BYTES = re.compile("[\udc80-\udcff]")
_BOM = b"\xef\xbb\xbf"


def format_of(media: str) -> str:
    """The format of a media type. Raises UnsupportedMedia."""
    for name, type_ in MEDIA.items():
        if media == type_:
            return name
    raise UnsupportedMedia(f"The media type {media!r} is not supported; send {' or '.join(MEDIA.values())}.")


class Cutter:
    """Cuts a file into chunks of whole records, a CSV's first line apart as `header`.

    `lines` counts those cut off so far, the header's included. In CSV a line end inside quotes ends no record.
    """

    def __init__(self, format: str) -> None:
        self.header: bytes | None = None
        self.lines = 0
        self._csv = format == CSV
        self._rest = b""
        self._pending: list[bytes] = []
        self._size = 0
        self._quoted = False
        self._start = True

    def feed(self, data: bytes) -> Iterator[tuple[bytes, int]]:
        """The chunks that are whole with this part of the file, each with its number of lines. Raises Invalid."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            yield from self._line(line)
        self._check(len(self._rest) + (self._size if self._quoted else 0))

    def finish(self) -> Iterator[tuple[bytes, int]]:
        """What is left at the end of the file."""
        if self._rest:
            yield from self._line(self._rest)
        if self._pending:
            yield self._cut()

    def _line(self, line: bytes) -> Iterator[tuple[bytes, int]]:
        if self._start:
            self._start = False
            line = line.removeprefix(_BOM)
            if self._csv:
                self.header, self.lines = line, 1
                return
        self._pending.append(line)
        self._size += len(line) + 1
        if self._csv and line.count(b'"') % 2:
            self._quoted = not self._quoted
        if self._quoted:
            self._check(self._size - _MOST_BYTES)
        elif len(self._pending) >= _MOST_LINES or self._size >= _MOST_BYTES:
            yield self._cut()

    def _cut(self) -> tuple[bytes, int]:
        chunk, number = b"\n".join(self._pending), len(self._pending)
        self.lines += number
        self._pending, self._size = [], 0
        return chunk, number

    def _check(self, size: int) -> None:
        if size > _LONGEST_RECORD:
            line = self.lines + len(self._pending) + 1
            hint = " or a quotation mark is not closed" if self._csv else ""
            text = f"the record before line {line} is longer than {_LONGEST_RECORD} bytes{hint}"
            raise Invalid(problems=(Problem.violation("", text),))


def columns_of(header: bytes, required: Sequence[str]) -> list[str]:
    """The names in a CSV's first line. Raises Invalid when a required one is missing or one stands twice."""
    try:
        names = next(csv.reader([header.decode()]), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise Invalid(problems=(Problem.violation("", f"line 1 is not CSV in UTF-8: {error}"),)) from None
    names = [name.strip() for name in names]
    problems = [
        Problem.violation(
            name, f"is missing in line 1, which must name the columns; it has {', '.join(names)}"
        )
        for name in required
        if name not in names
    ]
    problems += [
        Problem.violation(name, "is named twice in line 1; keep one of the columns")
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    if problems:
        raise Invalid(problems=problems)
    return names


def records(
    data: bytes, format: str, columns: Sequence[str], line: int
) -> Iterator[tuple[int, dict[str, Any] | CoterieError]]:
    """The records of a chunk that begins at `line`: the line of each, and its fields or what is wrong with it."""
    if format == CSV:
        yield from _rows(data, columns, line)
        return
    for number, text in enumerate(data.split(b"\n"), line):
        if text.strip():
            yield number, _object(text)


def _object(text: bytes) -> dict[str, Any] | CoterieError:
    try:
        value = parse(text)
    except CoterieError as error:
        # The message speaks of a request's body; here it is a line.
        return Invalid((error.message or "").replace("request body", "line"))
    if isinstance(value, dict):
        return value
    return Invalid("The line is not a JSON object.")


def _rows(
    data: bytes, columns: Sequence[str], line: int
) -> Iterator[tuple[int, dict[str, Any] | CoterieError]]:
    # What is not UTF-8 must not keep the other rows of the chunk from being read.
    text = data.decode("utf-8", "surrogateescape")
    odd = "\0" in text or _BYTES.search(text) is not None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        number = line + reader.line_num
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, Invalid(f"The line is not CSV: {error}.")
            continue
        if cells:
            yield number, _cells(cells, columns, odd=odd)


def _cells(cells: list[str], columns: Sequence[str], *, odd: bool) -> dict[str, Any] | CoterieError:
    if len(cells) != len(columns):
        return Invalid(f"The line has {len(cells)} cells, the first line has {len(columns)}.")
    row: dict[str, Any] = {name: cell for name, cell in zip(columns, cells, strict=True) if cell}
    if odd:
        for name, cell in row.items():
            if "\0" in cell or _BYTES.search(cell):
                return Invalid(problems=(Problem.violation(name, "is not text in UTF-8 without U+0000"),))
    for name in _JSON_COLUMNS:
        if name in row:
            try:
                row[name] = parse(row[name].encode())
            except CoterieError:
                return Invalid(problems=(Problem.violation(name, "the cell is not valid JSON"),))
    return row
