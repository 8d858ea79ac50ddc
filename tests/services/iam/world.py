"""A tenant with employees, customers, companies and their groups, made as clients make them."""

from __future__ import annotations

from typing import Any

from coterie.kit.call import Call
from coterie.services.iam import facade
from support.api import Api, Response
from support.shop import Shop
from support.storefront import Storefront

IAM = "/iam/{tenant}"


class World(Shop):
    """Makes what IAM is about, and fails when the server refuses it."""

    def iam(self, path: str, api: Api | None = None, method: str = "GET", body: Any = None) -> Response:
        """A request to IAM, by the tenant's own client unless another asks."""
        return (api or self.api).request(method, f"{IAM}/{path}", body)

    def group(self, id: str, *controls: str, **more: Any) -> str:
        """A group with access controls, of employees unless told otherwise."""
        self._made(
            "PUT", f"{IAM}/groups/{id}", {"name": {"en": id}, "accessControls": list(controls), **more}
        )
        return id

    def control(self, id: str, *scopes: str, **more: Any) -> str:
        self._made("PUT", f"{IAM}/access-controls/{id}", {"scopes": list(scopes), **more})
        return id

    def employee(self, email: str = "eve@example.com", *groups: str, **more: Any) -> str:
        body = employee(email, *groups, **more)
        return str(self._made("POST", f"{IAM}/users", body)["id"])

    def put_in(self, group: str, user: str, kind: str = "CUSTOMER") -> None:
        self._made("PUT", f"{IAM}/groups/{group}/users/{kind}/{user}", None)

    def scopes(self, api: Api) -> set[str]:
        """What the person behind a token may do."""
        response = self.iam("users/me/scopes", api)
        assert response.status == 200, response.json
        *scopes, tenant = response.json["scopes"].split()
        assert tenant == f"tenant={self.api.tenant}"
        return set(scopes)

    def company_groups(self, company: str) -> dict[str, str]:
        """The groups that a company was made with; their ids by role."""

        async def find() -> dict[str, str]:
            call = await self.call()
            async with call.writing():
                groups = (await facade.groups_of_companies(call, [company]))[company]
            return {each.role: each.id for each in groups if each.role is not None}

        return self.api.run(find())

    async def call(self, service: str = "customer_management") -> Call:
        """A call of another service, such as asks IAM's facade."""
        runtime = self.api.server.runtime
        tenant = await runtime.tenants.get(self.api.tenant)
        caller = await runtime.tokens.caller(f"Bearer {self.api.token}")
        found = next(each for each in runtime.services if each.name == service)
        assert tenant is not None
        return Call(runtime, found, found.rows[0], tenant, caller, runtime.clock.now(), headers={}, query={})

    def contacts(self, company: str, *names: str) -> list[str]:
        """A company's contacts by name; they are made with it."""
        self.company(company)
        people = [self.customer(f"{name}@example.com") for name in names]
        for each in people:
            self.contact(each, company)
        return people

    def storefront(self) -> Storefront:
        return Storefront(self.api)


def employee(email: str = "eve@example.com", *groups: str, **more: Any) -> dict[str, Any]:
    """The body of an employee."""
    return {
        "firstName": "Eve",
        "lastName": "Miller",
        "preferredSite": "main",
        "preferredCurrency": "EUR",
        "preferredLanguage": "en",
        "department": "Sales",
        "contactEmail": email,
        "groupIds": list(groups),
        **more,
    }
