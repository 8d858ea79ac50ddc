"""Two workers on one PostgreSQL against one, each held to a share of a core where the machine allows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from benchmarks.generate import progress
from benchmarks.load import Server, rate
from benchmarks.reads import READS
from benchmarks.report import Figure

NAME = "workers"
GOAL = 1.6
READ = READS[0]
_GROUPS = Path("/sys/fs/cgroup/cpu")
_PERIOD = 100_000
_SHARE = 0.4


def figures(engine: str, size: str, first: Server, rounds: int, seconds: int) -> Iterator[Figure]:
    """Requests per second of two workers and of one, for one of the reads."""
    with ExitStack() as stack:
        second = stack.enter_context(Server(first.tenant))
        second.files = first.files
        held = [stack.enter_context(_held(each.process.pid)) for each in (first, second) if each.process]
        ones, twos = [], []
        for number in range(rounds):
            progress(f"{engine}: {NAME}, round {number + 1} of {rounds}")
            ones.append(first.rate(READ.name, seconds))
            loads = [each.start_load(READ.name, seconds) for each in (first, second)]
            twos.append(sum([rate(each) for each in loads]))
        progress("\n")
    share = f"each held to {_SHARE:.0%} of a core" if all(held) else "on all cores"
    yield Figure(f"two workers, {share}: {READ.title}", engine, size, "one worker", GOAL, twos, ones)


@contextmanager
def _held(pid: int) -> Iterator[bool]:
    """Hold a process to its share while the block runs; whether the machine let us: a cgroup (version 1) by root."""
    group = _GROUPS / f"coterie-bench-{pid}"
    try:
        group.mkdir()
    except OSError:
        yield False
        return
    try:
        (group / "cpu.cfs_period_us").write_text(str(_PERIOD))
        (group / "cpu.cfs_quota_us").write_text(str(int(_PERIOD * _SHARE)))
        (group / "cgroup.procs").write_text(str(pid))
        yield True
    finally:
        with suppress(ProcessLookupError):
            (_GROUPS / "cgroup.procs").write_text(str(pid))
        group.rmdir()
