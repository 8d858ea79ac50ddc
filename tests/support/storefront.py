"""A storefront of a tenant as its visitors use it: visit, sign up, log in, act for a company."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from coterie.kit import clients
from coterie.kit.call import Call
from coterie.kit.clients import Client, ClientKind
from coterie.kit.clock import iso
from support.api import Api, Response

PASSWORD = "password1"


def new_client(api: Api, kind: ClientKind, *scopes: str) -> tuple[Client, str]:
    """A client of the tenant, and its secret."""

    async def create() -> tuple[Client, str]:
        runtime = api.server.runtime
        async with runtime.database.writing() as db:
            at = iso(runtime.clock.now())
            return await clients.create(db, api.tenant, kind, frozenset(scopes), at=at)

    return api.run(create())


class Storefront:
    """The storefront; `api` is its tenant's own client."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.client, _ = new_client(api, "storefront")

    def get(self, path: str, **query: str | None) -> Response:
        """A request without a token; query parameters that are None are left out."""
        given = {"tenant": self.api.tenant, "client_id": self.client.id, **query}
        target = urlencode({name: value for name, value in given.items() if value is not None})
        return self.api.as_(None).get(f"/customerlogin/auth/anonymous/{path}?{target}")

    def visit(self) -> Api:
        """A visitor with an anonymous token."""
        return self.api.as_(self.get("login").json["access_token"])

    def sign_up(self, email: str = "jane@example.com", **details: Any) -> str:
        """A new customer; the number."""
        body = {"customerDetails": details, "signup": {"email": email, "password": PASSWORD}}
        response = self.visit().post("/customer/{tenant}/signup", body)
        assert response.status == 201, response.body
        return str(response.json["id"])

    def log_in(self, email: str = "jane@example.com", password: str = PASSWORD, by: Api | None = None) -> Any:
        """The answer to a login that must succeed."""
        body = {"email": email, "password": password}
        response = (by or self.visit()).post("/customer/{tenant}/login", body)
        assert response.status == 200, response.body
        return response.json

    def customer(self, email: str = "jane@example.com", password: str = PASSWORD) -> Api:
        """A customer who is logged in."""
        return self.api.as_(self.log_in(email, password)["access_token"])

    def assign(self, customer_id: str, legal_entity_id: str, *, gone: bool = False) -> None:
        """Tell the services that a customer became, or is no longer, a contact of a company."""
        happened = "deleted" if gone else "created"
        type_ = f"client-management.contact-assignment-{happened}"

        async def tell() -> None:
            runtime = self.api.server.runtime
            tenant = await runtime.tenants.get(self.api.tenant)
            caller = await runtime.tokens.caller(f"Bearer {self.api.token}")
            service = next(each for each in runtime.services if each.name == "customer")
            assert tenant is not None
            call = Call(
                runtime, service, service.rows[0], tenant, caller, runtime.clock.now(), headers={}, query={}
            )
            async with call.writing():
                call.emit(
                    type_, "x", {}, internal=True, customer_id=customer_id, legal_entity_id=legal_entity_id
                )

        self.api.run(tell())
