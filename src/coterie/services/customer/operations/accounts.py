"""The e-mail addresses of customers, each of one customer only, and the numbers that new customers get."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update

from coterie.database.session import Retry
from coterie.kit.call import Call
from coterie.kit.errors import AlreadyExists
from coterie.services.customer import rules
from coterie.services.customer.tables import email, number


@dataclass(frozen=True)
class Account:
    """An address to log in with. initial: the password was set by an employee."""

    email: str
    password_hash: str | None = None
    initial: bool = False


async def claim_login(call: Call, customer_id: str, account: Account) -> None:
    """Make an address one that the customer logs in with. Raises AlreadyExists if it is another's."""
    login = {
        "login": True,
        "password_hash": account.password_hash,
        "initial_password": account.initial,
    }
    held = await _claim(call, customer_id, account.email, login)
    if held is not None and not held.login:
        await call.db.run(update(email).where(*_at(call, account.email)).values(login))


async def claim_contact(call: Call, customer_id: str, address: str) -> None:
    """Make an address one that the customer is reached at. Raises AlreadyExists if it is another's."""
    await _claim(
        call, customer_id, address, {"login": False, "password_hash": None, "initial_password": False}
    )


async def release_contact(call: Call, customer_id: str, address: str) -> None:
    """The customer is no longer reached at an address; one to log in with stays his."""
    mine = (email.c.customer_id == customer_id, email.c.login.is_(False))
    await call.db.run(delete(email).where(*_at(call, address), *mine))


async def forget(call: Call, customer_id: str) -> None:
    """The addresses of a deleted customer are free again."""
    columns = email.c
    await call.db.run(
        delete(email).where(columns.tenant == call.tenant.name, columns.customer_id == customer_id)
    )


async def logins(call: Call, customer_ids: Collection[str]) -> dict[str, list[str]]:
    """The addresses that each customer logs in with, in order."""
    columns = email.c
    statement = (
        select(columns.customer_id, columns.email)
        .where(
            columns.tenant == call.tenant.name,
            columns.customer_id.in_(customer_ids),
            columns.login.is_(True),
        )
        .order_by(columns.created_at, columns.folded)
    )
    found: dict[str, list[str]] = {}
    for row in await call.db.all(statement):
        found.setdefault(row.customer_id, []).append(row.email)
    return found


async def next_number(call: Call) -> str:
    """A customer number that was never given out. Others wait for it until this transaction ends."""
    first = {"tenant": call.tenant.name, "value": rules.FIRST_NUMBER}
    statement = (
        call.db.insert(number)
        .values(first)
        .on_conflict_do_update(index_elements=["tenant"], set_={"value": number.c.value + 1})
        .returning(number.c.value)
    )
    return str(await call.db.value(statement))


async def _claim(call: Call, customer_id: str, address: str, values: dict[str, Any]) -> Any:
    """Take an address; the row if the customer had it already. Raises AlreadyExists."""
    row = {
        "tenant": call.tenant.name,
        "folded": rules.folded(address),
        "customer_id": customer_id,
        "email": address,
        "created_at": call.at,
        **values,
    }
    taken = call.db.insert(email).values(row).on_conflict_do_nothing().returning(email.c.folded)
    if await call.db.first(taken) is not None:
        return None
    held = await call.db.first(select(email).where(*_at(call, address)).with_for_update())
    if held is None:
        raise Retry("the address was given up a moment ago")
    if held.customer_id != customer_id:
        raise AlreadyExists("account", address)
    return held


def _at(call: Call, address: str) -> tuple[Any, ...]:
    return email.c.tenant == call.tenant.name, email.c.folded == rules.folded(address)
