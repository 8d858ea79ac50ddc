"""Mixins of other services are held against the schemas that the tenant published, without any request to itself."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.services.schema.operations.documents import published
from coterie.services.schema.rules.attributes import normalised, problems
from coterie.services.schema.rules.documents import NotAttributes, attributes_of, json_schema
from services.schema.world import World, attribute, values
from support.api import Api, Response, new_tenant
from support.shop import SEGMENTS

_ids = itertools.count()


def product(api: Api, url: str, data: Any, id: str | None = None) -> Response:
    body = {
        "code": id or f"p{next(_ids)}",
        "name": {"en": "Drill"},
        "productType": "BASIC",
        "mixins": {"extra": data},
        "metadata": {"mixins": {"extra": url}},
    }
    return api.put(f"/product/{{tenant}}/products/{body['code']}", body)


def test_products_customers_and_segments_are_validated(world: World) -> None:
    api = world.api
    url = world.schema("extra", attribute("weight", "NUMBER", required=True), types=("PRODUCT", "CUSTOMER"))
    world.site("main")
    mixin = {"metadata": {"mixins": {"extra": url}}}
    customer = {"contactEmail": "a@example.com", "firstName": "A", "lastName": "B", **mixin}
    segment = {"name": {"en": "S"}, "siteCode": "main", "status": "ACTIVE", **mixin}
    for method, path, body in (
        ("POST", "/customer/{tenant}/customers", customer),
        ("POST", SEGMENTS, segment),
    ):
        with api.unchanged():
            refused = api.request(method, path, {**body, "mixins": {"extra": {"weight": "heavy"}}})
        assert refused.status == 400, path
        assert refused.json["details"][0]["field"] == "mixins.extra.weight"
        assert api.request(method, path, {**body, "mixins": {"extra": {"weight": 3}}}).status == 201, path
    with api.unchanged():
        refused = product(api, url, {})
        assert 'missing required properties (["weight"]): [mixins:extra]' in str(refused.json)
    assert product(api, url, {"weight": 3}).status == 201


def test_a_version_that_is_not_published_is_refused_until_it_is(world: World) -> None:
    url = world.schema("extra", attribute("weight", "NUMBER")).replace("_v1", "_v2")
    for _ in range(2):
        with world.api.unchanged():
            refused = product(world.api, url, {"weight": 1})
        assert refused.status == 400
        assert f"No matching schema found: {url} is not published by this tenant" in str(refused.json)
    body = {"name": {"en": "X"}, "types": [], "attributes": [attribute("size")], "metadata": {"version": 1}}
    assert world.send("PUT", "schemas/extra", body).status == 204
    assert product(world.api, url, {"size": "S"}).status == 201


def test_many_items_may_name_a_schema_that_is_not_published(world: World) -> None:
    url = world.schema("extra", attribute("weight", "NUMBER")).replace("_v1", "_v9")
    item = {"name": {"en": "x"}, "productType": "BASIC", "mixins": {"a": {}, "b": {}}}
    items = [{**item, "code": f"c{n}", "metadata": {"mixins": {"a": url, "b": url}}} for n in range(5)]
    answer = world.api.post("/product/{tenant}/products/bulk", items)
    assert [each["code"] for each in answer.json] == [400] * 5


def test_another_tenants_schema_is_not_ones_own(world: World) -> None:
    url = world.schema("extra", attribute("weight", "NUMBER"))
    other = new_tenant(world.api.server)
    with other.unchanged():
        assert product(other, url, {"weight": 1}).status == 400
    assert product(world.api, url, {"weight": 1}).status == 201
    with other.unchanged():
        assert product(other, url, {"weight": 1}).status == 400


def test_a_deleted_schema_still_validates(world: World) -> None:
    url = world.schema("extra", attribute("weight", "NUMBER"))
    assert world.send("DELETE", "schemas/extra").status == 204
    assert product(world.api, url, {"weight": "x"}).status == 400


def test_a_reference_may_refer_to_schemas_of_its_tenant(world: World) -> None:
    inner = world.schema("inner", attribute("weight", "NUMBER", required=True))
    url = world.reference("outer", {"properties": {"box": {"$ref": inner}}})
    assert product(world.api, url, {"box": {}}).status == 400
    assert product(world.api, url, {"box": {"weight": 1}}).status == 201
    lost = world.reference("lost", {"properties": {"box": {"$ref": inner.replace("_v1", "_v7")}}})
    assert product(world.api, lost, {}).status == 400


LOCALIZED = {"arrayType": {"type": "TEXT", "localized": True}}
# By attribute: values that are taken, values that are refused.
CASES: list[tuple[dict[str, Any], list[Any], list[Any]]] = [
    (attribute("a"), ["x", ""], [1, None, {"en": "x"}]),
    (attribute("a", nullable=True), ["x", None], [1]),
    (
        attribute("a", localized=True),
        [[{"language": "en", "value": "x"}], [], {"en": "x"}],
        ["x", [{"language": "en"}], {"en": 1}, None],
    ),
    (attribute("a", localized=True, nullable=True), [None, []], ["x"]),
    (attribute("a", "NUMBER"), [1, -3, 1.0], [1.5, "1"]),
    (attribute("a", "DECIMAL"), [1, 19.99, 0.29, 4.35], [1.005, "1"]),
    (attribute("a", "DECIMAL", precision=0.001), [1.005], [1.0005]),
    (attribute("a", "DECIMAL", precision=-1), [1.00005], ["x"]),
    (attribute("a", "BOOLEAN"), [True, False], [1, "true"]),
    (attribute("a", "DATE"), ["2026-02-28"], ["2026-02-30", "28.2.2026", ""]),
    (attribute("a", "TIME"), ["08:30", "08:30:00", "23:59:59.9Z", "08:30:00+02:00"], ["24:00", "8:30"]),
    (attribute("a", "DATE_TIME"), ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678+01:00"], ["2026-01-02"]),
    (attribute("a", "ENUM", values=values("S", "M")), ["S"], ["L", None, 1]),
    (attribute("a", "ENUM", nullable=True, values=values("S")), ["S", None], ["L"]),
    (attribute("a", "ARRAY", arrayType={"type": "DATE_TIME"}), [[], ["2026-01-02T03:04:05Z"]], ["x", ["x"]]),
    (attribute("a", "ARRAY", arrayType={"type": "ENUM", "values": values("S")}), [["S", "S"]], [["L"]]),
    (attribute("a", "ARRAY", arrayType={"type": "DECIMAL"}), [[1.25]], [[1.255]]),
    (attribute("a", "ARRAY", nullable=True, **LOCALIZED), [None, [{"de": "x"}]], [["x"]]),
    (
        attribute("a", "ARRAY", arrayType={"type": "OBJECT"}, attributes=[attribute("b", required=True)]),
        [[{"b": "x"}]],
        [[{}], [1]],
    ),
    (
        attribute(
            "a", "OBJECT", attributes=[attribute("b", "OBJECT", attributes=[attribute("c", "NUMBER")])]
        ),
        [{}, {"b": {"c": 1}}, {"other": 1}],
        [{"b": {"c": "x"}}, 1],
    ),
]


@pytest.mark.parametrize(("given", "taken", "refused"), CASES)
def test_each_type_of_attribute_takes_its_values_only(
    world: World, given: dict[str, Any], taken: list[Any], refused: list[Any]
) -> None:
    url = world.schema("extra", given)
    for value in taken:
        assert product(world.api, url, {"a": value}).status == 201, value
    for value in refused:
        assert product(world.api, url, {"a": value}).status == 400, value
    assert product(world.api, url, {}).status == 201


def test_required_and_nullable_are_two_things(world: World) -> None:
    url = world.schema("extra", attribute("a", required=True, nullable=True, readOnly=True))
    assert product(world.api, url, {}).status == 400
    assert product(world.api, url, {"a": None}).status == 201
    # readOnly is a note for those who draw forms.
    shown = world.api.get(url.removeprefix(world.api.server.settings.base_url)).json
    assert shown["properties"]["a"] == {"type": ["string", "null"], "title": "A", "readOnly": True}


def test_what_was_published_at_another_address_is_still_ones_own(world: World) -> None:
    url = world.schema("extra", attribute("weight", "NUMBER"))
    runtime, base = world.api.server.runtime, world.api.server.settings.base_url

    async def found(base_url: str, url: str) -> Any:
        async with runtime.database.reading() as db:
            held = await published(db, base_url, url)
        return held and (held.tenant, held.body is not None)

    mine, moved = (world.api.tenant, True), "https://shop.example"
    assert world.api.run(found(base, url)) == mine
    assert world.api.run(found(moved, url)) == mine
    assert world.api.run(found(moved, url.replace(base, moved))) == mine
    assert world.api.run(found(moved, f"{moved}/schema/{world.api.tenant}/documents/extra_v2.json")) == (
        mine[0],
        False,
    )
    assert world.api.run(found(moved, f"{moved}/anything")) == ("", False)
    for foreign in (
        url.replace(base, "https://other.example"),
        "https://other.example/a.json",
        url.replace("_v1", "_v2"),
    ):
        assert world.api.run(found(moved, foreign)) is None


# Attributes and back

KEYS = st.text("abc-_1", min_size=1, max_size=5)
TEXTS = st.dictionaries(st.just("en"), st.text(min_size=1, max_size=5), min_size=1)
FLAGS = st.fixed_dictionaries({}, optional={name: st.booleans() for name in ("readOnly", "nullable")})
NAMES = st.lists(st.text("SML", min_size=1, max_size=3), min_size=1, max_size=3, unique=True)


def of_types(inner: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    listed = NAMES.map(lambda names: values(*names))
    plain = st.sampled_from(["TEXT", "NUMBER", "BOOLEAN", "DATE", "TIME", "DATE_TIME"]).map(
        lambda type: {"type": type}
    )
    step = st.sampled_from([-1, 0.1, 0.01, 0.001])
    choices = st.fixed_dictionaries({"type": st.sampled_from(["ENUM", "REFERENCE"]), "values": listed})
    localized = st.just({"type": "TEXT", "localized": True})
    return st.one_of(
        plain,
        choices,
        st.builds(lambda step: {"type": "DECIMAL", "precision": step}, step),
        st.builds(lambda of: {"type": "ARRAY", "arrayType": of}, st.one_of(plain, choices, localized)),
        st.builds(lambda step: {"type": "ARRAY", "arrayType": {"type": "DECIMAL"}, "precision": step}, step),
        st.builds(lambda of: {"type": "OBJECT", "attributes": of}, inner),
        st.builds(lambda of: {"type": "ARRAY", "arrayType": {"type": "OBJECT"}, "attributes": of}, inner),
    )


def lists(inner: st.SearchStrategy[list[Any]]) -> st.SearchStrategy[list[Any]]:
    one = st.builds(
        lambda key, name, flags, type, required: {
            "key": key,
            "name": name,
            "metadata": {**flags, "required": required and type["type"] != "BOOLEAN"},
            **type,
        },
        KEYS,
        TEXTS,
        FLAGS,
        of_types(inner),
        st.booleans(),
    )
    return st.lists(one, min_size=1, max_size=3, unique_by=lambda each: str(each["key"]))


ATTRIBUTES = st.recursive(lists(st.nothing()), lists, max_leaves=6)


@given(ATTRIBUTES)
def test_a_published_document_says_the_attributes_that_it_was_made_of(given: list[Any]) -> None:
    assert problems(given) == []
    stored = normalised(given)
    published = json_schema({"en": "X"}, stored, "en")
    assert normalised(attributes_of(published, "en")) == stored


KEYWORDS = st.sampled_from(
    [
        "type",
        "properties",
        "required",
        "items",
        "enum",
        "anyOf",
        "multipleOf",
        "format",
        "pattern",
        "title",
        "readOnly",
    ]
)
WORDS = st.sampled_from(["object", "array", "string", "number", "integer", "null", "date", "boolean"])
ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 2), st.floats(-1, 1), WORDS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(KEYWORDS | st.sampled_from(["a", "emporixReferenceType"]), inner, max_size=4),
    ),
    max_leaves=12,
)


@given(ANYTHING, ANYTHING)
def test_whatever_is_uploaded_is_attributes_or_refused(given: Any, inside: Any) -> None:
    for schema in (given, {"properties": {"a": given, "b": inside}}):
        try:
            found = attributes_of(schema, "en")
        except NotAttributes:
            continue
        problems(normalised(found))
