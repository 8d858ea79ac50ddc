"""`coterie import products|categories|assignments|media`: a catalogue in files, row by row through the API."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import httpx2
from cyclopts import Parameter
from rich.console import Console

from coterie.cli import CommandError
from coterie.cli.mapping import read_mapping
from coterie.cli.options import Json
from coterie.cli.remote import (
    Access,
    Dry,
    Errors,
    FormatOption,
    format_of,
    opened,
    progress,
    source_of,
)
from coterie.cli.rows import Lines, Row, rows_of
from coterie.cli.transfer import File, importing
from coterie.cli.writes import KINDS, Kind, Result, Target

# How many refused rows are told of on standard error.
_TOLD = 10


@Parameter(name="*")
@dataclass(frozen=True)
class How:
    """How a file is read and written."""

    map: Annotated[Path | None, Parameter(help="A TOML file that says which column becomes which field.")] = (
        None
    )
    dry_run: Dry = False
    restart: Annotated[
        bool, Parameter(show_default=False, help="Begin at the first row, whatever was done already.")
    ] = False
    format: FormatOption = None
    errors: Errors = None


@importing.command
def products(file: File, /, *, how: How | None = None, json_: Json = False, access: Access) -> None:
    """Import products, 200 in a request; one that is there already is replaced.

    Exit code 1 when rows were refused. Interrupted, the same command goes on where it was.
    """
    _import("products", file, how or How(), json_, access)


@importing.command
def categories(file: File, /, *, how: How | None = None, json_: Json = False, access: Access) -> None:
    """Import categories, parents before their children; one that is there already is replaced.

    Exit code 1 when rows were refused. Interrupted, the same command goes on where it was.
    """
    _import("categories", file, how or How(), json_, access)


@importing.command
def assignments(file: File, /, *, how: How | None = None, json_: Json = False, access: Access) -> None:
    """Import assignments of products to categories: the fields categoryId and productId.

    Exit code 1 when rows were refused. Interrupted, the same command goes on where it was.
    """
    _import("assignments", file, how or How(), json_, access)


@importing.command
def media(file: File, /, *, how: How | None = None, json_: Json = False, access: Access) -> None:
    """Import media: rows with a url, or with a file's path as it lies beside the list; refIds say what shows it.

    Exit code 1 when rows were refused. Interrupted, the same command goes on where it was.
    """
    _import("media", file, how or How(), json_, access)


@dataclass
class Progressed:
    """How far an import is: rows done, and what became of them."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    failed: int = 0

    def count(self, result: Result) -> None:
        self.rows += 1
        if result.code == 201:
            self.created += 1
        elif result.code < 300:
            self.updated += 1
        else:
            self.failed += 1


@dataclass
class Journal:
    """How far the import of one file got, beside the file until it is done; nothing of a dry run or of standard input.

    about: tells this import from another of the same file.
    """

    path: Path | None
    about: str
    done: Progressed = field(default_factory=Progressed)

    def read(self) -> bool:
        """Whether an import like this one was interrupted; `done` is how far it got."""
        try:
            kept = json.loads(self.path.read_text()) if self.path is not None else {}
        except (OSError, ValueError):
            return False
        if kept.pop("about", None) != self.about:
            return False
        self.done = Progressed(**kept)
        return True

    def write(self) -> None:
        """Note how far it is."""
        if self.path is not None:
            unfinished = self.path.with_name(f"{self.path.name}.part")
            unfinished.write_text(json.dumps({"about": self.about, **vars(self.done)}))
            unfinished.replace(self.path)

    def end(self) -> None:
        """All rows are done."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)


def _import(what: str, file: str, how: How, as_json: bool, access: Access) -> None:
    kind, rules = KINDS[what], None if how.map is None else read_mapping(how.map)
    format = format_of(file, how.format)
    kept = file != "-" and not how.dry_run
    about = json.dumps(
        [what, access.url, access.tenant, format, repr(rules), _identity(file) if kept else ""]
    )
    journal = Journal(Path(f"{file}.progress") if kept else None, about)
    resumed = not how.restart and journal.read()
    with ExitStack() as open_:
        source = open_.enter_context(source_of(file))
        server = open_.enter_context(opened(access))
        bar = open_.enter_context(progress())
        refused = open_.enter_context(closing(_Refused(how.errors, resumed, bar.console)))
        folder = Path(file).parent if file != "-" else Path()
        size = Path(file).stat().st_size if file != "-" and Path(file).is_file() else None
        rows = rows_of(Lines(source, bar, size), format, rules, kind.needs)
        with _told_where(journal):
            _run(kind, Target(server, folder, how.dry_run), rows, journal, refused)
    journal.end()
    done = journal.done
    if as_json:
        print(json.dumps(vars(done)))
    else:
        tail = " (dry run)" if how.dry_run else ""
        print(", ".join(f"{count} {name}" for name, count in vars(done).items()) + tail)
    if done.failed:
        where = f"see {how.errors}" if how.errors else "all of them are listed with --errors FILE"
        raise CommandError(f"{done.failed} rows were refused; {where}")


def _run(
    kind: Kind,
    target: Target,
    rows: Iterator[Row],
    journal: Journal,
    refused: _Refused,
) -> None:
    """Send what comes after the rows that are done."""
    skip = journal.done.rows
    seen: set[str] = set()
    for group in _groups(kind, (row for at, row in enumerate(rows) if at >= skip)):
        bodies = [row.body for row in group if row.problem is None]
        sent = iter(kind.send(target, bodies) if bodies else ())
        for row in group:
            result = next(sent) if row.problem is None else Result(400, row.problem)
            if target.dry and result.code == 400 and _is_waived(row.body, result.fields, seen):
                result = Result(201)
            if result.code >= 300:
                refused.note(row, "" if row.problem else kind.id(row.body), result.message)
            elif target.dry:
                seen.add(kind.id(row.body))
            journal.done.count(result)
        refused.flush()
        journal.write()


def _is_waived(body: Mapping[str, Any], fields: tuple[str, ...], seen: set[str]) -> bool:
    """Whether all that a dry run complains of is that rows above, which it has not written, are not there."""
    return bool(fields) and all(_at(body, name) in seen for name in fields)


def _at(body: Any, field: str) -> Any:
    """The text at a path such as `relatedItems[0].refId`; None where there is none."""
    for name in field.replace("[", ".").replace("]", "").split("."):
        if isinstance(body, list) and name.isdecimal() and int(name) < len(body):
            body = body[int(name)]
        elif isinstance(body, Mapping):
            body = body.get(name)
        else:
            return None
    return body if isinstance(body, str) else None


def _groups(kind: Kind, rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows that go into one request; those that can't be sent stand among them."""
    group: list[Row] = []
    first: Mapping[str, Any] | None = None
    for row in rows:
        apart = row.problem is None and first is not None and not kind.together(first, row.body)
        if group and (len(group) >= kind.most or apart):
            yield group
            group, first = [], None
        group.append(row)
        first = first if first is not None or row.problem is not None else row.body
    if group:
        yield group


@contextmanager
def _told_where(journal: Journal) -> Iterator[None]:
    """Whatever stops an import, its message says how to go on."""
    try:
        yield
    except (KeyboardInterrupt, httpx2.HTTPError, CommandError) as stop:
        what = "interrupted" if isinstance(stop, KeyboardInterrupt) else str(stop) or type(stop).__name__
        code = (
            stop.code if isinstance(stop, CommandError) else 130 if isinstance(stop, KeyboardInterrupt) else 1
        )
        if journal.path is not None and journal.done.rows:
            what = f"{what.rstrip('.')}; the same command goes on after the {journal.done.rows} rows that are done"
        raise CommandError(what, code) from None


class _Refused:
    """Where refused rows are told of: a CSV file, or the first of them on standard error."""

    def __init__(self, file: Path | None, go_on: bool, console: Console) -> None:
        self._left, self._console, self._file = _TOLD, console, None
        if file is None:
            return
        try:
            self._file = file.open("a" if go_on else "w", newline="", encoding="utf-8")
        except OSError as error:
            raise CommandError(f"{file} can't be written: {error.strerror}.") from None
        if self._file.tell() == 0:
            csv.writer(self._file).writerow(("line", "id", "message"))

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def note(self, row: Row, id: str, message: str) -> None:
        """Tell of one row."""
        if self._file is not None:
            csv.writer(self._file).writerow((row.line, id, message))
        elif self._left:
            self._left -= 1
            text = f"line {row.line}{id and f' ({id})'}: {message}"
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def flush(self) -> None:
        """What was told of stays, whatever comes."""
        if self._file is not None:
            self._file.flush()


def _identity(file: str) -> str:
    """Tells a file from another of the same name."""
    with source_of(file) as source:
        return hashlib.sha256(source.read(1 << 20)).hexdigest() + str(Path(file).stat().st_size)
