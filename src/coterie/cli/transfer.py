"""`coterie import` and `coterie export`: files of members and items, to and from a server over HTTP."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal

import httpx2
from cyclopts import Parameter
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from coterie.cli import CommandError, app
from coterie.cli.options import Json

Type = Literal["customers", "items"]
Format = Literal["csv", "ndjson"]
_MEDIA = {"csv": "text/csv", "ndjson": "application/x-ndjson"}
_SUFFIXES: dict[str, Format] = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
_PART = 256 * 1024
_PAUSE = 0.2


@Parameter(name="*")
@dataclass(frozen=True)
class Access:
    """The server, the tenant and the API client; `eval "$(coterie demo --shell)"` sets the variables of the demo's."""

    tenant: Annotated[str, Parameter(env_var="TENANT", help="The tenant.")]
    client_id: Annotated[str, Parameter(env_var="CLIENT_ID", help="The id of an API client of the tenant.")]
    client_secret: Annotated[
        str, Parameter(env_var="CLIENT_SECRET", help="Its secret; better given as the variable.")
    ]
    url: Annotated[str, Parameter(env_var="COTERIE_URL", help="The server's address.")] = (
        "http://127.0.0.1:8080"
    )


class Server:
    """A service of a tenant on a server. Raises CommandError for what it refuses."""

    def __init__(self, access: Access, service: str) -> None:
        self._access = access
        self._prefix = f"/{service}/{access.tenant}"
        # An answer may take its time: the server reads a whole file before it gives one.
        self._http = httpx2.Client(base_url=access.url, timeout=httpx2.Timeout(60, read=600))

    def log_in(self) -> None:
        """Get a token; it outlives any file."""
        form = {"grant_type": "client_credentials", "client_id": self._access.client_id}
        form["client_secret"] = self._access.client_secret
        token = _told(self._http.post("/oauth/token", data=form)).json()["access_token"]
        self._http.headers["authorization"] = f"Bearer {token}"

    def ask(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """The answer to a request that must succeed."""
        return _told(self._http.request(method, self._prefix + path, **request))

    @contextmanager
    def parts(self, path: str) -> Iterator[Iterator[bytes]]:
        """A file of the server, in parts."""
        with self._http.stream("GET", self._prefix + path) as answer:
            if answer.status_code != 200:
                answer.read()
                _told(answer)
            yield answer.iter_bytes()

    def follow(self, path: str, bar: Progress, task: TaskID) -> Any:
        """The job after its end, its progress shown meanwhile. Raises CommandError when it does not succeed."""
        waiting = ""
        while True:
            view = self.ask("GET", path).json()
            if view["state"] == "QUEUED" and view.get("message", "") != waiting:
                waiting = view["message"]
                print(f"coterie: the job {view['id']} waits: {waiting}", file=sys.stderr)
            counts = view["counts"]
            bar.update(
                task, completed=counts.get("bytesDone", counts["rows"]), note=f"{counts['rows']:,} rows"
            )
            if view["state"] == "SUCCEEDED":
                return view
            if view["state"] in ("FAILED", "CANCELLED"):
                why = view.get("message") or "somebody stopped it."
                raise CommandError(f"the job {view['id']} ended as {view['state']}: {why}")
            time.sleep(_PAUSE)


@contextmanager
def opened(access: Access, service: str = "customer-segment") -> Iterator[Server]:
    """A service, with a token for it. Raises CommandError when the server can't be reached."""
    try:
        server = Server(access, service)
        server.log_in()
        yield server
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise CommandError(
            f"the server {access.url} can't be reached: {error or type(error).__name__}"
        ) from None


def _told(answer: httpx2.Response) -> httpx2.Response:
    if answer.status_code < 300:
        return answer
    try:
        body = answer.json()
    except ValueError:
        body = {}
    text = body.get("message") or body.get("fault", {}).get("faultstring") or answer.reason_phrase
    details = [
        each.get("message", each) if isinstance(each, dict) else each for each in body.get("details", ())
    ]
    raise CommandError(f"the server answered {answer.status_code}: {' '.join(map(str, [text, *details]))}")


def _progress() -> Progress:
    """A bar on standard error where that is a terminal; else nothing."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
    console = Console(stderr=True)
    return Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal)


def _format(file: str, format: Format | None) -> Format:
    known = format or _SUFFIXES.get(Path(file).suffix.lower())
    if known is None:
        raise CommandError(f"the format of {file} is not known by its name; say --format csv or ndjson.", 2)
    return known


@app.command(name="import")
def import_file(
    type_: Annotated[Type, Parameter(name="type", help="What the rows are.")],
    file: Annotated[
        str, Parameter(allow_leading_hyphen=True, help="A CSV or NDJSON file; - is standard input.")
    ],
    /,
    *,
    segment: Annotated[
        str | None, Parameter(help="The segment of all rows; else each names its own in segmentId.")
    ] = None,
    mode: Annotated[
        Literal["merge", "replace"], Parameter(help="replace also removes what the file does not name.")
    ] = "merge",
    dry_run: Annotated[bool, Parameter(show_default=False, help="Judge every row, and write none.")] = False,
    format_: Annotated[
        Format | None, Parameter(name="--format", help="What the file's name does not say.")
    ] = None,
    errors: Annotated[Path | None, Parameter(help="A file for the refused rows, as CSV.")] = None,
    json_: Json = False,
    access: Access,
) -> None:
    """Import members or items of segments from a file of any size.

    Exit code 1 when rows were refused. Interrupted while the server works, it works on.
    """
    query = {"type": type_, "mode": mode, "dryRun": str(dry_run).lower()}
    query |= {"segmentId": segment} if segment is not None else {}
    media = _MEDIA[_format(file, format_)]
    with _source(file) as source, opened(access) as server, _progress() as bar:
        size = Path(file).stat().st_size if file != "-" and Path(file).is_file() else None
        task = bar.add_task("sending", total=size, note="")
        answer = server.ask(
            "POST",
            "/imports",
            params=query,
            content=_sent(source, bar, task),
            headers={"content-type": media},
        )
        started = answer.json()
        path = f"/imports/{started['id']}"
        bar.remove_task(task)
        task = bar.add_task("importing", total=started["counts"]["bytes"], note="")
        done = server.follow(path, bar, task)
        if errors is not None:
            with server.parts(f"{path}/errors?format=csv") as parts, written(str(errors)) as target:
                target.writelines(parts)
    counts = done["counts"]
    if json_:
        print(json.dumps(done))
    else:
        names = ("rows", "created", "updated", "unchanged", "deleted", "failed")
        print(", ".join(f"{counts[name]} {name}" for name in names) + (" (dry run)" if dry_run else ""))
    if counts["failed"]:
        where = str(errors) if errors is not None else f"{path}/errors, or give --errors FILE"
        raise CommandError(f"{counts['failed']} rows were refused; see {where}")


@contextmanager
def _source(file: str) -> Iterator[BinaryIO]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as source:
            yield source
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}.") from None


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
    format_: Annotated[
        Format | None, Parameter(name="--format", help="What the file's name does not say.")
    ] = None,
    access: Access,
) -> None:
    """Export members or items of segments to a file that `coterie import` takes."""
    order: dict[str, str] = {"type": type_, "format": _format(file, format_)}
    order |= {"segmentId": segment} if segment is not None else {}
    with opened(access) as server, _progress() as bar:
        path = f"/exports/{server.ask('POST', '/exports', json=order).json()['id']}"
        task = bar.add_task("exporting", total=None, note="")
        done = server.follow(path, bar, task)
        bar.remove_task(task)
        task = bar.add_task("receiving", total=done["counts"]["bytes"], note="")
        with server.parts(f"{path}/file") as parts, written(file) as target:
            for part in parts:
                target.write(part)
                bar.advance(task, len(part))
    print(f"{done['counts']['rows']} {type_} exported.", file=sys.stderr)


@contextmanager
def written(file: str) -> Iterator[BinaryIO]:
    """The file to write, there under its name only when it is whole."""
    if file == "-":
        yield sys.stdout.buffer
        return
    unfinished = Path(f"{file}.part")
    try:
        with unfinished.open("wb") as target:
            yield target
        unfinished.replace(file)
    except OSError as error:
        raise CommandError(f"{file} can't be written: {error.strerror}.") from None
