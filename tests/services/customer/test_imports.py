"""Customers move here with the passwords they have; those of another system count for a while."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import date, timedelta
from hashlib import pbkdf2_hmac, scrypt
from typing import Any

import bcrypt
import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from coterie.services.customer.operations import imports
from coterie.services.customer.tables import email
from support.api import Api
from support.mailbox import Mailbox
from support.storefront import PASSWORD, Storefront

IMPORT = "/customer/{tenant}/customers/import"
RETENTION = "/customer/{tenant}/config/password-migration-retention"
LOGIN = "/customer/{tenant}/login"
JANE = "jane@example.com"
BCRYPT = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
ARGON2 = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, hash_len=24).hash(PASSWORD)


def legacy(hash: str = BCRYPT, algorithm: str = "bcrypt", **context: str) -> dict[str, Any]:
    return {"legacyAuth": {"algorithm": algorithm, "hash": hash, "context": context}}


def customer(address: str = JANE, account: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"account": {"email": address, **(account or {"passwordHash": ARGON2})}, **more}


def today(api: Api) -> date:
    return api.server.runtime.clock.now().date()


def keep(api: Api, days: int = 30, **more: Any) -> Any:
    body = {"retentionEndDate": (today(api) + timedelta(days=days)).isoformat(), **more}
    answer = api.post(RETENTION, body)
    assert answer.status == 200, answer.json
    return answer.json


def stored(api: Api, address: str = JANE) -> Any:
    async def read() -> Any:
        mine = (email.c.tenant == api.tenant, email.c.folded == address)
        async with api.server.runtime.database.reading() as db:
            return await db.first(select(email).where(*mine))

    return api.run(read())


def chore(api: Api, which: Callable[..., Any], limit: int = 1000) -> int:
    """Do a chore of the service until there is nothing left of it, for all tenants; how often it did some."""

    async def done() -> int:
        runtime, times = api.server.runtime, 0
        while True:
            async with runtime.database.writing() as db:
                number = await which(runtime, db, runtime.clock.now(), limit)
            assert number <= limit
            if not number:
                return times
            times += 1

    return int(api.run(done()))


def after(monkeypatch: pytest.MonkeyPatch, api: Api, days: int) -> None:
    clock = api.server.runtime.clock
    moved = clock.now() + timedelta(days=days)
    monkeypatch.setattr(clock, "now", lambda: moved)


def plain(data: bytes) -> str:
    return b64encode(data).decode().rstrip("=")


FOREIGN = {
    "bcrypt": BCRYPT,
    "pbkdf2": "$pbkdf2-sha256$10$c2FsdA$" + plain(pbkdf2_hmac("sha256", PASSWORD.encode(), b"salt", 10)),
    "scrypt": "$scrypt$ln=4,r=8,p=1$c2FsdA$"
    + plain(scrypt(PASSWORD.encode(), salt=b"salt", n=16, r=8, p=1, dklen=32)),
    "argon2": ARGON2,
}


@pytest.mark.parametrize("algorithm", FOREIGN)
def test_a_foreign_hash_is_verified_once_and_replaced(shop: Storefront, algorithm: str) -> None:
    keep(shop.api)
    body = [customer(account=legacy(FOREIGN[algorithm], algorithm), firstName="Jane")]
    answer = shop.api.post(IMPORT, body)
    assert answer.status == 207
    (entry,) = answer.json
    assert (entry["index"], entry["code"], entry["status"]) == (0, 201, "Created")
    for wrong in ("wrong-password", PASSWORD + "x"):
        assert shop.visit().post(LOGIN, {"email": JANE, "password": wrong}).status == 401
    assert (stored(shop.api).password_hash, stored(shop.api).legacy_hash) == (None, FOREIGN[algorithm])
    me = shop.customer().get("/customer/{tenant}/me").json
    assert (me["id"], me["firstName"], me["contactEmail"]) == (entry["id"], "Jane", JANE)
    row = stored(shop.api)
    assert row.legacy_hash is None
    assert row.password_hash.startswith("$argon2id$")
    assert shop.log_in()["initialPassword"] is False
    assert [event["id"] for event in shop.api.events("customer.created")] == [entry["id"]]
    assert FOREIGN[algorithm] not in str(shop.api.events())


def test_an_argon2_hash_needs_no_migration_but_is_brought_up_to_date(shop: Storefront) -> None:
    assert shop.api.post(IMPORT, [customer()]).json[0]["code"] == 201
    assert shop.log_in()
    assert stored(shop.api).password_hash != ARGON2
    assert shop.log_in()


def test_nobody_is_sent_anything(shop: Storefront) -> None:
    shop.api.post(IMPORT, [customer()])
    assert Mailbox(shop.api).take() == []


def test_each_item_is_judged_for_itself(shop: Storefront) -> None:
    shop.sign_up("taken@example.com")
    keep(shop.api)
    body = [
        customer("a@example.com", id="C1"),
        customer("b@example.com", {"passwordHash": ARGON2, **legacy()}),
        {"account": {"email": "c@example.com"}},
        customer("taken@example.com"),
        customer("A@example.com"),
        customer("d@example.com", id="C1"),
        customer("e@example.com", {"passwordHash": BCRYPT}),
        customer("f@example.com", legacy("rot13", "rot13")),
        customer("g@example.com", legacy("no hash")),
        customer("h@example.com", contactEmail="i@example.com"),
        customer("no address"),
        customer("j@example.com", preferredCurrency="EURO"),
        "no object",
        customer("k@example.com", legacy()),
        customer("l@example.com", {"passwordHash": ARGON2}, id="no id"),
    ]
    answer = shop.api.post(IMPORT, body).json
    assert [entry["index"] for entry in answer] == list(range(len(body)))
    codes = [201, 400, 400, 409, 409, 409, 400, 400, 400, 400, 400, 400, 400, 201, 400]
    assert [entry["code"] for entry in answer] == codes
    assert answer[2]["message"].startswith("Exactly one of 'passwordHash' or 'legacyAuth' must be provided")
    fields = {entry["index"]: entry["details"][0]["field"] for entry in answer if entry.get("details")}
    assert fields == {
        1: "account",
        2: "account",
        6: "account.passwordHash",
        7: "account.legacyAuth.algorithm",
        8: "account.legacyAuth.hash",
        9: "contactEmail",
        10: "account.email",
        11: "preferredCurrency",
        12: "",
        14: "id",
    }
    count = shop.api.get("/customer/{tenant}/customers").headers["count"]
    assert count == "3"
    # What was refused has taken no address.
    again = [customer(f"{letter}@example.com") for letter in "bcdefghijl"]
    assert {entry["code"] for entry in shop.api.post(IMPORT, again).json} == {201}


def test_an_item_that_names_a_missing_schema_gives_its_address_back(shop: Storefront) -> None:
    shop.api.post(
        "/configuration/{tenant}/configurations", [{"key": "mixins.unreachable", "value": "reject"}]
    )
    mixins = {"mixins": {"x": {}}, "metadata": {"mixins": {"x": "http://127.0.0.1:1/x.json"}}}
    assert shop.api.post(IMPORT, [customer(**mixins)]).json[0]["code"] == 400
    assert stored(shop.api) is None
    assert shop.api.post(IMPORT, [customer()]).json[0]["code"] == 201


def test_numbers_that_are_ids_already_are_passed_over(api: Api) -> None:
    api.post("/customer/{tenant}/customers", {"id": "10000001"})
    body = [customer(f"{n}@example.com") for n in range(3)]
    assert [entry["id"] for entry in api.post(IMPORT, body).json] == ["10000000", "10000002", "10000003"]


def test_an_import_is_written_as_a_set(api: Api) -> None:
    keep(api)
    body = [customer(f"{n}@example.com", legacy()) for n in range(200)]
    with api.statements(9):
        assert {entry["code"] for entry in api.post(IMPORT, body).json} == {201}
    with api.unchanged():
        assert api.post(IMPORT, [*body, customer()]).status == 400
        assert api.post(IMPORT, {}).status == 400


# How long passwords of another system count


def test_the_time_is_set_read_and_forgotten(api: Api) -> None:
    assert api.get(RETENTION).status == 404
    end = (today(api) + timedelta(days=30)).isoformat()
    week_before = (today(api) + timedelta(days=23)).isoformat()
    expected = {
        "retentionEndDate": end,
        "emailReminderDate": week_before,
        "emailNotificationsEnabled": True,
    }
    assert keep(api) == expected
    assert api.get(RETENTION).json == expected
    tomorrow = (today(api) + timedelta(days=1)).isoformat()
    assert keep(api, 5, emailNotificationsEnabled=False)["emailReminderDate"] == tomorrow
    assert api.get(RETENTION).json["emailNotificationsEnabled"] is False
    assert api.delete(RETENTION).status == 204
    assert api.get(RETENTION).status == 404
    assert api.delete(RETENTION).status == 204


@pytest.mark.parametrize(
    ("end", "reminder", "field"),
    [
        (0, None, "retentionEndDate"),
        (-1, None, "retentionEndDate"),
        (10, 10, "emailReminderDate"),
        (10, -1, "emailReminderDate"),
        ("soon", None, "retentionEndDate"),
        (10, "soon", "emailReminderDate"),
    ],
)
def test_a_bad_time_is_refused(api: Api, end: Any, reminder: Any, field: str) -> None:
    def day(value: Any) -> str:
        return (today(api) + timedelta(days=value)).isoformat() if isinstance(value, int) else value

    body = {"retentionEndDate": day(end)} | ({} if reminder is None else {"emailReminderDate": day(reminder)})
    with api.unchanged():
        refused = api.post(RETENTION, body)
    assert refused.status == 400
    assert [each["field"] for each in refused.json["details"]] == [field]


def test_foreign_hashes_are_taken_only_while_they_count(api: Api) -> None:
    entry = api.post(IMPORT, [customer(account=legacy())]).json[0]
    assert (entry["code"], entry["details"][0]["field"]) == (400, "account.legacyAuth")
    keep(api)
    assert api.post(IMPORT, [customer(account=legacy())]).json[0]["code"] == 201
    with api.unchanged():
        assert api.delete(RETENTION).status == 400


def test_at_the_end_foreign_hashes_go_and_their_customers_are_sent_a_link(
    shop: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(shop.api, 30)
    addresses = [f"{n}@example.com" for n in range(3)]
    shop.api.post(IMPORT, [customer(each, legacy(), preferredLanguage="de_DE") for each in addresses])
    shop.log_in(addresses[0])
    mails = Mailbox(shop.api)
    after(monkeypatch, shop.api, 29)
    chore(shop.api, imports.end_migrations)
    assert all(stored(shop.api, each).legacy_hash for each in addresses[1:])
    after(monkeypatch, shop.api, 1)
    assert chore(shop.api, imports.end_migrations, limit=1) >= 2
    assert shop.visit().post(LOGIN, {"email": addresses[1], "password": PASSWORD}).status == 401
    taken = mails.take()
    assert sorted(mail.to for mail in taken) == addresses[1:]
    assert {mail.subject for mail in taken} == {"Neues Passwort setzen"}
    body = {"token": taken[0].token, "password": "another-password"}
    assert shop.visit().post("/customer/{tenant}/password/reset/update", body).status == 204
    assert shop.log_in(taken[0].to, "another-password")
    # Who had signed in keeps his password, and the time can be forgotten.
    assert shop.log_in(addresses[0])
    assert shop.api.with_scopes("customer.import_manage").delete(RETENTION).status == 204


def test_customers_are_reminded_once(shop: Storefront, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.api.post(
        "/configuration/{tenant}/configurations", [{"key": "storefront.host", "value": "shop.example.com"}]
    )
    end = keep(shop.api, 30)["retentionEndDate"]
    shop.api.post(IMPORT, [customer("a@example.com", legacy()), customer("b@example.com", legacy())])
    shop.log_in("a@example.com")
    mails = Mailbox(shop.api)
    chore(shop.api, imports.remind)
    assert mails.take() == []
    after(monkeypatch, shop.api, 23)
    assert chore(shop.api, imports.remind) >= 1
    mail = mails.one()
    assert (mail.to, mail.subject) == ("b@example.com", "Please sign in once")
    assert end in mail.text
    assert "https://shop.example.com" in mail.text
    chore(shop.api, imports.remind)
    assert mails.take() == []


def test_nobody_is_told_where_the_tenant_does_not_want_it(
    shop: Storefront, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(shop.api, 30, emailNotificationsEnabled=False)
    shop.api.post(IMPORT, [customer(account=legacy())])
    after(monkeypatch, shop.api, 31)
    chore(shop.api, imports.remind)
    chore(shop.api, imports.end_migrations)
    assert stored(shop.api).legacy_hash is None
    assert Mailbox(shop.api).take() == []
