"""`make bench`: measures, prints ratios within this run, and writes docs/reference/performance.md with its plot."""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks import catalogue, logins, transfers, webhooks, workers, writes
from benchmarks.databases import ENGINES, filled
from benchmarks.generate import progress
from benchmarks.load import Server, logged_in
from benchmarks.reads import READS, Read
from benchmarks.report import ITSELF_AT, Figure, write
from benchmarks.shape import SIZES

# The least that a measure may be of itself at a smaller size.
AT_ANY_SIZE = 0.85


@dataclass(frozen=True)
class Plan:
    """What to measure, and how often: `rounds` of floor and measure in turn, `seconds` each.

    keep: where generated tenants are kept for other runs. members: how many are imported. events: how
    many webhooks deliver.
    """

    sizes: tuple[str, ...]
    engines: tuple[str, ...]
    only: tuple[str, ...]
    rounds: int
    seconds: int
    keep: Path | None
    members: int
    events: int

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
            url = stack.enter_context(filled(engine, size, place, plan.keep))
            server = stack.enter_context(Server(logged_in(SIZES[size], url, place)))
            server.record(plan.recorded)
            servers[size] = server
        for read in plan.reads:
            yield from _read(plan, engine, servers, read)
        if writes.NAME in plan.only:
            yield from writes.figures(engine, servers, plan.rounds)
        if catalogue.NAME in plan.only:
            yield from catalogue.figures(engine, servers, plan.rounds)
        if transfers.IMPORT in plan.only:
            yield from transfers.import_figures(engine, servers, plan.members)
        if transfers.EXPORT in plan.only:
            yield from transfers.export_figures(engine, servers)
        if logins.NAME in plan.only:
            yield from logins.figures(engine, servers, plan.rounds)
        if webhooks.NAME in plan.only:
            yield from webhooks.figures(engine, servers, plan.events)
        if workers.NAME in plan.only and engine == "postgresql":
            size, server = next(iter(servers.items()))
            yield from workers.figures(engine, size, server, plan.rounds, plan.seconds)


def _read(plan: Plan, engine: str, servers: dict[str, Server], read: Read) -> Iterator[Figure]:
    """A read against its floor at each size, and each size against the first; rounds alternate."""
    kinds = ("-floor", "", "-spread") if len(servers) > 1 else ("-floor", "")
    rates: dict[str, dict[str, list[float]]] = {kind: {size: [] for size in servers} for kind in kinds}
    for number in range(plan.rounds):
        progress(f"{engine}: {read.name}, round {number + 1} of {plan.rounds}")
        for kind in kinds:
            for size, server in servers.items():
                rates[kind][size].append(server.rate(read.name + kind, plan.seconds))
    progress("\n")
    goal = read.goals[engine]
    for size in servers:
        floor, own = rates["-floor"][size], rates[""][size]
        yield Figure(read.title, engine, size, "same bytes from memory", goal, own, floor)
    first, *larger = servers
    for size in larger:
        spread = rates["-spread"]
        yield Figure(
            read.title, engine, size, f"{ITSELF_AT}{first}", AT_ANY_SIZE, spread[size], spread[first]
        )


def _plan(arguments: list[str]) -> tuple[Plan, bool]:
    names = [each.name for each in READS]
    names += [writes.NAME, catalogue.NAME, logins.NAME, workers.NAME, transfers.IMPORT, transfers.EXPORT]
    names.append(webhooks.NAME)
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--size", type=_sizes, default=("S",), help="S, or S,L to compare within one run")
    parser.add_argument("--engine", choices=ENGINES, action="append", help="by default both")
    parser.add_argument("--only", choices=names, action="append", help="by default every measure")
    parser.add_argument("--rounds", type=int, default=5, help="of floor and measure in turn")
    parser.add_argument("--seconds", type=int, default=2, help="of either in a round")
    parser.add_argument("--keep", type=Path, help="a folder where generated tenants are kept for other runs")
    parser.add_argument("--members", type=int, default=1_000_000, help="to import")
    parser.add_argument("--events", type=int, default=100_000, help="to deliver by webhooks")
    parser.add_argument("--print", action="store_true", help="leave results and documents as they are")
    chosen = parser.parse_args(arguments)
    plan = Plan(
        chosen.size,
        tuple(chosen.engine or ENGINES),
        tuple(chosen.only or names),
        chosen.rounds,
        chosen.seconds,
        chosen.keep,
        chosen.members,
        chosen.events,
    )
    return plan, chosen.print


def _sizes(text: str) -> tuple[str, ...]:
    sizes = tuple(text.split(","))
    if unknown := set(sizes) - SIZES.keys():
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: use some of {', '.join(SIZES)}")
    return sizes


def main() -> None:
    """The command."""
    plan, only_print = _plan(sys.argv[1:])
    if shutil.which("wrk") is None:
        sys.exit("make bench needs wrk: apt-get install wrk")
    figures = []
    if plan.keep is not None:
        plan.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="coterie-bench-", dir=plan.keep) as folder:
        for engine in plan.engines:
            for figure in measured(plan, engine, Path(folder)):
                print(figure.line(), flush=True)
                figures.append(figure)
    if not only_print:
        write(figures)


if __name__ == "__main__":
    main()
