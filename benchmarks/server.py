"""`coterie serve` with one more service: the floor, whose rows answer recorded bytes from memory.

A floor's row has the method and the scopes of the read that it stands for, and the same token check; it begins no
transaction and decodes no body. The file that the environment names as BENCH_ANSWERS holds the answers.
"""

from __future__ import annotations

import json
import os
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

from benchmarks.reads import READS, Read
from benchmarks.shape import SIZES, shopper
from coterie import cli
from coterie.cli import server
from coterie.directory import SERVICES
from coterie.kit.call import Call, Reply
from coterie.kit.dispatch import Dispatch
from coterie.kit.rows import Row, Service, op

ANSWERS = "BENCH_ANSWERS"


@cache
def _answers() -> dict[str, list[bytes | None]]:
    """The recorded body of every sample request, by the read's name; None is an answer without one."""
    known = json.loads(Path(os.environ[ANSWERS]).read_bytes())
    return {name: [each.encode() or None for each in texts] for name, texts in known.items()}


def _answer(read: Read) -> Callable[..., Awaitable[Reply]]:
    async def answer(call: Call, sample: str) -> Reply:
        return Reply(value=_answers()[read.name][int(sample)])

    return answer


def _row(read: Read) -> Row:
    path = read.path(shopper(SIZES["tiny"], 0)).partition("?")[0]
    measured = Dispatch(SERVICES).match(read.method, path).row
    return op(
        read.method, f"/{read.name}/{{sample}}", _answer(read), measured.scopes, *measured.codes, mode="none"
    )


FLOOR = Service(
    name="floor",
    title="What the server itself costs",
    prefix="/floor/{tenant}",
    rows=tuple(_row(each) for each in READS),
)

if __name__ == "__main__":
    # The very `coterie serve`, so that its settings are the shipped ones.
    server.SERVICES = (*SERVICES, FLOOR)  # type: ignore[attr-defined]
    cli.main()
