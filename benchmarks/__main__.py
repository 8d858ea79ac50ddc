"""`make bench`: measures, prints ratios within this run, and writes docs/reference/performance.md with its plot."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import workers, writes
from benchmarks.generate import progress
from benchmarks.load import ROOT, Server, filled
from benchmarks.reads import READS, Read
from benchmarks.report import Figure, write
from benchmarks.shape import SIZES

sys.path.insert(0, str(ROOT / "tests"))
ENGINES = ("sqlite", "postgresql")


@dataclass(frozen=True)
class Plan:
    """What to measure, and how often: `rounds` of floor and measure in turn, `seconds` each."""

    sizes: tuple[str, ...]
    engines: tuple[str, ...]
    only: tuple[str, ...]
    rounds: int
    seconds: int

    @property
    def reads(self) -> list[Read]:
        """The reads among the measures."""
        return [each for each in READS if each.name in self.only]

    @property
    def recorded(self) -> list[Read]:
        """The reads that any of the measures sends."""
        return [
            each
            for each in READS
            if each in self.reads or (workers.NAME in self.only and each is workers.READ)
        ]


def measured(plan: Plan, engine: str, folder: Path) -> Iterator[Figure]:
    """The figures of one engine."""
    with ExitStack() as stack:
        servers = {}
        for size in plan.sizes:
            place = folder / f"{engine}-{size}"
            place.mkdir()
            url = stack.enter_context(database(engine, place))
            server = stack.enter_context(Server(filled(SIZES[size], url, place)))
            server.record(plan.recorded)
            servers[size] = server
        for read in plan.reads:
            yield from _read(plan, engine, servers, read)
        if writes.NAME in plan.only:
            yield from writes.figures(engine, servers, plan.rounds)
        if workers.NAME in plan.only and engine == "postgresql":
            size, server = next(iter(servers.items()))
            yield from workers.figures(engine, size, server, plan.rounds, plan.seconds)


def _read(plan: Plan, engine: str, servers: dict[str, Server], read: Read) -> Iterator[Figure]:
    """A read against its floor at each size, and the sizes against each other; rounds alternate."""
    floors: dict[str, list[float]] = {size: [] for size in servers}
    rates: dict[str, list[float]] = {size: [] for size in servers}
    for number in range(plan.rounds):
        progress(f"{engine}: {read.name}, round {number + 1} of {plan.rounds}")
        for size, server in servers.items():
            floors[size].append(server.rate(f"{read.name}-floor", plan.seconds))
            rates[size].append(server.rate(read.name, plan.seconds))
    progress("\n")
    goal = read.goals[engine]
    for size in servers:
        yield Figure(read.title, engine, size, "same bytes from memory", goal, rates[size], floors[size])
    if {"S", "L"} <= servers.keys():
        yield Figure(read.title, engine, "L", "itself at S", 0.85, rates["L"], rates["S"])


@contextmanager
def database(engine: str, folder: Path) -> Iterator[str]:
    """The URL of an empty database, gone in the end."""
    from support.postgres import create_database, dsn, start_postgres
    from support.postgres_binaries import find_postgres

    if engine == "sqlite":
        yield f"sqlite:///{folder / 'coterie.db'}"
        return
    server = start_postgres(find_postgres(os.environ))
    try:
        yield dsn(create_database(server.admin_url))
    finally:
        server.stop()


def _plan(arguments: list[str]) -> tuple[Plan, bool]:
    names = [*(each.name for each in READS), writes.NAME, workers.NAME]
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="S", help="L measures S as well")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="by default both")
    parser.add_argument("--only", choices=names, action="append", help="by default every measure")
    parser.add_argument("--rounds", type=int, default=5, help="of floor and measure in turn")
    parser.add_argument("--seconds", type=int, default=2, help="of either in a round")
    parser.add_argument("--print", action="store_true", help="leave results and documents as they are")
    chosen = parser.parse_args(arguments)
    sizes = ("S", "L") if chosen.size == "L" else (chosen.size,)
    plan = Plan(
        sizes, tuple(chosen.engine or ENGINES), tuple(chosen.only or names), chosen.rounds, chosen.seconds
    )
    return plan, chosen.print


def main() -> None:
    """The command."""
    plan, only_print = _plan(sys.argv[1:])
    if shutil.which("wrk") is None:
        sys.exit("make bench needs wrk: apt-get install wrk")
    figures = []
    with tempfile.TemporaryDirectory(prefix="coterie-bench-") as folder:
        for engine in plan.engines:
            for figure in measured(plan, engine, Path(folder)):
                print(figure.line(), flush=True)
                figures.append(figure)
    if not only_print:
        write(figures)


if __name__ == "__main__":
    main()
