"""The e-mail addresses of customers, each of one customer only, and the numbers that new customers get."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, select, update

from coterie.database.session import Retry, Session
from coterie.kit.call import Call
from coterie.kit.errors import AlreadyExists
from coterie.services.customer import rules
from coterie.services.customer.tables import email, number


@dataclass(frozen=True)
class Account:
    """An address to log in with. initial: the password was set by an employee. legacy_hash: of another system.

    opt_in: it waits for the link that it is sent. unproven: nobody but who signed up says that the address is his.
    """

    email: str
    password_hash: str | None = None
    initial: bool = False
    legacy_hash: str | None = None
    opt_in: bool = False
    unproven: bool = False

    @property
    def columns(self) -> dict[str, Any]:
        """What is stored besides the address."""
        return {
            "login": True,
            "password_hash": self.password_hash,
            "initial_password": self.initial,
            "legacy_hash": self.legacy_hash,
            "opt_in": self.opt_in,
            "unproven": self.unproven,
        }


async def claim_login(call: Call, customer_id: str, account: Account) -> None:
    """Make an address one that the customer logs in with. Raises AlreadyExists if it is another's."""
    held = await _claim(call, customer_id, account.email, account.columns)
    if held is not None and not held.login:
        await call.db.run(update(email).where(*at(call, account.email)).values(account.columns))


async def claim_all(call: Call, claims: Mapping[str, Account]) -> set[str]:
    """Make addresses ones to log in with, of new customers by number; the numbers that got theirs."""
    rows = [_row(call, id, account.email, account.columns) for id, account in sorted(claims.items())]
    statement = call.db.insert(email).on_conflict_do_nothing().returning(email.c.customer_id)
    return {row.customer_id for row in await call.db.all(statement, rows)} if rows else set()


async def of_customer(db: Session, tenant: str, customer_id: str) -> Row[Any] | None:
    """What a customer logs in with; the oldest if there are several."""
    columns = email.c
    mine = (columns.tenant == tenant, columns.customer_id == customer_id, columns.login.is_(True))
    return await db.first(select(email).where(*mine).order_by(columns.created_at, columns.folded).limit(1))


async def set_password(call: Call, folded: str, secret: str, *, only: Any = None) -> bool:
    """Give an account a new password; whether it did. `only`: a further condition."""
    mine = (email.c.tenant == call.tenant.name, email.c.folded == folded, email.c.login.is_(True))
    changed = (
        update(email).where(*mine).values(password_hash=secret, legacy_hash=None, initial_password=False)
    )
    return bool(await call.db.run(changed if only is None else changed.where(only)))


async def move_login(call: Call, customer_id: str, held: Row[Any], address: str) -> None:
    """Have the customer log in with a new address instead of `held`. Raises AlreadyExists if it is another's."""
    secret, initial = held.password_hash, held.initial_password
    await claim_login(call, customer_id, Account(address, secret, initial, held.legacy_hash))
    bare = {"login": False, "password_hash": None, "legacy_hash": None, "initial_password": False}
    await call.db.run(update(email).where(*at(call, held.email)).values(bare))


async def claim_contact(call: Call, customer_id: str, address: str) -> None:
    """Make an address one that the customer is reached at. Raises AlreadyExists if it is another's."""
    await _claim(
        call, customer_id, address, {"login": False, "password_hash": None, "initial_password": False}
    )


async def release_contact(call: Call, customer_id: str, address: str) -> None:
    """The customer is no longer reached at an address; one to log in with stays his."""
    mine = (email.c.customer_id == customer_id, email.c.login.is_(False))
    await call.db.run(delete(email).where(*at(call, address), *mine))


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


async def next_numbers(call: Call, count: int = 1) -> list[str]:
    """Customer numbers that were never given out. Others wait for them until this transaction ends."""
    first = {"tenant": call.tenant.name, "value": rules.FIRST_NUMBER + count - 1}
    statement = (
        call.db.insert(number)
        .values(first)
        .on_conflict_do_update(index_elements=["tenant"], set_={"value": number.c.value + count})
        .returning(number.c.value)
    )
    last = await call.db.value(statement)
    return [str(each) for each in range(last - count + 1, last + 1)]


async def _claim(call: Call, customer_id: str, address: str, values: Mapping[str, Any]) -> Any:
    """Take an address; the row if the customer had it already. Raises AlreadyExists."""
    row = _row(call, customer_id, address, values)
    taken = call.db.insert(email).values(row).on_conflict_do_nothing().returning(email.c.folded)
    if await call.db.first(taken) is not None:
        return None
    held = await call.db.first(select(email).where(*at(call, address)).with_for_update())
    if held is None:
        raise Retry("the address was given up a moment ago")
    if held.customer_id != customer_id:
        raise AlreadyExists("account", address)
    return held


def _row(call: Call, customer_id: str, address: str, values: Mapping[str, Any]) -> dict[str, Any]:
    row = {"tenant": call.tenant.name, "folded": rules.folded(address), "customer_id": customer_id}
    return row | {"email": address, "created_at": call.at, **values}


def at(call: Call, address: str) -> tuple[Any, ...]:
    """The condition of an address."""
    return email.c.tenant == call.tenant.name, email.c.folded == rules.folded(address)
