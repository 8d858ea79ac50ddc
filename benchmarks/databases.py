"""The databases that are measured, each with a generated tenant: made for the run, or copied from one that is kept."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import asyncpg
from sqlalchemy.engine import make_url

from benchmarks.generate import generate, progress
from benchmarks.shape import SIZES, Size
from coterie.database.postgres import dsn
from coterie.migrations import migrate

_HERE = Path(__file__).resolve().parent
ENGINES = ("sqlite", "postgresql")
# What a kept tenant depends on; an older schema is migrated.
_MADE_BY = ("shape.py", "tenant.py", "generate.py")
# Half a gigabyte of the machine's memory: a server of this size would have more, and its default is for none.
_SETTINGS = {"shared_buffers": "512MB"}


def fill(size: Size, url: str) -> None:
    """Migrate the database at `url` and fill it with a tenant of this size."""
    asyncio.run(migrate.upgrade(url))
    generate(url, size, say=progress)


@contextmanager
def filled(engine: str, size: str, folder: Path, keep: Path | None) -> Iterator[str]:
    """The URL of a database with a tenant of this size, which is the run's own.

    folder: the run's, empty. keep: where such tenants are kept, so that a run need only copy them; as root, a folder
    that every user may enter.
    """
    using = _sqlite if engine == "sqlite" else _postgres
    with using(SIZES[size], folder, None if keep is None else _place(keep, engine, size)) as url:
        asyncio.run(migrate.upgrade(url))
        yield url


def _place(keep: Path, engine: str, size: str) -> Path:
    made_by = sha256(b"".join((_HERE / name).read_bytes() for name in _MADE_BY))
    place = keep.resolve() / f"{engine}-{size}-{made_by.hexdigest()[:8]}"
    place.mkdir(parents=True, exist_ok=True)
    return place


@contextmanager
def _sqlite(size: Size, folder: Path, kept: Path | None) -> Iterator[str]:
    own = folder / "coterie.db"
    if kept is None:
        fill(size, f"sqlite:///{own}")
    else:
        whole = kept / "filled.db"
        if not whole.exists():
            part = kept / "filling.db"
            part.unlink(missing_ok=True)
            fill(size, f"sqlite:///{part}")
            part.rename(whole)
        progress(f"copying {whole}")
        shutil.copyfile(whole, own)
    yield f"sqlite:///{own}"


@contextmanager
def _postgres(size: Size, _folder: Path, kept: Path | None) -> Iterator[str]:
    sys.path.insert(0, str(_HERE.parent / "tests"))
    from support.postgres import start_postgres
    from support.postgres_binaries import find_postgres

    cluster = None if kept is None else kept / "data"
    server = start_postgres(find_postgres(os.environ), cluster, _SETTINGS)
    try:
        yield asyncio.run(_copied(size, server.admin_url))
        asyncio.run(_run(server.admin_url, "DROP DATABASE measured WITH (FORCE)"))
    finally:
        server.stop()


async def _copied(size: Size, admin_url: str) -> str:
    """The URL of a copy of the cluster's filled database, which is filled if there is none."""

    def url(name: str) -> str:
        return dsn(make_url(admin_url).set(database=name).render_as_string(hide_password=False))

    if not await _run(admin_url, "SELECT FROM pg_database WHERE datname = 'filled'"):
        await _run(admin_url, "DROP DATABASE IF EXISTS filling", "CREATE DATABASE filling")
        await asyncio.to_thread(fill, size, url("filling"))
        await _run(admin_url, "ALTER DATABASE filling RENAME TO filled")
    progress("copying the database")
    # By files: else every page would go through the log.
    copy = "CREATE DATABASE measured TEMPLATE filled STRATEGY file_copy"
    await _run(admin_url, "DROP DATABASE IF EXISTS measured", copy)
    return url("measured")


async def _run(url: str, *statements: str) -> list[asyncpg.Record]:
    """The rows of the last statement."""
    connection = await asyncpg.connect(dsn(url))
    try:
        for each in statements:
            rows: list[asyncpg.Record] = await connection.fetch(each)
        return rows
    finally:
        await connection.close()
