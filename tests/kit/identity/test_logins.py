"""Logins: anonymous visits and customers' sessions, refreshed and ended."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from coterie.kit.errors import Unauthorized
from coterie.kit.logins import Issued, Login
from coterie.kit.tables import login, refresh_token

from .conftest import TENANT, Process, StillClock


def redeem(process: Process, kind: str, token: str, tenant: str = TENANT) -> Login | None:
    return process.writing(lambda db: process.tokens.redeem(db, tenant, kind, token))  # type: ignore[arg-type]


def continued(process: Process, found: Login, *more: Any) -> Issued:
    issuer = process.run(process.tokens.issuer())
    return process.writing(lambda db: issuer.continued(db, found, *more))


def count(process: Process) -> tuple[int, int]:
    return tuple(  # type: ignore[return-value]
        process.reading(lambda db, table=table: db.value(select(func.count()).select_from(table)))  # type: ignore[misc]
        for table in (login, refresh_token)
    )


def test_an_anonymous_visit_gets_a_session_and_a_refresh_token(process: Process) -> None:
    issued = process.anonymous()
    caller = process.caller(issued.access_token)
    assert caller.kind == "anonymous"
    assert not caller.scopes
    assert caller.session_id
    assert (issued.expires_in, issued.refresh_expires_in) == (3599, 86399)
    assert process.anonymous().caller.session_id != caller.session_id


def test_refresh_tokens_are_stored_as_digests(process: Process) -> None:
    token = process.anonymous().refresh_token
    rows = process.reading(lambda db: db.all(select(refresh_token)))
    assert token not in str(rows)
    assert len(rows[0].hash) == 64


def test_an_anonymous_refresh_token_is_good_throughout_its_life_and_keeps_the_session(
    process: Process, clock: StillClock
) -> None:
    first = process.anonymous()
    for _ in range(3):
        found = redeem(process, "anonymous", first.refresh_token)
        assert found is not None
        again = continued(process, found)
        assert again.caller.session_id == first.caller.session_id
        assert process.caller(again.access_token).session_id == first.caller.session_id
        clock.pass_(28_000)
    clock.pass_(3_000)
    assert redeem(process, "anonymous", first.refresh_token) is None
    assert redeem(process, "anonymous", again.refresh_token) is not None


def test_a_customer_keeps_the_session_of_the_visit(process: Process) -> None:
    visit = process.anonymous()
    issued = process.customer(session_id=visit.caller.session_id)
    caller = process.caller(issued.access_token)
    assert (caller.kind, caller.session_id) == ("customer", visit.caller.session_id)
    assert not caller.scopes
    assert (issued.expires_in, issued.refresh_expires_in) == (2591999, 86399)
    process.writing(lambda db: process.tokens.end(db, TENANT, issued.caller.login_id))
    assert process.caller(visit.access_token).session_id == visit.caller.session_id


def test_a_customers_refresh_token_rotates(process: Process) -> None:
    first = process.customer()
    found = redeem(process, "customer", first.refresh_token)
    assert found == Login(
        TENANT, first.caller.login_id, "customer", str(first.caller.session_id), "storefront", "10000001"
    )
    second = continued(process, found, "le1")
    caller = process.caller(second.access_token)
    assert (caller.legal_entity_id, caller.login_id) == ("le1", first.caller.login_id)
    assert redeem(process, "customer", first.refresh_token) is None
    assert redeem(process, "customer", second.refresh_token) is not None


def test_a_rotated_token_that_comes_back_at_once_ends_nothing(process: Process) -> None:
    first = process.customer()
    redeem(process, "customer", first.refresh_token)
    assert redeem(process, "customer", first.refresh_token) is None
    assert process.caller(first.access_token)


def test_a_rotated_token_that_comes_back_later_ends_its_login(process: Process, clock: StillClock) -> None:
    first, other = process.customer(), process.customer()
    redeem(process, "customer", first.refresh_token)
    clock.pass_(11)
    assert redeem(process, "customer", first.refresh_token) is None
    with pytest.raises(Unauthorized):
        process.caller(first.access_token)
    assert process.caller(other.access_token)


def test_of_two_refreshes_at_once_one_succeeds(process: Process, start: Callable[..., Process]) -> None:
    token = process.customer().refresh_token

    async def once(at: Process) -> Login | None:
        async with at.database.writing() as session:
            return await at.tokens.redeem(session, TENANT, "customer", token)

    async def both() -> list[Login | None]:
        return list(await asyncio.gather(*(once(at) for at in (process, second))))

    second = start()
    assert sum(found is not None for found in process.run(both())) == 1


@pytest.mark.parametrize(
    ("kind", "tenant", "mangle"),
    [
        ("anonymous", TENANT, ""),
        ("customer", "other", ""),
        ("customer", TENANT, "x"),
    ],
)
def test_a_refresh_token_of_another_kind_or_tenant_is_no_good(
    process: Process, kind: str, tenant: str, mangle: str
) -> None:
    token = process.customer().refresh_token
    assert redeem(process, kind, token + mangle, tenant) is None
    assert redeem(process, "customer", token) is not None


def test_an_expired_refresh_token_is_no_good(process: Process, clock: StillClock) -> None:
    issued = process.customer()
    clock.pass_(issued.refresh_expires_in)
    assert redeem(process, "customer", issued.refresh_token) is None
    assert process.caller(issued.access_token)


def test_an_ended_login_can_not_be_refreshed(process: Process) -> None:
    issued = process.customer()
    process.writing(lambda db: process.tokens.end(db, TENANT, issued.caller.login_id))
    assert redeem(process, "customer", issued.refresh_token) is None
    assert count(process) == (0, 0)


def test_pruning_deletes_what_can_not_be_used_any_more(process: Process, clock: StillClock) -> None:
    issued = process.customer()
    process.anonymous()
    clock.pass_(90_000)
    process.anonymous()
    # The customer's refresh token is over, the login lives on with its access token.
    assert process.writing(process.tokens.prune) == 3
    assert process.writing(process.tokens.prune) == 0
    assert count(process) == (2, 1)
    assert process.caller(issued.access_token)
    clock.pass_(issued.expires_in)
    process.writing(process.tokens.prune)
    assert count(process) == (0, 0)
