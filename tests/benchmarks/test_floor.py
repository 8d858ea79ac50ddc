"""The floor of the benchmarks: a real server whose floor answers what the reads answered, to the same callers only."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from benchmarks.databases import fill
from benchmarks.load import Server, logged_in
from benchmarks.reads import READS, Read, Request, floor_of, requests
from benchmarks.shape import SIZES


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("floor")
    url = f"sqlite:///{folder / 'coterie.db'}"
    fill(SIZES["tiny"], url)
    tenant = logged_in(SIZES["tiny"], url, folder)
    # A few of the customers are enough.
    tenant.tokens = tenant.tokens[:3]
    with Server(tenant) as running:
        running.record(READS)
        yield running


def sent(server: Server, read: Read) -> list[Request]:
    return requests(read, server.tenant.size, server.tenant.tokens, server.tenant.service)


@pytest.mark.parametrize("read", READS, ids=lambda read: read.name)
def test_the_floor_answers_the_same_bytes(server: Server, read: Read) -> None:
    given = sent(server, read)
    answers = server.ask(given)
    assert server.ask(floor_of(read, given)) == answers
    # Each customer has his own answer, so that none is measured for another; a valid coupon has none.
    assert len(set(answers)) == (1 if read.name == "coupon" else len(given))


@pytest.mark.parametrize("read", READS, ids=lambda read: read.name)
def test_the_floor_checks_the_token(server: Server, read: Read) -> None:
    for each in floor_of(read, sent(server, read)):
        with pytest.raises(RuntimeError, match="401"):
            server.ask([replace(each, token=each.token[:-8] + "AAAAAAAA")])


def test_the_floor_asks_for_the_scopes_of_the_read(server: Server) -> None:
    match = next(each for each in READS if each.by_service)
    for each in floor_of(match, sent(server, match)):
        with pytest.raises(RuntimeError, match="403"):
            server.ask([replace(each, token=server.tenant.tokens[0])])


def test_what_wrk_sends_is_what_was_recorded(server: Server) -> None:
    for read in READS:
        written = server.files[read.name].read_bytes()
        for each in sent(server, read):
            raw = each.raw()
            assert b"%d\n%b" % (len(raw), raw) in written
