"""Asking a facade, as another service would."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from coterie.kit.call import Call
from coterie.kit.caller import Caller
from coterie.kit.rows import Service
from support.api import Api

T = TypeVar("T")


def asked(api: Api, service: Service, question: Callable[[Call], Awaitable[T]]) -> T:
    """What the answer is inside a transaction of the tenant, for a caller who may do nothing."""
    runtime = api.server.runtime

    async def run() -> T:
        tenant = await runtime.tenants.get(api.tenant)
        assert tenant is not None
        caller = Caller("service", api.tenant, frozenset())
        call = Call(runtime, service, service.rows[0], tenant, caller, runtime.clock.now(), {}, {})
        async with call.writing():
            return await question(call)

    return api.run(run())
