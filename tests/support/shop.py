"""A small shop made through the API: sites, products, categories, customers and companies to put into segments."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from coterie.services.customer_segment.tables import member
from support.api import Api

SEGMENTS = "/customer-segment/{tenant}/segments"


def site(code: str = "main", currency: str = "EUR", **more: Any) -> dict[str, Any]:
    """A site's body."""
    return {
        "code": code,
        "name": code.title(),
        "active": True,
        "defaultLanguage": "en",
        "languages": ["en", "de"],
        "currency": currency,
        "homeBase": {"address": {"zipCode": "70190", "country": "DE", "city": "Stuttgart"}},
        "shipToCountries": ["DE", "CH"],
        "taxDeterminationBasedOn": "BILLING_ADDRESS",
        **more,
    }


class Shop:
    """Makes what segments need, and fails when the server refuses it."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def _made(self, method: str, path: str, body: Any) -> Any:
        response = self.api.request(method, path, body)
        assert response.status in (201, 204), (path, response.status, response.json)
        return response.json

    def site(self, code: str = "main", **more: Any) -> str:
        self._made("POST", "/site/{tenant}/sites", site(code, **more))
        return code

    def product(self, id: str, **more: Any) -> str:
        body = {
            "code": f"C-{id}",
            "name": {"en": f"Product {id}", "de": f"Produkt {id}"},
            "productType": "BASIC",
            "published": True,
        }
        self._made("PUT", f"/product/{{tenant}}/products/{id}", {**body, **more})
        return id

    def category(self, id: str, parent: str | None = None, **more: Any) -> str:
        body: dict[str, Any] = {
            "code": f"cat-{id}",
            "localizedName": {"en": f"Category {id}"},
            "published": True,
        }
        if parent is not None:
            body["parentId"] = parent
        self._made("PUT", f"/category/{{tenant}}/categories/{id}?publish=true", {**body, **more})
        return id

    def categorise(self, category: str, product: str) -> None:
        self._made(
            "POST",
            f"/category/{{tenant}}/categories/{category}/assignments",
            {"ref": {"id": product, "type": "PRODUCT"}},
        )

    def customer(self, email: str, **more: Any) -> str:
        body = {"contactEmail": email, "firstName": "Ada", "lastName": email.split("@")[0].title(), **more}
        id = self._made("POST", "/customer/{tenant}/customers", body)["id"]
        assert isinstance(id, str)
        return id

    def company(self, id: str, name: str | None = None) -> str:
        self._made(
            "PUT",
            f"/customer-management/{{tenant}}/legal-entities/{id}",
            {"name": name or f"{id.title()} GmbH", "type": "COMPANY"},
        )
        return id

    def contact(self, customer: str, company: str) -> str:
        body = {"customer": {"id": customer}, "legalEntity": {"id": company}, "type": "CONTACT"}
        id = self._made("POST", "/customer-management/{tenant}/contact-assignments", body)["id"]
        assert isinstance(id, str)
        return id

    def segment(self, id: str, **more: Any) -> str:
        body = {"name": {"en": f"Segment {id}"}, "siteCode": "main", "status": "ACTIVE", **more}
        self._made("PUT", f"{SEGMENTS}/{id}", body)
        return id

    def member(self, segment: str, customer: str, company: str | None = None) -> None:
        tail = customer if company is None else f"{customer}/{company}"
        self._made("PUT", f"{SEGMENTS}/{segment}/customers/{tail}", {})

    def expire(self, segment: str, customer: str, at: str, company: str = "") -> None:
        """Let a membership end at an instant, as a rule's will; no request can."""
        columns = member.c
        mine = (columns.customer_id == customer, columns.legal_entity_id == company)
        statement = update(member).where(
            columns.tenant == self.api.tenant, columns.segment_id == segment, *mine
        )

        async def write() -> int:
            async with self.api.server.runtime.database.writing() as session:
                return await session.run(statement.values(expires_at=at))

        assert self.api.run(write()) == 1

    def item(self, segment: str, id: str, type: str = "PRODUCT") -> None:
        self._made("PUT", f"{SEGMENTS}/{segment}/items/{type}/{id}", {})
