"""How often somebody may try to sign in, or have a mail sent: counted in the database, so over all workers.

An attempt counts when it begins, so that many at once gain nothing, and is taken back when it succeeds. Accounts that
are not there are counted like others. What is stored are keyed digests: no address of anybody.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import ip_address, ip_network
from math import ceil

from sqlalchemy import case, delete, update

from coterie.kit.call import Call
from coterie.kit.clock import iso
from coterie.kit.errors import TooMany
from coterie.kit.tables import attempt


async def begin(call: Call, purpose: str, account: str) -> None:
    """Count an attempt of an account and of the client's address, in a transaction of its own. Raises TooMany."""
    settings = call.runtime.settings
    most = dict(zip(_keys(call, purpose, account), _limits(call), strict=True))
    until = iso(call.now + timedelta(seconds=settings.sign_in_seconds))
    # In one order, so that no two of them wait for each other.
    rows = [
        {"tenant": call.tenant.name, "key": key, "begun": 1, "expires_at": until}
        for key in sorted(most)
        if most[key]
    ]
    if not rows or call.raced:
        return
    async with call.runtime.database.writing() as db:
        over = attempt.c.expires_at <= call.at
        statement = db.insert(attempt).values(rows)
        values = {
            "begun": case((over, 1), else_=attempt.c.begun + 1),
            "expires_at": case((over, statement.excluded.expires_at), else_=attempt.c.expires_at),
        }
        statement = statement.on_conflict_do_update(index_elements=["tenant", "key"], set_=values)
        for row in await db.all(statement.returning(attempt.c.key, attempt.c.begun, attempt.c.expires_at)):
            if row.begun > most[row.key]:
                wait = (datetime.fromisoformat(row.expires_at) - call.now).total_seconds()
                raise TooMany(max(1, ceil(wait)))


async def succeeded(call: Call, purpose: str, account: str) -> None:
    """Forget the account's attempts, and take back the one of the address; in the call's transaction."""
    mine, here = _keys(call, purpose, account)
    columns = attempt.c
    await call.db.run(delete(attempt).where(columns.tenant == call.tenant.name, columns.key == mine))
    back = update(attempt).where(columns.tenant == call.tenant.name, columns.key == here, columns.begun > 0)
    await call.db.run(back.values(begun=columns.begun - 1))


def _limits(call: Call) -> tuple[int, int]:
    return call.runtime.settings.sign_in_attempts, call.runtime.settings.sign_in_attempts_address


def _keys(call: Call, purpose: str, account: str) -> tuple[str, str]:
    secret = call.runtime.vault.derive("attempts")

    def digest(*parts: str) -> str:
        return hmac.digest(secret, "\0".join(parts).encode(), sha256).hex()

    return digest("account", purpose, account), digest("address", purpose, network(call.address))


def network(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 of an IPv6 one, which one host may have for itself."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    return address if known.version == 4 else str(ip_network((known, 64), strict=False))
