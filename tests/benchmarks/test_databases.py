"""The databases of the benchmarks: filled once where they are kept, and every run has a copy of its own."""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from benchmarks.databases import filled
from sqlalchemy import func, select

from benchmarks import databases
from coterie.database.engines import open_database
from coterie.services.customer_segment.tables import member
from support.engines import Engines
from support.postgres import temporary_base


@pytest.fixture
def keep() -> Iterator[Path]:
    """A folder that PostgreSQL's own user may enter, unlike pytest's."""
    with tempfile.TemporaryDirectory(prefix="coterie-kept-", dir=temporary_base()) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.parametrize("engine", databases.ENGINES)
def test_a_kept_tenant_is_filled_once_and_no_run_changes_it(
    engine: str, keep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engines: Engines
) -> None:
    if engine == "postgresql" and engines.postgres is None:
        pytest.skip("needs PostgreSQL, which this run leaves out")

    def members_before_they_are_removed() -> int:
        with filled(engine, "tiny", tmp_path, keep) as url:
            return asyncio.run(emptied(url))

    assert members_before_they_are_removed() == 1000
    monkeypatch.setattr(databases, "fill", lambda *_: pytest.fail("filled again"))
    assert members_before_they_are_removed() == 1000


async def emptied(url: str) -> int:
    """How many members there were."""
    database = open_database(url)
    async with database.writing() as session:
        number = await session.value(select(func.count()).select_from(member))
        await session.run(member.delete())
    await database.close()
    return int(number)
