"""The rows of a CSV or NDJSON file, each as the body that it becomes by a mapping, or as what is wrong with it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from rich.progress import Progress

from coterie.cli import CommandError
from coterie.cli.mapping import Rule, mapped, unmapped
from coterie.cli.remote import Format


@dataclass(frozen=True)
class Row:
    """A row of the file: its line, and the body it became or why it became none."""

    line: int
    body: Mapping[str, Any]
    problem: str | None = None


class Lines:
    """The lines of a file as text; reading moves a bar."""

    def __init__(self, source: BinaryIO, bar: Progress, size: int | None) -> None:
        self._source, self._bar, self._first = source, bar, True
        self._task = bar.add_task("importing", total=size, note="")

    def __iter__(self) -> Iterator[str]:
        for number, line in enumerate(self._source, 1):
            self._bar.advance(self._task, len(line))
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise CommandError(f"line {number} is not UTF-8; save the file as UTF-8.") from None


def rows_of(
    lines: Iterable[str], format: Format, rules: Sequence[Rule] | None, needs: Sequence[str]
) -> Iterator[Row]:
    """The rows of a file. rules: None where columns are named as fields. needs: fields that each row must have."""
    for line, row in _csv(lines) if format == "csv" else _ndjson(lines):
        try:
            if isinstance(row, ValueError):
                raise row
            body = mapped(rules, row) if rules is not None else unmapped(row) if format == "csv" else row
            missing = [name for name in needs if not isinstance(body.get(name), str)]
            if missing:
                raise ValueError(f"{missing[0]}: is required; name it in the file, or map a column to it")
        except ValueError as error:
            yield Row(line, {}, str(error))
        else:
            yield Row(line, body)


def _csv(lines: Iterable[str]) -> Iterator[tuple[int, Any]]:
    reader = csv.reader(iter(lines), strict=True)
    try:
        names = next(reader, None)
        if names is None:
            raise CommandError("the file has no first line with the names of its columns.")
        for cells in reader:
            if len(cells) > len(names):
                yield reader.line_num, ValueError(f"has {len(cells)} cells for {len(names)} columns")
            elif cells:
                yield reader.line_num, dict(zip(names, cells, strict=False))
    except csv.Error as error:
        raise CommandError(f"line {reader.line_num} is no CSV: {error}.") from None


def _ndjson(lines: Iterable[str]) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            row = ValueError(f"is no JSON: {error}")
        yield number, row if isinstance(row, dict | ValueError) else ValueError("is no JSON object")
