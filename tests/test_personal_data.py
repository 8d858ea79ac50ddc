"""Personal data: every table is classified, and a deleted customer's data is nowhere but where the list says so."""

from __future__ import annotations

import re
from datetime import timedelta
from hashlib import sha512
from pathlib import Path
from typing import Any

from sqlalchemy import select

from coterie.migrations import all_tables
from coterie.personal_data import HOLDINGS, NOTHING, held
from services.customer_management.companies import CONTACTS, ENTITIES
from support.api import Api
from support.federation import federated
from support.jobs import finish, upload
from support.shop import Shop
from support.storefront import PASSWORD, Storefront

PAGE = Path(__file__).resolve().parents[1] / "docs" / "explanation" / "personal-data.md"


def test_every_table_is_classified_once() -> None:
    assert not HOLDINGS.keys() & NOTHING
    unknown = all_tables().tables.keys() ^ (HOLDINGS.keys() | NOTHING)
    assert not unknown, f"put {unknown} into coterie/personal_data.py and docs/explanation/personal-data.md"


def test_the_page_says_what_the_list_says() -> None:
    told = {}
    for names, fate in re.findall(r"^\| (`.*?`) \|.*\| (\w+) \|$", PAGE.read_text(), re.MULTILINE):
        told |= dict.fromkeys(re.findall(r"`(\w+)`", names), fate)
    assert told == {name: holding.fate for name, holding in HOLDINGS.items()}


# No other text of a test has these: what is personal, and the number that stands for him.
MARK, NUMBER = "zzqx", "numberqqzz"
EMAIL = f"jane@{MARK}.example"
USER_NAME = f"user {MARK}"
CUSTOMER = f"/customer/{{tenant}}/customers/{NUMBER}"


def _made(api: Api, method: str, path: str, body: Any = None) -> Any:
    answer = api.request(method, path, body)
    assert answer.status < 300, (path, answer.json)
    return answer.json


def everything(api: Api) -> None:
    """A customer who is in every table that can hold something of one: he came from another system."""
    shop, front = Shop(api), Storefront(api)
    shop.site("main")
    ends = (api.server.runtime.clock.now() + timedelta(days=9)).date().isoformat()
    _made(api, "POST", "/customer/{tenant}/config/password-migration-retention", {"retentionEndDate": ends})
    hash = sha512(f"salt::{PASSWORD}::{USER_NAME}".encode()).hexdigest()
    legacy = {
        "algorithm": "hybris-sha512-uid-salt",
        "hash": hash,
        "context": {"originalUid": USER_NAME, "systemSalt": "salt"},
    }
    profile = {
        "id": NUMBER,
        "account": {"email": EMAIL, "legacyAuth": legacy},
        "firstName": f"Jane {MARK}",
        "lastName": f"Doe {MARK}",
        "contactPhone": f"1 {MARK}",
        "company": f"{MARK} & Sons",
    }
    (imported,) = _made(api, "POST", "/customer/{tenant}/customers/import", [profile])
    assert imported["code"] == 201, imported
    address = {"contactName": MARK, "street": f"Road {MARK}", "city": MARK, "country": "DE"}
    _made(api, "POST", f"{CUSTOMER}/addresses", address)
    shop.company("acme")
    contact = {"id": "boss", "customer": {"id": NUMBER}, "legalEntity": {"id": "acme"}, "type": "CONTACT"}
    _made(api, "POST", CONTACTS, contact)
    body = {"name": "Acme", "type": "COMPANY", "approvalGroup": [{"id": "boss"}]}
    _made(api, "PUT", f"{ENTITIES}/acme", body)
    group = {"name": {"en": "Group"}, "userType": "CUSTOMER"}
    _made(api, "PUT", "/iam/{tenant}/groups/g", group)
    _made(api, "PUT", f"/iam/{{tenant}}/groups/g/users/CUSTOMER/{NUMBER}")
    shop.segment("vip")
    _made(api, "POST", "/schema/{tenant}/custom-entities", {"id": "NOTE", "name": {"en": "Note"}})
    for owner in ({}, {"legalEntityId": "acme"}):
        note = {
            "name": {"en": "x" if owner else MARK},
            "owner": {"type": "CUSTOMER", "userId": NUMBER, **owner},
        }
        _made(api, "POST", "/schema/{tenant}/custom-entities/NOTE/instances", note)
    row = f'{{"customerId": "{NUMBER}", "note": "{MARK}"}}\n'.encode()
    assert upload(api, row, segmentId="vip", mode="replace").status == 202
    finish(api)
    coupon = {"code": "A", "name": "A", "discountType": "PERCENT", "discountPercentage": 10}
    _made(api, "POST", "/coupon/{tenant}/coupons", {**coupon, "restrictions": {"validFor": [NUMBER]}})
    # Not by his password, so that the hash of the other system stays.
    with federated(front) as federation:
        federation.provider.person |= {"sub": f"subject {MARK}", "email": EMAIL}
        federation.configure("socialLogin", default=federation.login_provider)
        customer = api.as_(federation.log_in().json["access_token"])
    amount = {"amount": 1, "currency": "EUR"}
    redemption = {"orderTotal": amount, "discount": amount}
    _made(customer, "POST", "/coupon/{tenant}/coupons/A/redemptions", redemption)
    attribute = {"key": "note", "value": MARK}
    _made(customer, "POST", "/session-context/{tenant}/me/context/attributes", attribute)
    change = {"email": EMAIL, "password": PASSWORD, "newEmail": f"new@{MARK}.example"}
    _made(customer, "POST", "/customer/{tenant}/me/accounts/internal/email/change", change)
    credentials = {"email": EMAIL, "password": "wrong-password"}
    assert front.visit().post("/customer/{tenant}/login", credentials).status == 401


def tables_with(api: Api, text: str) -> set[str]:
    """The tables with a text anywhere in any column of the tenant's rows."""

    async def find() -> set[str]:
        found = set()
        async with api.server.runtime.database.reading() as db:
            for table in all_tables().sorted_tables:
                mine = select(table)
                if "tenant" in table.c:
                    mine = mine.where(table.c.tenant == api.tenant)
                if any(text in str(tuple(row)) for row in await db.all(mine)):
                    found.add(table.name)
        return found

    return api.run(find())


def export(api: Api) -> dict[str, list[dict[str, Any]]]:
    async def read() -> dict[str, list[dict[str, Any]]]:
        async with api.server.runtime.database.reading() as db:
            return await held(db, api.tenant, NUMBER)

    return api.run(read())


def test_a_deleted_customer_is_only_where_the_list_says(api: Api) -> None:
    everything(api)
    marked = {"customer", "customer_email", "customer_identity", "customer_address", "customer_link"}
    assert marked <= tables_with(api, MARK)
    assert tables_with(api, USER_NAME) == {"customer_email"}
    kept = {name for name, holding in HOLDINGS.items() if holding.fate == "kept"}
    assert tables_with(api, NUMBER) <= HOLDINGS.keys()
    # Whoever isn't in the list's tables beforehand proves nothing by not being there afterwards.
    shown = export(api)
    assert {name for name in shown if not shown[name]} == {"customer_deleted", "webhook_aside"}
    assert _made(api, "DELETE", CUSTOMER) is None
    assert tables_with(api, MARK) <= {"outbox", "job_chunk"}
    assert tables_with(api, NUMBER) <= kept
    assert {name for name, rows in export(api).items() if rows} <= kept


def test_what_is_exported_is_all_there_is_and_no_secret(api: Api) -> None:
    everything(api)
    shown = export(api)
    assert shown["customer"][0]["first_name"] == f"Jane {MARK}"
    assert shown["customer_address"][0]["doc"]["street"] == f"Road {MARK}"
    assert {row["email"] for row in shown["customer_email"]} == {EMAIL}
    assert f"new@{MARK}.example" in str(shown["customer_link"])
    assert [row["user_id"] for row in shown["iam_assignment"]] == [NUMBER]
    assert "customer.created" in {row["type"] for row in shown["outbox"]}
    for name, holding in HOLDINGS.items():
        for row in shown.get(name, ()):
            assert not row.keys() & set(holding.secret)
    assert shown["customer_identity"][0]["subject"] == f"subject {MARK}"
    assert not [secret for secret in ("$argon2", USER_NAME) if secret in str(shown)]


def test_a_row_that_tells_of_others_too_is_exported_without_them(api: Api) -> None:
    shop = Shop(api)
    shop.site()
    shop.setting("references", "open")
    shop.segment("gold")
    people = [{"customerId": NUMBER}, {"customerId": "somebody-else"}]
    assert api.put("/customer-segment/{tenant}/segments/gold/customers/bulk", people).status == 207
    (row,) = [row for row in export(api)["outbox"] if row["events"] > 1]
    assert [each["customer"]["id"] for each in row["payload"]] == [NUMBER]
