"""A server as commands see it: its address and credentials, requests that must succeed, files to and from it."""

from __future__ import annotations

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

from coterie.cli import CommandError

Format = Literal["csv", "ndjson"]
FormatOption = Annotated[Format | None, Parameter(name="--format", help="What the file's name does not say.")]
Dry = Annotated[bool, Parameter(show_default=False, help="Judge every row, and write none.")]
Errors = Annotated[Path | None, Parameter(help="A file for the refused rows, as CSV.")]
_SUFFIXES: dict[str, Format] = {".csv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson"}
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
    """A server, asked by an API client of one tenant. Raises CommandError for what it refuses."""

    def __init__(self, access: Access) -> None:
        self._access = access
        # An answer may take its time: the server reads a whole file before it gives one.
        self._http = httpx2.Client(base_url=access.url, timeout=httpx2.Timeout(60, read=600))

    def log_in(self) -> None:
        """Get a token; it outlives any file."""
        form = {"grant_type": "client_credentials", "client_id": self._access.client_id}
        form["client_secret"] = self._access.client_secret
        answer = _told(self._http.post("/oauth/token", data=form))
        try:
            token = answer.json()["access_token"]
        except (ValueError, TypeError, KeyError):
            raise CommandError(f"{self._access.url} answers, but is no server of this API.") from None
        self._http.headers["authorization"] = f"Bearer {token}"

    def _at(self, path: str) -> str:
        return path.replace("{tenant}", self._access.tenant)

    def send(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """The answer to a request, whatever it is. `{tenant}` in the path is filled in."""
        return self._http.request(method, self._at(path), **request)

    def ask(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """The answer to a request that must succeed."""
        return _told(self.send(method, path, **request))

    @contextmanager
    def parts(self, path: str) -> Iterator[Iterator[bytes]]:
        """A file of the server, in parts."""
        with self._http.stream("GET", self._at(path)) as answer:
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
def opened(access: Access) -> Iterator[Server]:
    try:
        server = Server(access)
        server.log_in()
        yield server
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise CommandError(
            f"the server {access.url} can't be reached: {error or type(error).__name__}"
        ) from None


def _told(answer: httpx2.Response) -> httpx2.Response:
    if answer.status_code < 300:
        return answer
    raise CommandError(f"the server answered {answer.status_code}: {complaint(answer)}")


def complaint(answer: httpx2.Response) -> str:
    """What an answer that refuses says."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    return said(body) if isinstance(body, dict) else answer.reason_phrase


def said(body: dict[str, Any]) -> str:
    """What an error says in words, or an entry of a bulk answer, in any of the API's shapes."""
    text = body.get("message") or body.get("fault", {}).get("faultstring") or body.get("status", "")
    details = [
        each.get("message", each) if isinstance(each, dict) else each for each in body.get("details") or ()
    ]
    return " ".join(map(str, [text, *details]))


def progress() -> Progress:
    """A bar on standard error where that is a terminal; else nothing."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[note]}"))
    console = Console(stderr=True)
    return Progress(*columns, TimeRemainingColumn(), console=console, disable=not console.is_terminal)


def format_of(file: str, format: Format | None) -> Format:
    """The format of a file, by its name unless it is given. Raises CommandError."""
    known = format or _SUFFIXES.get(Path(file).suffix.lower())
    if known is None:
        raise CommandError(f"the format of {file} is not known by its name; say --format csv or ndjson.", 2)
    return known


@contextmanager
def source_of(file: str) -> Iterator[BinaryIO]:
    """The file to read."""
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        with Path(file).open("rb") as source:
            yield source
    except OSError as error:
        raise CommandError(f"{file} can't be read: {error.strerror}.") from None


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
