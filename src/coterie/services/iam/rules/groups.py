"""What a group may say, and who may be in it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from coterie.kit.errors import Invalid, Problem
from coterie.services.iam.rules.catalogue import ACCESS_CONTROLS, CUSTOMER, EMPLOYEE, TEMPLATES

Document = dict[str, Any]
_RESTRICTION = re.compile(r"[A-Za-z0-9_.-]{1,66}")


def user_type(value: str, field: str = "userType") -> str:
    """CUSTOMER or EMPLOYEE, in whatever case a client writes it (CONTRACT §3.13). Raises Invalid."""
    if value.upper() not in (CUSTOMER, EMPLOYEE):
        problem = Problem.violation(field, f"use {CUSTOMER} or {EMPLOYEE}")
        raise Invalid(f"'{value[:80]}' is not supported", problems=(problem,))
    return value.upper()


def stored(body: Document) -> Document:
    """A group of a request in the shape that is stored: the company by its id, the user type in capitals."""
    document = {name: value for name, value in body.items() if name != "b2b"}
    entity = body.get("b2b", {}).get("legalEntityId")
    if entity is not None:
        document["legalEntityId"] = entity
    if "userType" in document:
        document["userType"] = user_type(document["userType"])
    return document


def shown(view: Document) -> Document:
    """A group as clients see it."""
    entity = view.pop("legalEntityId", None)
    return view if entity is None else {**view, "b2b": {"legalEntityId": entity}}


def kept(document: Document, before: Document | None) -> Document:
    """A replacement of a group with what can't be changed; a user type left out stays as well.

    That is its vendor, and of a predefined group the company: it would apply to its users everywhere else.
    """
    names = ["vendorId", "code", *([] if "userType" in document else ["userType"])]
    if before and "code" in before:
        names.append("legalEntityId")
    return {**document, **{name: before[name] for name in names if before and name in before}}


def problems(
    document: Document, custom: Mapping[str, Document], restrictions: Collection[str] | None
) -> list[Problem]:
    """What is wrong with a group.

    custom: the tenant's own access controls by id, of those it names. restrictions: those that there are, None: any.
    """
    kind, found = document["userType"], []
    if not any(text.strip() for text in document["name"].values()):
        found.append(Problem.violation("name", "is empty; name the group in one language at least"))
    for name in ("vendorId", "legalEntityId"):
        if name in document and kind != (EMPLOYEE if name == "vendorId" else CUSTOMER):
            place = "b2b.legalEntityId" if name == "legalEntityId" else name
            found.append(
                Problem.violation(place, f"can't be set for a group of {kind.lower()}s; leave it out")
            )
    for at, id in enumerate(document.get("accessControls", ())):
        control = ACCESS_CONTROLS.get(id) or custom.get(id)
        if control is None:
            found.append(_unknown(f"accessControls[{at}]", "access control", id))
        elif control.get("restrictedTo", kind) != kind:
            text = f"{id} is only for groups of {control['restrictedTo'].lower()}s; leave it out"
            found.append(Problem.violation(f"accessControls[{at}]", text))
    for at, id in enumerate(document.get("templates", ())):
        if id not in TEMPLATES:
            found.append(_unknown(f"templates[{at}]", "template", id))
            continue
        only = {ACCESS_CONTROLS[each]["restrictedTo"] for each in TEMPLATES[id]["accessControls"]}
        if only != {kind}:
            text = f"{id} is not for groups of {kind.lower()}s; leave it out"
            found.append(Problem.violation(f"templates[{at}]", text))
    for at, value in enumerate(document.get("restrictions", ())):
        if not _RESTRICTION.fullmatch(value):
            text = f"{value[:80]!r} is no restriction; use letters, digits, - and _"
            found.append(Problem.violation(f"restrictions[{at}]", text))
        elif restrictions is not None and value not in restrictions:
            text = f"{value} is not among those of the configuration restrictions; add it there"
            found.append(Problem.violation(f"restrictions[{at}]", text))
    return found


def _unknown(field: str, what: str, id: str) -> Problem:
    return Problem.violation(
        field, f"there is no {what} {id[:80]!r}; list them with GET /{what.replace(' ', '-')}s"
    )


def misfit(group: Mapping[Any, Any], kind: str, others: Collection[Mapping[Any, Any]]) -> Problem | None:
    """Why a user of this type, who is in `others`, can't be in the group too; groups by their columns.

    A group is of one type of users. The groups of an employee share one vendor, and of the predefined groups of a
    company a customer is in one only (CONTRACT §3.13).
    """
    if group["user_type"] != kind:
        text = f"{group['id']} is a group of {group['user_type'].lower()}s"
        return Problem.violation("userType", text)
    foreign = [each["id"] for each in others if each["vendor_id"] != group["vendor_id"]]
    if foreign:
        text = f"the groups of an employee share one vendor, and he is in {foreign[0]} of another; remove him there"
        return Problem.violation("groupId", text)
    same = [
        each["id"]
        for each in others
        if each["code"] and group["code"] and each["legal_entity_id"] == group["legal_entity_id"]
    ]
    if same:
        text = f"a customer is in one predefined group of a company, and this one is in {same[0]}; remove him there"
        return Problem.violation("groupId", text)
    return None
