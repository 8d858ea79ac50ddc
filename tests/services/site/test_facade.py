"""What other services ask of sites."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from coterie.kit.call import Call
from coterie.kit.caller import Caller
from coterie.services.site import facade
from coterie.services.site.routes import SERVICE
from support.api import Api

T = TypeVar("T")


def asked(api: Api, question: Callable[[Call], Awaitable[T]]) -> T:
    """What the facade answers inside a transaction."""
    runtime = api.server.runtime

    async def run() -> T:
        tenant = await runtime.tenants.get(api.tenant)
        assert tenant is not None
        caller = Caller("service", api.tenant, frozenset())
        call = Call(runtime, SERVICE, SERVICE.rows[0], tenant, caller, runtime.clock.now(), {}, {})
        async with call.writing():
            return await question(call)

    return api.run(run())


def create(api: Api, code: str, **changes: Any) -> None:
    body = {
        "code": code,
        "name": code,
        "defaultLanguage": "de",
        "languages": ["en", "de"],
        "currency": "CHF",
        "homeBase": {"address": {"zipCode": "8001", "country": "CH"}},
        "shipToCountries": ["CH"],
    }
    assert api.post("/site/{tenant}/sites", body | changes).status == 201


def test_existing_finds_sites_active_or_not(api: Api) -> None:
    create(api, "a")
    create(api, "b", active=False)
    assert asked(api, lambda call: facade.existing(call, {"a", "b", "c"})) == {"a", "b"}
    assert asked(api, lambda call: facade.existing(call, set())) == set()


def test_a_site_is_a_frozen_value(api: Api) -> None:
    create(api, "a")
    expected = facade.Site("a", "CHF", ("CHF",), "CH", ("en", "de"), "de")
    assert asked(api, lambda call: facade.get(call, "a")) == expected
    assert asked(api, lambda call: facade.get(call, "b")) is None


def test_the_default_site_is_the_one_with_the_flag(api: Api) -> None:
    assert asked(api, facade.default_site) is None
    create(api, "a")
    create(api, "b", default=True)
    found = asked(api, facade.default_site)
    assert found is not None
    assert found.code == "b"
