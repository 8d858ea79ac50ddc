"""A real PostgreSQL server for one test run, and fresh databases in it."""

import asyncio
import ctypes
import fcntl
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn

import asyncpg
from sqlalchemy.engine import URL, make_url

from support.postgres_binaries import PostgresBinaries

PREFIX = "coterie-postgres-"
# Socket paths end at 107 bytes on Linux and 103 on macOS; this leaves room for the folder and the socket.
LONGEST_TEMP = 60
START_SECONDS = 60

SETTINGS = {
    # The server listens on a socket in a folder only its user may enter: no port to collide on or guard.
    "listen_addresses": "",
    "max_connections": "200",
    # A test's data may die with the machine. synchronous_commit stays on, as in production.
    "fsync": "off",
    "full_page_writes": "off",
    # Vacuums would come at random moments, and a database being vacuumed cannot be dropped or copied.
    "autovacuum": "off",
    # Not UTC, so that SQL which leans on the server's own time zone gives a wrong answer here too.
    "timezone": "Asia/Kathmandu",
}


class PostgresServer:
    """A running server; `admin_url` is the SQLAlchemy URL of its `postgres` database, as superuser."""

    def __init__(self, folder: Path, lock: int, process: subprocess.Popen[bytes], kept: bool) -> None:
        self.admin_url = URL.create(
            "postgresql+asyncpg", username="postgres", database="postgres", query={"host": str(folder)}
        ).render_as_string()
        self.process = process
        self._folder = folder
        self._lock = lock
        self._kept = kept

    def stop(self) -> None:
        """End the server at once, cutting its connections, and delete its folder, but never a cluster to be kept."""
        # Immediate shutdown: an orderly one would first write out data that is deleted in the next line.
        self.process.send_signal(signal.SIGINT if self._kept else signal.SIGQUIT)
        self.process.wait()
        shutil.rmtree(self._folder)
        os.close(self._lock)


def start_postgres(
    binaries: PostgresBinaries,
    cluster: Path | None = None,
    settings: Mapping[str, str] = MappingProxyType({}),
) -> PostgresServer:
    """Make a cluster in a temporary folder and start its server, which ends when this process ends.

    cluster: a folder where the cluster is kept, and goes on if it is there. settings: besides `SETTINGS`.
    Called by root, it drops to the user `postgres` or `nobody`, as PostgreSQL refuses to run as root. Raises
    RuntimeError with the server's own words when it does not start.
    """
    base = temporary_base()
    remove_abandoned(base)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    # Held as long as this process lives; a folder whose lock is free is abandoned.
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    process = None
    try:
        account = _server_account()
        if account:
            os.chown(folder, account.pw_uid, account.pw_gid)
        identity: dict[str, Any] = (
            {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if account else {}
        )
        programs = _reachable(binaries, folder) if account else binaries.bin
        if cluster is not None:
            cluster.mkdir(exist_ok=True)
            if account:
                os.chown(cluster, account.pw_uid, account.pw_gid)
            (folder / "data").symlink_to(cluster)
        if not (folder / "data" / "PG_VERSION").exists():
            _initialise(programs, folder, identity)
        process = _launch(programs, folder, identity, {**SETTINGS, **settings})
        _wait_until_ready(process, folder)
    except BaseException:
        if process:
            process.kill()
            process.wait()
        shutil.rmtree(folder)
        os.close(lock)
        raise
    return PostgresServer(folder, lock, process, cluster is not None)


def create_database(admin_url: str, template: str | None = None) -> str:
    """Create a database with a new name and return its URL.

    `template` is the URL of a database to copy, with all its tables and rows; nothing may be connected to it.
    """
    name = f"test_{uuid.uuid4().hex}"
    copied = f' TEMPLATE "{make_url(template).database}"' if template else ""
    _execute(admin_url, f'CREATE DATABASE "{name}"{copied}')
    return make_url(admin_url).set(database=name).render_as_string(hide_password=False)


def drop_database(admin_url: str, url: str) -> None:
    """Drop the database that `create_database` returned as `url`, cutting connections that are left."""
    _execute(admin_url, f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')


def dsn(url: str) -> str:
    """The same database as libpq and asyncpg name it: `postgresql://...`, without SQLAlchemy's driver."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _execute(url: str, statement: str) -> None:
    async def execute() -> None:
        connection = await asyncpg.connect(dsn(url))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    _run_apart(execute)


def _run_apart(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine to its end, also when the caller is inside an event loop: in a thread with its own."""
    failures: list[BaseException] = []

    def target() -> None:
        try:
            asyncio.run(work())
        except BaseException as failure:
            failures.append(failure)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


def _server_account() -> pwd.struct_passwd | None:
    """The account to drop to when root, else None."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError(
        "PostgreSQL refuses to run as root, and there is no user postgres or nobody to run it as"
    )


def _others_may_enter(folder: Path) -> bool:
    return all(part.stat().st_mode & stat.S_IXOTH for part in (folder, *folder.parents))


def temporary_base() -> Path:
    """The first temporary folder that is short enough for a socket and open to the server's account."""
    for base in (Path(tempfile.gettempdir()), Path("/tmp"), Path("/var/tmp")):
        if len(os.fsencode(base)) <= LONGEST_TEMP and base.is_dir() and _others_may_enter(base.resolve()):
            return base
    raise RuntimeError(
        "no temporary folder for PostgreSQL: set TMPDIR to a short path that every user may enter"
    )


def remove_abandoned(base: Path) -> None:
    """Delete the folders of runs that were killed; their servers ended with them."""
    for folder in base.glob(f"{PREFIX}*"):
        with suppress(OSError):  # another user's, a live run's, or just being deleted by another run
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(lock)


def _reachable(binaries: PostgresBinaries, folder: Path) -> Path:
    """The programs' folder, as a copy inside `folder` when the server's account cannot enter the original.

    A virtual environment below /root is such a place.
    """
    if _others_may_enter(binaries.bin.resolve()):
        return binaries.bin
    if binaries.wheel is None:
        raise RuntimeError(f"run by root, PostgreSQL drops to another user, who cannot enter {binaries.bin}")
    installed = binaries.bin.parent.relative_to(binaries.wheel)
    for part in (
        installed,
        Path(f"{installed.parts[0]}.libs"),
    ):  # the programs find their libraries relatively
        shutil.copytree(binaries.wheel / part, folder / "programs" / part)
    return folder / "programs" / installed / "bin"


def _initialise(programs: Path, folder: Path, identity: dict[str, Any]) -> None:
    options = ["--username=postgres", "--auth=trust", "--locale=C", "--encoding=UTF8", "--no-sync"]
    made = subprocess.run(
        [programs / "initdb", "--pgdata", folder / "data", *options],
        cwd=folder,
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
        **identity,
    )
    if made.returncode != 0:
        raise RuntimeError(f"{programs / 'initdb'} failed:\n{made.stdout}{made.stderr}")


def _launch(
    programs: Path, folder: Path, identity: dict[str, Any], settings: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    settings = {**settings, "unix_socket_directories": str(folder)}
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [
                programs / "postgres",
                "-D",
                folder / "data",
                *(f"--{name}={value}" for name, value in settings.items()),
            ],
            cwd=folder,
            env={**os.environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C reaches the whole foreground group; the server must outlive the tests that still use it.
            start_new_session=True,
            preexec_fn=_end_with_parent(),
            **identity,
        )


def _end_with_parent() -> Callable[[], None] | None:
    """What the server's process does first: ask Linux to end it when the test run dies, however it dies.

    Other systems have no such request; there a killed run leaves its server behind.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # loaded before the fork, as little may happen after it
    parent = os.getpid()
    set_parent_death_signal = 1

    def request() -> None:
        prctl(set_parent_death_signal, signal.SIGQUIT)
        if os.getppid() != parent:  # it died before the request
            os._exit(1)

    return request


def _wait_until_ready(process: subprocess.Popen[bytes], folder: Path) -> None:
    """Wait until the server's own status file says `ready`, which is its last line."""
    deadline = time.monotonic() + START_SECONDS

    def give_up(problem: str) -> NoReturn:
        raise RuntimeError(f"PostgreSQL {problem}:\n{(folder / 'log').read_text(errors='replace')[-4000:]}")

    while True:
        with suppress(FileNotFoundError):
            if (folder / "data" / "postmaster.pid").read_text().split()[-1:] == ["ready"]:
                return
        if process.poll() is not None:
            give_up(f"ended with code {process.returncode} while starting")
        if time.monotonic() > deadline:
            give_up(f"was not ready after {START_SECONDS} seconds")
        time.sleep(0.02)
