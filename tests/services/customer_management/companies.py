"""Paths and bodies of client management for its tests."""

from __future__ import annotations

from typing import Any

from support.api import Api

ENTITIES = "/customer-management/{tenant}/legal-entities"
CONTACTS = "/customer-management/{tenant}/contact-assignments"
LOCATIONS = "/customer-management/{tenant}/locations"


def entity(api: Api, id: str, parent: str | None = None, **more: Any) -> str:
    """Create a company, or a subsidiary below `parent`."""
    place = {"type": "COMPANY"} if parent is None else {"type": "SUBSIDIARY", "parentId": parent}
    response = api.post(ENTITIES, {"id": id, "name": f"{id} Ltd", **place, **more})
    assert response.status == 201, response.json
    return id


def customer(api: Api, email: str = "ada@example.com", **more: Any) -> str:
    """Create a customer and return its id."""
    body = {"contactEmail": email, "firstName": "Ada", "lastName": "Byron", **more}
    response = api.post("/customer/{tenant}/customers", body)
    assert response.status == 201, response.json
    id = response.json["id"]
    assert isinstance(id, str)
    return id


def contact_body(customer_id: str, entity_id: str, **more: Any) -> dict[str, Any]:
    """The body of a contact assignment."""
    return {"customer": {"id": customer_id}, "legalEntity": {"id": entity_id}, "type": "CONTACT", **more}


def contact(api: Api, customer_id: str, entity_id: str, **more: Any) -> str:
    """Assign a customer to a legal entity and return the assignment's id."""
    response = api.post(CONTACTS, contact_body(customer_id, entity_id, **more))
    assert response.status == 201, response.json
    id = response.json["id"]
    assert isinstance(id, str)
    return id


def location(api: Api, id: str, **more: Any) -> str:
    """Create a location."""
    body = {"id": id, "type": "OFFICE", "contactDetails": {"city": "Ulm"}, **more}
    response = api.post(LOCATIONS, body)
    assert response.status == 201, response.json
    return id


def update(api: Api, id: str, **fields: Any) -> None:
    """Replace a company, given its name."""
    response = api.put(f"{ENTITIES}/{id}", {"name": f"{id} Ltd", "type": "COMPANY", **fields})
    assert response.status == 204, response.json


def ids(api: Api, query: str = "", path: str = ENTITIES) -> list[str]:
    """The ids of a list's answer."""
    response = api.get(f"{path}?{query}")
    assert response.status == 200, response.json
    return [view["id"] for view in response.json]
