"""Customers as the tenant, and colleagues, manage them."""

import asyncio
from typing import Any

import pytest

from coterie.kit.call import Call
from coterie.services.customer import facade
from support.api import Api, Response, new_tenant
from support.storefront import PASSWORD, Storefront

CUSTOMERS = "/customer/{tenant}/customers"
SEARCH = CUSTOMERS + "/search"
JANE = {
    "title": "MS",
    "firstName": "Jane",
    "lastName": "Doe",
    "contactEmail": "jane@example.com",
    "contactPhone": "123",
    "company": "Acme",
    "preferredLanguage": "de_DE",
    "preferredCurrency": "EUR",
    "preferredSite": "berlin",
    "b2b": {"companyRegistrationId": "123-456"},
}


def at(number: str) -> str:
    return f"{CUSTOMERS}/{number}"


def create(api: Api, **profile: Any) -> str:
    response = api.post(CUSTOMERS, profile)
    assert response.status == 201, response.body
    return str(response.json["id"])


def ids(response: Response) -> list[str]:
    assert response.status == 200, response.body
    return [each["id"] for each in response.json]


def fields(response: Response) -> list[str]:
    assert response.status == 400, response.body
    return [each["field"] for each in response.json["details"]]


# Creating


def test_a_customer_is_created_with_a_number(api: Api) -> None:
    number = create(api, **JANE)
    assert number == "10000000"
    found = api.get(at(number)).json
    assert {name: found[name] for name in JANE} == JANE
    assert (found["id"], found["customerNumber"]) == (number, number)
    assert (found["active"], found["onHold"], found["businessModel"]) == (True, False, "B2C")
    assert found["metadata"]["version"] == 1
    assert found["metadataCreatedAt"] == found["metadata"]["createdAt"]
    (event,) = api.events("customer.created")
    assert (event["customerNumber"], event["lastName"]) == (number, "Doe")


def test_an_empty_profile_gets_the_documented_defaults(api: Api) -> None:
    found = api.get(at(create(api))).json
    preferred = (found["preferredLanguage"], found["preferredCurrency"], found["preferredSite"])
    assert preferred == ("en_US", "USD", "main")
    assert "contactEmail" not in found


def test_a_customer_may_be_given_an_id(api: Api) -> None:
    assert create(api, id="C_0033") == "C_0033"
    with api.unchanged():
        assert api.post(CUSTOMERS, {"id": "C_0033"}).status == 409


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        ({"id": "a/b"}, ["id"]),
        ({"id": "x" * 67}, ["id"]),
        ({"contactEmail": "jane"}, ["contactEmail"]),
        ({"preferredCurrency": "EU"}, ["preferredCurrency"]),
        ({"firstName": ["Jane"]}, ["firstName"]),
        ({"password": "short", "contactEmail": "jane@example.com"}, ["password"]),
        ({"password": PASSWORD}, ["contactEmail"]),
    ],
)
def test_a_bad_customer_names_its_fields_and_changes_nothing(
    api: Api, body: dict[str, Any], wrong: list[str]
) -> None:
    with api.unchanged():
        assert fields(api.post(CUSTOMERS, body)) == wrong


def test_an_address_belongs_to_one_customer(api: Api) -> None:
    create(api, contactEmail="jane@example.com")
    other = create(api, contactEmail="joe@example.com")
    taken = {"contactEmail": "JANE@example.com"}
    with api.unchanged():
        answers = [
            api.post(CUSTOMERS, taken),
            api.put(at("new"), taken),
            api.put(at(other), taken),
            api.patch(at(other), taken),
        ]
        assert {answer.status for answer in answers} == {409}
        message = f"Duplicate account 'JANE@example.com' for tenant '{api.tenant}'."
        assert {answer.json["message"] for answer in answers} == {message}
    assert api.get(at(other)).json["contactEmail"] == "joe@example.com"


def test_of_many_sign_ups_at_once_each_gets_a_number_and_each_address_one_customer(
    shop: Storefront,
) -> None:
    visitor = shop.visit()

    async def all_at_once() -> list[Response]:
        bodies = [{"email": f"c{number // 2}@example.com", "password": PASSWORD} for number in range(12)]
        steps = (visitor.send("POST", "/customer/{tenant}/signup", body) for body in bodies)
        return list(await asyncio.gather(*steps))

    answers = shop.api.run(all_at_once())
    assert sorted(answer.status for answer in answers) == [201] * 6 + [409] * 6
    numbers = {answer.json["id"] for answer in answers if answer.status == 201}
    assert len(numbers) == 6
    assert set(ids(shop.api.get(CUSTOMERS))) == numbers
    assert len(shop.api.events("customer.created")) == 6


# Reading


def test_a_missing_customer_is_not_found(api: Api) -> None:
    for response in (
        api.get(at("nobody")),
        api.patch(at("nobody"), {"firstName": "J"}),
        api.delete(at("nobody")),
    ):
        assert response.status == 404
        assert response.json["message"] == "Customer not Found"
        assert "'nobody'" in response.json["details"][0]["message"]


def test_the_list_is_paged_sorted_and_counted(api: Api) -> None:
    for name in ("Carl", "Anna", "Berta"):
        create(api, id=name, firstName=name)
    response = api.get(f"{CUSTOMERS}?sort=firstName:desc&pageSize=2")
    assert ids(response) == ["Carl", "Berta"]
    assert response.headers["count"] == "3"
    assert ids(api.get(f"{CUSTOMERS}?sort=firstName:desc&pageSize=2&pageNumber=2")) == ["Anna"]
    assert ids(api.get(f"{CUSTOMERS}?pageNumber=9")) == []


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("firstName:Jane", ["jane"]),
        ("contactEmail:joe@example.com", ["joe"]),
        ("customerNumber:joe", ["joe"]),
        ("id:(jane,joe)", ["jane", "joe"]),
        ("active:false", ["joe"]),
        ("company:Acme", ["jane"]),
        ("b2b.companyRegistrationId:123-456", ["jane"]),
        ("b2b.legalEntities.id:acme", ["joe"]),
        ("lastName:~do", ["jane"]),
        ("contactPhone:missing", ["joe"]),
        ("metadataCreatedAt:>2020-01-01", ["jane", "joe"]),
        ("lastLogin:exists", []),
    ],
)
def test_customers_are_searched_by_q(shop: Storefront, q: str, found: list[str]) -> None:
    create(shop.api, id="jane", **JANE)
    create(shop.api, id="joe", contactEmail="joe@example.com")
    shop.api.patch(at("joe"), {"active": False})
    shop.assign("joe", "acme")
    response = shop.api.post(SEARCH, {"q": q})
    assert ids(response) == found
    assert response.headers["count"] == str(len(found))


def test_accounts_addresses_and_mixins_are_shown_when_asked_for(shop: Storefront) -> None:
    body = {
        "email": "jane@example.com",
        "password": PASSWORD,
        "customerAddress": {"contactName": "Jane", "country": "DE"},
    }
    number = shop.visit().post("/customer/{tenant}/signup", body).json["id"]
    plain = shop.api.get(at(number)).json
    assert not plain.keys() & {"accounts", "addresses", "mixins", "defaultAddress"}
    for found in (
        shop.api.get(at(number) + "?expand=addresses,accounts").json,
        shop.api.get(CUSTOMERS + "?expand=accounts,addresses").json[0],
    ):
        assert found["accounts"] == [{"id": "jane@example.com"}]
        assert [each["contactName"] for each in found["addresses"]] == ["Jane"]
        assert found["defaultAddress"]["country"] == "DE"


def test_a_full_page_stays_inside_the_budget(shop: Storefront) -> None:
    for number in range(30):
        create(shop.api, id=f"c{number}", contactEmail=f"c{number}@example.com")
        shop.assign(f"c{number}", "acme")
    with shop.api.statements(6):
        assert len(shop.api.get(CUSTOMERS + "?expand=accounts,addresses").json) == 30


# Changing


def test_put_creates_then_replaces(api: Api) -> None:
    created = api.put(at("c1"), JANE)
    assert (created.status, created.json) == (201, {"id": "c1"})
    assert api.put(at("c1"), {"firstName": "Joan", "contactEmail": "jane@example.com"}).status == 204
    found = api.get(at("c1")).json
    assert found["firstName"] == "Joan"
    assert not found.keys() & {"lastName", "title", "company", "b2b"}
    assert found["metadata"]["version"] == 2
    assert [event["firstName"] for event in api.events("customer.updated")] == ["Joan"]


def test_put_keeps_a_block_it_does_not_mention(api: Api) -> None:
    api.put(at("c1"), {"active": False, "onHold": True})
    api.put(at("c1"), {"firstName": "Joan"})
    found = api.get(at("c1")).json
    assert (found["active"], found["onHold"]) == (False, True)


def test_patch_changes_what_it_names(api: Api) -> None:
    number = create(api, **JANE)
    response = api.patch(
        at(number), {"lastName": "Roe", "company": None, "b2b": {"companyRegistrationId": "9"}}
    )
    assert (response.status, response.body) == (200, b"")
    found = api.get(at(number)).json
    assert (found["firstName"], found["lastName"], found["b2b"]) == (
        "Jane",
        "Roe",
        {"companyRegistrationId": "9"},
    )
    assert "company" not in found
    assert api.patch(at(number), [{"op": "replace", "path": "/lastName", "value": "Poe"}]).status == 200
    assert api.get(at(number)).json["lastName"] == "Poe"


@pytest.mark.parametrize("body", [{"contactEmail": None}, [{"op": "remove", "path": "/contactEmail"}]])
def test_a_contact_address_can_not_be_removed(api: Api, body: Any) -> None:
    number = create(api, **JANE)
    with api.unchanged():
        assert fields(api.patch(at(number), body)) == ["contactEmail"]
        assert fields(api.put(at(number), {"firstName": "Jane"})) == ["contactEmail"]


def test_a_changed_contact_address_is_free_again_unless_it_logs_in(shop: Storefront) -> None:
    number = shop.sign_up("login@example.com")
    for address in ("first@example.com", "second@example.com"):
        assert shop.api.patch(at(number), {"contactEmail": address}).status == 200
    assert create(shop.api, contactEmail="first@example.com")
    assert shop.api.post(CUSTOMERS, {"contactEmail": "login@example.com"}).status == 409
    me = shop.customer("login@example.com").get("/customer/{tenant}/me").json
    assert (me["contactEmail"], me["accounts"]) == ("second@example.com", [{"id": "login@example.com"}])


def test_a_stale_version_is_refused(api: Api) -> None:
    number = create(api, **JANE)
    api.patch(at(number), {"lastName": "Roe", "metadata": {"version": 1}})
    stale = {"lastName": "Poe", "metadata": {"version": 1}}
    with api.unchanged():
        assert api.patch(at(number), stale).status == 409
        assert api.put(at(number), {**JANE, **stale}).status == 409
    assert api.put(at(number), {**JANE, "metadata": {"version": 2}}).status == 204


def test_a_change_of_nothing_tells_nobody(api: Api) -> None:
    number = create(api, **JANE)
    api.patch(at(number), {"lastName": "Doe"})
    assert api.events("customer.updated") == []


def test_a_deleted_customer_leaves_nothing_but_the_event(shop: Storefront) -> None:
    before = shop.api.snapshot()
    body = {"email": "jane@example.com", "password": PASSWORD, "customerAddress": {"contactName": "Jane"}}
    visitor = shop.visit()
    number = visitor.post("/customer/{tenant}/signup", body).json["id"]
    shop.assign(number, "acme")
    assert shop.api.delete(at(number)).status == 202
    after = shop.api.snapshot()
    kept = {"outbox", "login", "refresh_token", "session_context", "customer_number", "customer_deleted"}
    assert {name for name in after if after[name] != before[name]} <= kept
    assert shop.api.get(at(number)).status == 404
    (event,) = shop.api.events("customer.deleted")
    assert event == {
        "type": "customer.deleted",
        "id": number,
        "customerNumber": number,
        "tenant": shop.api.tenant,
    }


# Whose customers


def test_reading_does_not_allow_managing(api: Api) -> None:
    number = create(api, **JANE)
    reader = api.with_scopes("customer.customer_read")
    assert reader.get(at(number)).status == 200
    with api.unchanged():
        for response in (
            reader.post(CUSTOMERS, {}),
            reader.put(at(number), {}),
            reader.patch(at(number), {}),
            reader.delete(at(number)),
        ):
            assert response.status == 403
            assert response.json["type"] == "insufficient_permissions"


def test_a_customer_sees_himself_and_his_companies(shop: Storefront) -> None:
    for name in ("jane", "joe", "jim", "eve"):
        create(shop.api, id=name)
    for name, entity in (("jane", "acme"), ("jane", "umbrella"), ("joe", "acme"), ("jim", "umbrella")):
        shop.assign(name, entity)
    shop.assign("eve", "evil")
    jane = shop.api.as_customer("jane")
    assert ids(jane.get(CUSTOMERS)) == ["jane", "jim", "joe"]
    assert ids(jane.post(SEARCH, {"q": "id:(joe,eve)"})) == ["joe"]
    assert ids(shop.api.as_customer("jane", "acme").get(CUSTOMERS)) == ["jane", "joe"]
    assert jane.get(at("joe")).status == 200
    assert jane.get(at("eve")).status == 404
    shop.assign("jane", "acme", gone=True)
    # A token for a company that is hers no longer is one for herself.
    assert ids(shop.api.as_customer("jane", "acme").get(CUSTOMERS)) == ["jane", "jim"]


def test_a_customer_manages_himself_and_his_companies(shop: Storefront) -> None:
    for name in ("jane", "joe", "eve"):
        create(shop.api, id=name)
    shop.assign("jane", "acme")
    shop.assign("joe", "acme")
    jane, eve = shop.api.as_customer("jane"), shop.api.as_customer("eve")
    assert jane.patch(at("joe"), {"firstName": "Joe"}).status == 200
    assert jane.put(at("jane"), {"firstName": "Jane"}).status == 204
    with shop.api.unchanged():
        assert jane.patch(at("eve"), {"firstName": "Eve"}).status == 404
        assert jane.put(at("eve"), {"firstName": "Eve"}).status == 404
        assert jane.delete(at("eve")).status == 404
        # Who has no company has no colleagues to create.
        assert eve.post(CUSTOMERS, {}).status == 403
        assert eve.put(at("new"), {}).status == 403
    assert jane.post(CUSTOMERS, {}).status == 201
    assert jane.put(at("new"), {}).status == 201
    assert jane.delete(at("joe")).status == 202


def test_another_tenant_has_its_own_customers(api: Api) -> None:
    create(api, id="c1", **JANE)
    other = new_tenant(api.server)
    assert ids(other.get(CUSTOMERS)) == []
    assert other.get(at("c1")).status == 404
    assert create(other, id="c1", **JANE) == "c1"
    assert other.delete(at("c1")).status == 202
    assert api.get(at("c1")).status == 200


# What other services ask


def ask(api: Api, question: Any) -> Any:
    """The answer of a facade's function to a call inside a transaction."""

    async def inside() -> Any:
        runtime = api.server.runtime
        tenant = await runtime.tenants.get(api.tenant)
        caller = await runtime.tokens.caller(f"Bearer {api.token}")
        service = next(each for each in runtime.services if each.name == "customer")
        assert tenant is not None
        now = runtime.clock.now()
        call = Call(runtime, service, service.rows[0], tenant, caller, now, headers={}, query={})
        async with call.writing():
            return await question(call)

    return api.run(inside())


def test_the_facade_knows_who_exists_and_their_companies(shop: Storefront) -> None:
    create(shop.api, id="jane", **JANE)
    create(new_tenant(shop.api.server), id="joe")
    shop.assign("jane", "umbrella")
    shop.assign("jane", "acme")
    assert ask(shop.api, lambda call: facade.existing(call, {"jane", "joe", "eve"})) == {"jane"}
    assert ask(shop.api, lambda call: facade.existing(call, set())) == set()
    assert ask(shop.api, lambda call: facade.companies_of(call, "jane")) == ("acme", "umbrella")
    assert ask(shop.api, lambda call: facade.companies_of(call, "eve")) == ()
    here = facade.names.where(facade.names.selected_columns.tenant == shop.api.tenant)
    rows = ask(shop.api, lambda call: call.db.all(here))
    assert [tuple(row) for row in rows] == [(shop.api.tenant, "jane", "Jane", "Doe", "jane@example.com")]
