"""What the tests of products share: calls and events as other services make them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from coterie.kit.call import Call
from coterie.kit.caller import Caller
from coterie.services.product.routes import SERVICE
from services.product.shirts import PARENT, SHIRT
from support.api import Api

Emit = Callable[..., None]


@pytest.fixture
def call(api: Api) -> Callable[[Callable[[Call], Awaitable[Any]]], Any]:
    """Run a step of another service in a writing transaction of the tenant: `call(lambda call: …)`."""

    async def transact(step: Callable[[Call], Awaitable[Any]]) -> Any:
        runtime = api.server.runtime
        tenant = await runtime.tenants.get(api.tenant)
        assert tenant is not None
        caller = Caller("service", api.tenant, frozenset({"*"}))
        call = Call(runtime, SERVICE, SERVICE.rows[0], tenant, caller, runtime.clock.now(), {}, {})
        async with runtime.transaction(call):
            return await step(call)

    return lambda step: api.run(transact(step))


@pytest.fixture
def emit(call: Any) -> Emit:
    """Emit events as another service does: `emit(("assignment.created", {facts}), …)`, all in one transaction."""

    async def emitting(opened: Call, events: tuple[tuple[str, dict[str, Any]], ...]) -> None:
        for type_, facts in events:
            opened.emit(type_, "test", {}, **facts)

    return lambda *events: call(lambda opened: emitting(opened, events))


@pytest.fixture
def tees(api: Api) -> Api:
    """A tenant with a template of shirts and a parent that made four variants of it."""
    assert api.post("/product/{tenant}/product-templates", SHIRT).status == 201
    assert api.post("/product/{tenant}/products", PARENT).status == 201
    return api
