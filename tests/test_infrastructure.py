"""The ground the other tests stand on: a real PostgreSQL server, its databases, and the loopback guard."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import hypothesis
import pytest
import uvloop
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from support import loopback
from support.engines import Engines, choose_engines
from support.postgres import create_database, drop_database, dsn, remove_abandoned
from support.postgres_binaries import PostgresNotFoundError, find_postgres

TESTS = Path(__file__).parent


async def fetch_value(url: str, query: str) -> Any:
    connection = await asyncpg.connect(dsn(url))
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def value(url: str, query: str) -> Any:
    return asyncio.run(fetch_value(url, query))


def fake_programs(folder: Path, version: str) -> Path:
    folder.mkdir(parents=True)
    for program in ("initdb", "postgres"):
        (folder / program).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (folder / program).chmod(0o755)
    return folder


def test_asyncpg_reaches_the_server_that_the_header_names(postgres_url: str, engines: Engines) -> None:
    assert value(postgres_url, "select 1") == 1
    assert int(value(postgres_url, "show server_version_num")) >= 150000
    assert engines.postgres is not None
    assert value(postgres_url, "show server_version").split()[0] == engines.postgres.version
    assert f"PostgreSQL {engines.postgres.version}" in str(engines)


def test_the_server_listens_on_a_socket_only(postgres_url: str) -> None:
    assert value(postgres_url, "show listen_addresses") == ""
    assert value(postgres_url, "select inet_server_addr()") is None


def test_databases_are_utf8_and_sort_by_code_point(postgres_database: str) -> None:
    assert value(postgres_database, "show server_encoding") == "UTF8"
    assert value(postgres_database, "select 'Z' < 'a'") is True


def test_sqlalchemy_reaches_the_database_of_the_test(postgres_database: str) -> None:
    async def current_database() -> str:
        engine = create_async_engine(postgres_database)
        async with engine.connect() as connection:
            name = (await connection.execute(text("select current_database()"))).scalar_one()
        await engine.dispose()
        return str(name)

    assert f"/{asyncio.run(current_database())}?" in postgres_database


def test_a_database_made_from_a_template_has_its_rows_and_is_apart(
    postgres_url: str, postgres_database: str
) -> None:
    value(postgres_database, "create table t as select 7 as n")
    copy = create_database(postgres_url, template=postgres_database)
    assert value(copy, "delete from t returning n") == 7
    assert value(postgres_database, "select n from t") == 7
    drop_database(postgres_url, copy)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        value(copy, "select 1")


def test_databases_can_be_made_inside_an_event_loop_and_dropped_while_in_use(postgres_url: str) -> None:
    async def scenario() -> None:
        url = create_database(postgres_url)
        connection = await asyncpg.connect(dsn(url))
        drop_database(postgres_url, url)
        with pytest.raises(asyncpg.PostgresError):
            await connection.fetchval("select 1")

    asyncio.run(scenario())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
def test_a_killed_run_takes_its_server_along_and_the_next_run_cleans_up(postgres_url: str) -> None:
    script = (
        "import os, time; from support.engines import choose_engines; from support.postgres import *;"
        "server = start_postgres(choose_engines(os.environ).postgres);"
        "print(make_url(server.admin_url).query['host'], flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    run = subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True)
    assert run.stdout is not None
    folder = run.stdout.readline().strip()
    assert can_connect(folder)
    run.kill()
    run.communicate()
    deadline = time.monotonic() + 20
    while can_connect(folder):
        assert time.monotonic() < deadline, "the server outlived its run"
        time.sleep(0.02)

    remove_abandoned(Path(folder).parent)
    assert not Path(folder).exists()
    assert value(postgres_url, "select 1") == 1, "a live run's folder must stay"


def can_connect(folder: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
        client.connect(f"{folder}/.s.PGSQL.5432")
        return True
    return False


def test_the_newest_programs_win_and_old_ones_are_refused(tmp_path: Path) -> None:
    old = fake_programs(tmp_path / "old", "14.20")
    with pytest.raises(PostgresNotFoundError, match=r"old \(version 14\.20\).*COTERIE_TEST_ENGINES=sqlite"):
        find_postgres({"PG_BIN": str(old)})
    newest = fake_programs(tmp_path / "newest", "99.10 (Fake 1.2)")
    found = find_postgres({"PATH": str(newest), "COTERIE_TEST_POSTGRES": "system"})
    assert (found.bin, found.version) == (newest.resolve(), "99.10")


def test_a_named_folder_without_a_server_is_an_error_not_a_reason_to_look_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(PostgresNotFoundError, match="no initdb and postgres"):
        find_postgres({"PG_BIN": str(tmp_path), "PATH": os.environ["PATH"]})


@pytest.mark.skipif(sys.platform != "linux", reason="the wheel is installed on Linux only")
def test_the_wheel_can_be_forced() -> None:
    found = find_postgres({"COTERIE_TEST_POSTGRES": "wheel"})
    assert found.wheel is not None
    assert found.bin.is_relative_to(found.wheel)


@pytest.mark.parametrize("variable", ["COTERIE_TEST_ENGINES", "COTERIE_TEST_POSTGRES"])
def test_an_unknown_choice_names_its_variable(variable: str) -> None:
    with pytest.raises(ValueError, match=f"{variable} is 'mysql'"):
        choose_engines({variable: "mysql"})


def test_postgres_is_left_out_only_on_request() -> None:
    engines = choose_engines({"COTERIE_TEST_ENGINES": "sqlite"})
    assert engines.names == ("sqlite",)
    assert "PostgreSQL is NOT tested" in str(engines)


def test_a_run_without_postgres_fails_before_its_first_test(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", __file__],
        cwd=TESTS.parent,
        env={**os.environ, "COTERIE_TEST_ENGINES": "", "COTERIE_TEST_POSTGRES": "", "PG_BIN": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == pytest.ExitCode.USAGE_ERROR
    assert "no PostgreSQL 15 or newer" in run.stderr


def connect_tcp(host: str) -> None:
    socket.create_connection((host, 9)).close()


def connect_by_asyncio(host: str) -> None:
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        runner.run(asyncio.open_connection(host, 9))


def connect_by_uvloop(host: str) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(asyncio.open_connection(host, 9))


@pytest.mark.parametrize("connect", [connect_tcp, connect_by_asyncio, connect_by_uvloop])
@pytest.mark.parametrize("host", ["192.0.2.1", "coterie.invalid"])  # RFC 5737, RFC 2606: nobody's
def test_no_connection_leaves_the_machine(connect: Callable[[str], None], host: str) -> None:
    with pytest.raises(loopback.NetworkRefusedError, match=f"may only reach loopback, not {host}"):
        connect(host)
    assert loopback.take_refused()  # taken, so that this test does not fail for having tried


def test_no_datagram_leaves_the_machine() -> None:
    with (
        socket.socket(type=socket.SOCK_DGRAM) as client,
        pytest.raises(loopback.NetworkRefusedError),
    ):
        client.sendto(b"", ("192.0.2.1", 9))
    assert loopback.take_refused() == ["192.0.2.1:9"]


def test_no_name_is_looked_up_but_numbers_and_localhost_are() -> None:
    with pytest.raises(loopback.NetworkRefusedError):
        socket.getaddrinfo("coterie.invalid", 443)
    assert loopback.take_refused() == ["coterie.invalid:name look-up"]
    assert socket.getaddrinfo("192.0.2.1", 443)
    assert socket.getaddrinfo("localhost", 443)


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_loopback_is_reachable(loop_factory: Callable[[], asyncio.AbstractEventLoop], host: str) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()

    async def scenario() -> bytes:
        server = await asyncio.start_server(greet, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(host, server.sockets[0].getsockname()[1])
        greeting = await reader.read()
        writer.close()
        server.close()
        return greeting

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        assert runner.run(scenario()) == b"hello"


def test_a_swallowed_refusal_still_fails_its_test(tmp_path: Path) -> None:
    (tmp_path / "test_swallowing.py").write_text(
        "import contextlib, socket\n\n"
        "def test_swallows():\n"
        "    with contextlib.suppress(Exception):\n"
        "        socket.create_connection(('192.0.2.1', 9))\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "conftest", "--rootdir", tmp_path, "-c", os.devnull, tmp_path],
        env={**os.environ, "PYTHONPATH": str(TESTS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert "tests may only reach loopback; this one tried 192.0.2.1:9" in run.stdout


def test_property_tests_are_bounded_and_keep_no_examples() -> None:
    assert hypothesis.settings().max_examples == 50
    assert hypothesis.settings().deadline is None
    assert hypothesis.settings().database is None
