"""`coterie import customers|items` and `coterie export`: files of segments, to and from a server over HTTP."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

from cyclopts import App, Parameter
from rich.progress import Progress, TaskID

from coterie.cli import CommandError, app
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
    written,
)

Type = Literal["customers", "items"]
File = Annotated[str, Parameter(allow_leading_hyphen=True, help="A CSV or NDJSON file; - is standard input.")]
_MEDIA = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
_PART = 256 * 1024
_SERVICE = "/customer-segment/{tenant}"

importing = App(
    name="import", help="Import a file of any size: members and items of segments, or a catalogue."
)
app.command(importing)


@Parameter(name="*")
@dataclass(frozen=True)
class Into:
    """How a file of members or items becomes those of segments."""

    segment: Annotated[
        str | None, Parameter(help="The segment of all rows; else each names its own in segmentId.")
    ] = None
    mode: Annotated[
        Literal["merge", "replace"], Parameter(help="replace also removes what the file does not name.")
    ] = "merge"
    dry_run: Dry = False
    format: FormatOption = None
    errors: Errors = None


@importing.command
def customers(file: File, /, *, into: Into | None = None, json_: Json = False, access: Access) -> None:
    """Import members of segments.

    Exit code 1 when rows were refused. Interrupted while the server works, it works on.
    """
    _import("customers", file, into or Into(), json_, access)


@importing.command
def items(file: File, /, *, into: Into | None = None, json_: Json = False, access: Access) -> None:
    """Import items of segments.

    Exit code 1 when rows were refused. Interrupted while the server works, it works on.
    """
    _import("items", file, into or Into(), json_, access)


def _import(type_: Type, file: str, into: Into, as_json: bool, access: Access) -> None:
    query = {"type": type_, "mode": into.mode, "dryRun": str(into.dry_run).lower()}
    query |= {"segmentId": into.segment} if into.segment is not None else {}
    headers = {"content-type": _MEDIA[format_of(file, into.format)]}
    with source_of(file) as source, opened(access) as server, progress() as bar:
        size = Path(file).stat().st_size if file != "-" and Path(file).is_file() else None
        task = bar.add_task("sending", total=size, note="")
        content = _sent(source, bar, task)
        answer = server.ask("POST", f"{_SERVICE}/imports", params=query, content=content, headers=headers)
        started = answer.json()
        path = f"{_SERVICE}/imports/{started['id']}"
        bar.remove_task(task)
        task = bar.add_task("importing", total=started["counts"]["bytes"], note="")
        done = server.follow(path, bar, task)
        if into.errors is not None:
            with server.parts(f"{path}/errors?format=csv") as parts, written(str(into.errors)) as target:
                target.writelines(parts)
    counts = done["counts"]
    if as_json:
        print(json.dumps(done))
    else:
        names = ("rows", "created", "updated", "unchanged", "deleted", "failed")
        print(", ".join(f"{counts[name]} {name}" for name in names) + (" (dry run)" if into.dry_run else ""))
    if counts["failed"]:
        where = (
            str(into.errors)
            if into.errors is not None
            else f"imports/{done['id']}/errors, or give --errors FILE"
        )
        raise CommandError(f"{counts['failed']} rows were refused; see {where}")


def _sent(source: BinaryIO, bar: Progress, task: TaskID) -> Iterator[bytes]:
    while part := source.read(_PART):
        yield part
        bar.advance(task, len(part))


@app.command(name="export")
def export_file(
    type_: Annotated[Type, Parameter(name="type", help="What to export.")],
    file: Annotated[
        str, Parameter(allow_leading_hyphen=True, help="The file to write; - is standard output.")
    ],
    /,
    *,
    segment: Annotated[str | None, Parameter(help="Only of this segment.")] = None,
    format: FormatOption = None,
    access: Access,
) -> None:
    """Export members or items of segments to a file that `coterie import` takes."""
    order: dict[str, str] = {"type": type_, "format": format_of(file, format)}
    order |= {"segmentId": segment} if segment is not None else {}
    with opened(access) as server, progress() as bar:
        started = server.ask("POST", f"{_SERVICE}/exports", json=order).json()
        path = f"{_SERVICE}/exports/{started['id']}"
        task = bar.add_task("exporting", total=None, note="")
        done = server.follow(path, bar, task)
        bar.remove_task(task)
        task = bar.add_task("receiving", total=done["counts"]["bytes"], note="")
        with server.parts(f"{path}/file") as parts, written(file) as target:
            for part in parts:
                target.write(part)
                bar.advance(task, len(part))
    print(f"{done['counts']['rows']} {type_} exported.", file=sys.stderr)
