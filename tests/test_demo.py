"""The demo tenant: its lists are sound, it loads the same everywhere, starts again, and its greeting works."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from coterie.app import App
from coterie.cli import CommandError, demo
from coterie.cli.demo import Demo, fill
from coterie.cli.demo_data import catalogue, media, people, segments
from coterie.cli.demo_data.plan import Step, plan
from coterie.migrations import migrate
from coterie.settings import Settings
from support.api import Api, Server


def with_parents() -> set[tuple[str, str]]:
    """Who is a contact of which company: whoever is one of a subsidiary is one of its parent."""
    parents = {each["id"]: each.get("parentId") for each in people.legal_entities()}
    direct = {(contact.customer, contact.company) for contact in people.contacts()}
    above = {(customer, parents[company]) for customer, company in direct if parents[company]}
    return direct | above


# Beside the basic products: what the template's parent makes of two colours and four sizes, and what they are part of.
ASSORTMENT = Counter({"PARENT_VARIANT": 1, "VARIANT": 8, "BUNDLE": 2})
COUNTS = {
    "/site/demo/sites?totalCount=true": 2,
    "/category/demo/categories?showUnpublished=true": 66,
    "/catalog/demo/catalogs": 2,
    "/product/demo/products": 300 + ASSORTMENT.total(),
    "/product/demo/product-templates": 1,
    "/brand/brands": len(catalogue.brands()),
    "/label/labels": len(media.LABELS),
    "/media/demo/assets": len(list(media.pictures())),
    "/customer/demo/customers": 1000,
    "/customer-management/demo/legal-entities": 40,
    "/schema/demo/schemas": 2,
    "/schema/demo/custom-entities/WORKSHOP/instances": 2,
    "/customer-management/demo/contact-assignments": len(with_parents()),
    "/customer-segment/demo/segments": 8,
    "/coupon/demo/coupons?totalCount=true": 3,
}
COUNT_HEADERS = ("x-total-count", "x-count", "count", "items-count")


def opened(folder: Path) -> Server:
    """The app on an empty SQLite database of its own."""
    settings = Settings(database=f"sqlite:///{folder}/coterie.db", data_dir=str(folder), log_level="error")
    asyncio.run(migrate.upgrade(settings.database_url))
    return Server("sqlite", settings)


def start(server: Server) -> Demo:
    """What `coterie serve --demo` does first."""
    return server.run(fill(App(server.runtime)))


def backend(server: Server, credentials: Demo) -> Api:
    """A client with the token that the printed backend credentials get."""
    form = f"grant_type=client_credentials&client_id={credentials.client_id}&client_secret={credentials.client_secret}"
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = server.run(server.send("POST", "/oauth/token", headers, form.encode()))
    assert answer.status == 200, answer.body
    return Api(server, "demo", answer.json["access_token"])


def everything(api: Api, path: str) -> list[dict[str, Any]]:
    """A whole list without what differs by the time of day or the secret, such as ids that are made up."""
    passing = ("metadata", "customerGroups", "owner")
    found: list[dict[str, Any]] = []
    sign = "&" if "?" in path else "?"
    for number in range(1, 100):
        page = api.get(f"{path}{sign}pageSize=500&pageNumber={number}&sort=id").json
        found += [{name: each[name] for name in each if not name.startswith(passing)} for each in page]
        for shown in (one for each in page for one in each.get("media", ())):
            shown.pop("createdAt", None)
            shown.pop("metadata", None)
        if len(page) < 500:
            break
    for each in found:
        if "parentVariantId" in each:  # its parent made it, and made its id up
            each["id"] = each["yrn"] = each["code"]
    return sorted(found, key=lambda each: str(each.get("id")))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The demo on SQLite. Tests read it, or put back what they change."""
    server = opened(tmp_path_factory.mktemp("demo"))
    start(server)
    yield server
    server.close()


# The lists


def test_texts_are_there_in_both_languages() -> None:
    localized = [
        *(body[name] for body in catalogue.categories() for name in ("localizedName", "localizedSlug")),
        *(body["localizedDescription"] for body in catalogue.categories() if "localizedDescription" in body),
        *(body[name] for body in catalogue.products() for name in ("name", "description")),
        *(body[name] for body in segments.segments() for name in ("name", "description")),
    ]
    for texts in localized:
        assert set(texts) == {"en", "de"}
        assert all(text.strip() == text != "" and "{" not in text for text in texts.values()), texts
    assert all(body["name"]["en"] != body["name"]["de"] for body in segments.segments())


def test_ids_and_what_else_is_unique() -> None:
    for bodies in (
        catalogue.categories(),
        catalogue.products(),
        people.legal_entities(),
        segments.segments(),
    ):
        ids = [body["id"] for body in bodies]
        assert len(ids) == len(set(ids))
    assert len({body["code"] for body in catalogue.products()}) == 300
    assert len({body["name"]["en"] for body in catalogue.products()}) == 300
    assert len({body["name"]["de"] for body in catalogue.products()}) == 300
    for language in ("en", "de"):
        slugs = [body["localizedSlug"][language] for body in catalogue.categories()]
        assert len(slugs) == len(set(slugs))
    assert len({person.body["contactEmail"].casefold() for person in people.people()}) == 1000


def test_nobody_real_is_written_to() -> None:
    for person in people.people():
        host = person.body["contactEmail"].partition("@")[2]
        assert host in {"example.com", "example.org", "example.net"} or host.endswith(".example")


def test_the_category_tree_is_four_levels_deep() -> None:
    levels: dict[str, int] = {}
    for body in catalogue.categories():
        levels[body["id"]] = levels[body["parentId"]] + 1 if "parentId" in body else 1
    assert set(levels.values()) == {1, 2, 3, 4}


def test_companies_have_contacts_and_some_contacts_two_companies() -> None:
    by_company = Counter(contact.company for contact in people.contacts())
    assert set(by_company) == {body["id"] for body in people.legal_entities()}
    assert min(by_company.values()) >= 2
    by_customer = Counter(contact.customer for contact in people.contacts())
    assert max(by_customer.values()) == 2
    assert list(by_customer.values()).count(2) >= 5


def test_each_segment_has_products_categories_and_members_of_both_kinds() -> None:
    for body in segments.segments():
        id = body["id"]
        assert segments.items("PRODUCT")[id]
        assert segments.items("CATEGORY")[id]
        kinds = {"legalEntityId" in member for member in segments.members()[id]}
        assert kinds == {True, False}


def test_bulk_requests_respect_the_limit() -> None:
    sizes = [len(step.body) for step in plan("demo", {}, 7) if isinstance(step.body, list)]
    assert max(sizes) == 7


# The tenant


def test_the_counts_are_as_promised(filled: Server) -> None:
    api = backend(filled, start(filled))
    for path, expected in COUNTS.items():
        headers = api.get(path, X_Total_Count="true").headers
        assert [headers[name] for name in COUNT_HEADERS if name in headers] == [str(expected)], path


@pytest.mark.parametrize("path", [path.partition("?")[0] for path in COUNTS if "contact-" not in path])
def test_both_engines_hold_the_same(filled: Server, filled_postgres: Server, path: str) -> None:
    path += "?showUnpublished=true" if "/categories" in path else ""
    ours, theirs = (backend(each, start(each)) for each in (filled, filled_postgres))
    assert everything(ours, path) == everything(theirs, path)


@pytest.fixture(scope="module")
def filled_postgres(postgres_server: Server) -> Server:
    """The demo on PostgreSQL."""
    start(postgres_server)
    return postgres_server


def test_products_are_of_several_types_with_brands_and_labels(filled: Server) -> None:
    api = backend(filled, start(filled))
    products = {each["code"]: each for each in everything(api, "/product/demo/products?expand=brand,labels")}
    types = Counter(each["productType"] for each in products.values())
    assert types == ASSORTMENT + Counter({"BASIC": 300})
    variant = products["SE-J-HV-YELLOW-XL"]
    assert variant["mixins"] == {
        "productVariantAttributes": {"colour": "YELLOW", "size": "XL"},
        "productTemplateAttributes": {"standard": "EN ISO 20471"},
    }
    assert (variant["brand"]["name"], products["SE-J-HV"]["categoryIds"]) == ("Schirmeck", ["safety"])
    used = {label["id"] for each in products.values() for label in each.get("labels", ())}
    assert used == {id for id, *_ in media.LABELS}
    # What they name is there.
    assert all("brand" in each for each in products.values())
    assert all(len(each.get("labels", ())) == len(each.get("labelIds", ())) for each in products.values())


def test_a_second_start_changes_nothing(filled: Server) -> None:
    first = start(filled)
    api = backend(filled, first)
    product = "/product/demo/products/vh-bs12-30"
    assert api.patch(product, {"published": False}).status == 204
    with api.unchanged():
        assert start(filled) == first
    assert api.get(product).json["published"] is False
    assert api.patch(product, {"published": True}).status == 204


def test_a_start_that_was_ended_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def catalogue_only(*arguments: Any) -> list[Step]:
        return [
            step
            for step in plan(*arguments)
            if step.what in {"currencies", "sites", "products", "categories"}
        ]

    sent = []

    async def until_killed(client: Any, step: Step) -> None:
        if len(sent) == 30:
            raise KeyboardInterrupt
        sent.append(step)
        await send(client, step)

    send = demo._send
    monkeypatch.setattr(demo, "plan", catalogue_only)
    monkeypatch.setattr(demo, "_send", until_killed)
    server = opened(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        start(server)
    monkeypatch.setattr(demo, "_send", send)
    api = backend(server, demo._derived(server.runtime.vault))
    assert api.patch("/product/demo/products/vh-bs12-30", {"published": False}).status == 204
    start(server)
    assert len(everything(api, "/category/demo/categories?showUnpublished=true")) == 64
    assert api.get("/product/demo/products/vh-bs12-30").json["published"] is False
    server.close()


def test_another_tenant_of_that_name_is_left_alone(tmp_path: Path) -> None:
    server = opened(tmp_path)

    async def create() -> None:
        async with server.runtime.database.writing() as session:
            await server.runtime.tenants.create(session, "demo")

    server.run(create())
    with pytest.raises(CommandError, match="not the demo's"):
        start(server)
    server.close()


def test_the_shopper_and_the_buyer_see_their_segments(filled: Server) -> None:
    credentials = start(filled)

    def logged_in(email: str, password: str) -> Api:
        anonymous = Api(filled, "demo", None).get(
            f"/customerlogin/auth/anonymous/login?tenant=demo&client_id={credentials.storefront_client_id}"
        )
        visitor = Api(filled, "demo", anonymous.json["access_token"])
        login = visitor.post("/customer/demo/login", {"email": email, "password": password})
        assert login.status == 200
        return visitor.as_(login.json["access_token"])

    def seen(api: Api, query: str = "") -> set[str]:
        return {each["id"] for each in api.get(f"/customer-segment/demo/segments{query}").json}

    shopper = logged_in(credentials.customer_email, credentials.customer_password)
    assert seen(shopper) == {"garden-season", "carpenters"}
    buyer = logged_in(credentials.contact_email, credentials.contact_password)
    for company, segment in segments.BUYER_SEGMENTS.items():
        assert seen(buyer, f"?legalEntityId={company}") == {segment}


def test_the_employee_runs_the_shop(filled: Server) -> None:
    credentials = start(filled)
    body = {"email": credentials.employee_email, "password": credentials.employee_password}
    tokens = Api(filled, "demo", None).post("/iam/demo/login", body)
    assert tokens.status == 200
    ada = Api(filled, "demo", tokens.json["access_token"])
    assert ada.get("/iam/demo/users/me").json["groupIds"] == ["administrators"]
    assert ada.get("/customer-segment/demo/segments").status == 200


def test_nothing_secret_is_stored(filled: Server) -> None:
    credentials = start(filled)
    stored = b"".join(path.read_bytes() for path in Path(filled.settings.data_dir).glob("coterie.db*"))
    assert credentials.client_id.encode() in stored
    passwords = (
        credentials.customer_password,
        credentials.contact_password,
        credentials.employee_password,
    )
    for secret in (credentials.client_secret, *passwords):
        assert secret.encode() not in stored


# The commands


def coterie(*arguments: str) -> list[str]:
    return [sys.executable, "-c", "from coterie.cli import main; main()", *arguments]


@pytest.mark.skipif(shutil.which("curl") is None, reason="the printed request needs curl")
def test_the_printed_request_works_when_pasted(tmp_path: Path) -> None:
    where = ("--data-dir", str(tmp_path))
    filling = subprocess.run(coterie("demo", "--json", *where), capture_output=True, text=True)
    assert (filling.returncode, filling.stderr) == (0, "")
    printed = json.loads(filling.stdout)

    server = subprocess.Popen(
        coterie("serve", "--demo", "--port", "0", *where),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert server.stdout is not None
        lines = []
        for line in server.stdout:
            lines.append(line.rstrip("\n"))
            if line.startswith("    sed"):
                break
        starts = [number for number, line in enumerate(lines) if line.startswith("curl")]
        assert len(starts) == 1, lines
        command = "\n".join(lines[starts[0] :])
        pasted = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30)
        listed = json.loads(pasted.stdout)
        assert {each["id"] for each in listed} == {body["id"] for body in segments.segments()}
        assert f"client_id={printed['client_id']} " in command
    finally:
        server.terminate()
        server.wait(timeout=30)


def test_the_shell_lines_can_be_evaluated() -> None:
    people = ("a@b.example", "it's $HOME", "c@d.example", "p w", "e@f.example", "q")
    credentials = Demo("client", "secret", "storefront", *people)
    script = (
        'eval "$1"; printf "%s|" "$COTERIE_URL" "$TENANT" "$CLIENT_ID" "$CUSTOMER_PASSWORD" "$CONTACT_EMAIL"'
    )
    settings = Settings(port=1234)
    arguments = ["sh", "-c", script, "sh", credentials.as_shell(settings)]
    read = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert read.stdout == "http://127.0.0.1:1234|demo|client|it's $HOME|c@d.example|"
    assert credentials.as_json(settings)["storefront_client_id"] == "storefront"
