"""The OpenAPI document of two sample services, checked by its parts and as a whole."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any, Literal

import jsonschema_rs
import msgspec
import pytest

from coterie.description.openapi import document
from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, PUBLIC, Bulk, Form, Handler, Service, op
from coterie.kit.wire import BulkEntry, Created, Instant, Metadata, MetadataView, Search, Wire

BASE = "https://shop.example"


class Group(Wire):
    """Body of PUT."""

    name: dict[str, str]
    kind: Literal["OPEN", "CLOSED"] | None = None
    begins: Instant | None = None
    fee: Decimal | None = None
    metadata: Metadata | None = None


class GroupItem(Group):
    """An item of a bulk PUT."""

    id: str


class GroupView(Wire):
    """A group in an answer."""

    id: str
    name: dict[str, str]
    metadata: MetadataView
    parents: list[GroupView] | None = None


class GroupsQuery(Wire):
    """Query of the list."""

    owner: str
    page_number: int | None = None
    page_size: int | None = None
    state: Literal["ON", "OFF"] | None = None
    from_: str | int | None = msgspec.field(name="from", default=None)


class Credentials(Wire):
    """Body of the token operation."""

    grant_type: str


async def listed(call: Any, query: GroupsQuery) -> list[GroupView]:
    """The groups of an owner.

    What follows is not the summary.
    """
    raise NotImplementedError


async def search(call: Any, query: GroupsQuery, body: Search | None) -> list[GroupView]:
    raise NotImplementedError


async def put(call: Any, group_id: str, body: Group) -> Created:
    raise NotImplementedError


async def put_many(call: Any, body: Bulk[GroupItem]) -> list[BulkEntry]:
    raise NotImplementedError


async def patch(call: Any, group_id: str, body: dict[str, Any] | list[dict[str, Any]]) -> None:
    raise NotImplementedError


async def explained(call: Any, group_id: str) -> dict[str, Any]:
    raise NotImplementedError


async def token(call: Any, body: Form[Credentials]) -> dict[str, Any]:
    raise NotImplementedError


async def login(call: Any, body: Credentials) -> dict[str, Any]:
    raise NotImplementedError


async def forget(call: Any, group_id: str) -> None:
    raise NotImplementedError


READ, MANAGE = ("group.read", "group.manage"), ("group.manage",)
GROUPS = Service(
    "customer_group",
    "/customer-group/{tenant}",
    (
        op("GET", "/groups", listed, READ),
        op("POST", "/groups/search", search, READ, mode="read"),
        op("PUT", "/groups/{groupId}", put, MANAGE, 201, 204),
        op("PUT", "/groups/bulk", put_many, MANAGE, 207),
        op("PATCH", "/groups/{groupId}", patch, MANAGE, 204, deprecated=True),
        op("HEAD", "/groups/{groupId}", explained, READ, answer=GroupView),
        op("GET", "/groups/{groupId}/why", explained, ANY, answer=dict[str, int], extension=True),
        op("DELETE", "/groups/{groupId}", forget, MANAGE, 202),
    ),
    "Customer Group Service",
)


class Other:
    """A second service, whose struct has the name of one of the first."""

    class Group(Wire):
        """Another thing."""

        size: int


async def other_list(call: Any, query: GroupsQuery) -> list[Other.Group]:
    raise NotImplementedError


SHOP = Service(
    "shop",
    "/shop/{tenant}",
    (
        op("POST", "/login", login, ANY, answer=dict[str, Any], mode="none"),
        op("GET", "/public", Handler(other_list, query=GroupsQuery, answer=list[Other.Group]), PUBLIC),
    ),
    "Shop",
    Dialect(envelope="B", count_header="Items-Count", count_query="totalCount"),
)
SIGN_IN = Service(
    "oauth", "/oauth", (op("POST", "/token", token, PUBLIC, answer=dict[str, Any], mode="none"),), "OAuth"
)
ALL = (GROUPS, SHOP, SIGN_IN)
METHODS = ("get", "put", "post", "patch", "delete", "head")


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    return document(ALL, BASE)


def operations(published: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in published["paths"].items():
        assert set(item) <= set(METHODS)
        for operation in item.values():
            yield path, operation


def walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from walk(each)


def target(published: dict[str, Any], reference: str) -> Any:
    at: Any = published
    for part in reference.removeprefix("#/").split("/"):
        at = at[part]
    return at


def parameters(operation: dict[str, Any], where: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in operation["parameters"] if each["in"] == where}


def test_every_row_is_published_with_all_its_success_codes(published: dict[str, Any]) -> None:
    for service in ALL:
        for row in service.rows:
            operation = published["paths"][service.prefix + row.path][row.method.lower()]
            assert {str(code) for code in row.codes} <= set(operation["responses"])
            assert operation["tags"] == [service.name]
    assert published["openapi"] == "3.1.0"
    assert published["servers"] == [{"url": BASE}]
    assert published["tags"][0] == {"name": "customer_group", "description": "Customer Group Service"}


def test_every_reference_resolves(published: dict[str, Any]) -> None:
    references = [each["$ref"] for each in walk(published) if "$ref" in each]
    assert len(references) > 20
    for reference in references:
        assert isinstance(target(published, reference), dict), reference


def test_every_operation_is_well_formed(published: dict[str, Any]) -> None:
    identifiers = [operation["operationId"] for _, operation in operations(published)]
    assert len(identifiers) == len(set(identifiers)) == sum(len(service.rows) for service in ALL)
    for path, operation in operations(published):
        assert operation["responses"]
        for response in operation["responses"].values():
            full = target(published, response["$ref"]) if "$ref" in response else response
            assert full["description"]
        listed = operation.get("parameters", [])
        keys = [(each["in"], each["name"]) for each in listed]
        assert len(keys) == len(set(keys))
        assert [each["name"] for each in listed if each["in"] == "path"] == re.findall(r"\{(\w+)\}", path)
        for requirement in operation["security"]:
            assert set(requirement) <= set(published["components"]["securitySchemes"])


def test_every_schema_is_json_schema(published: dict[str, Any]) -> None:
    for name, schema in published["components"]["schemas"].items():
        assert re.fullmatch(r"[A-Za-z0-9._-]+", name)
        jsonschema_rs.validator_for({**schema, "components": published["components"]})
        jsonschema_rs.meta.validate({"$schema": "https://json-schema.org/draft/2020-12/schema", **schema})
    for each in walk(published["paths"]):
        if isinstance(each.get("schema"), dict):
            jsonschema_rs.meta.validate(each["schema"])


def test_a_component_schema_tells_right_from_wrong(published: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/customer_group.GroupView", "components": published["components"]}
    good = {"id": "a", "name": {}, "metadata": {"version": 1, "createdAt": "x", "modifiedAt": "x"}}
    validator = jsonschema_rs.validator_for(schema)
    assert validator.is_valid({**good, "parents": [good]})
    assert not validator.is_valid({**good, "parents": [{"id": "b"}]})


def test_operation_ids_come_from_method_and_path(published: dict[str, Any]) -> None:
    paths = published["paths"]
    identifier = "customer_group.put_groups_groupId"
    assert paths["/customer-group/{tenant}/groups/{groupId}"]["put"]["operationId"] == identifier
    assert paths["/customer-group/{tenant}/groups"]["get"]["summary"] == "The groups of an owner."
    assert "summary" not in paths["/customer-group/{tenant}/groups/{groupId}"]["put"]


def test_two_operations_of_one_name_are_refused() -> None:
    async def read(call: Any, group_id: str) -> None:
        raise NotImplementedError

    rows = (*GROUPS.rows, op("PUT", "/groups/{groupId}/", read, ANY))
    with pytest.raises(ValueError, match=r"customer_group\.put_groups_groupId"):
        document([replace(GROUPS, rows=rows)], BASE)


def test_paths_that_differ_in_parameter_names_are_one() -> None:
    async def read(call: Any, code: str) -> None:
        raise NotImplementedError

    async def write(call: Any, site: str, body: Group) -> None:
        raise NotImplementedError

    rows = (op("GET", "/a/{code}", read, ANY), op("PUT", "/a/{site}", write, ANY, 204))
    published = document([replace(GROUPS, rows=rows)], BASE)
    assert list(published["paths"]) == ["/customer-group/{tenant}/a/{code}"]
    put = published["paths"]["/customer-group/{tenant}/a/{code}"]["put"]
    assert list(parameters(put, "path")) == ["tenant", "code"]


def test_query_parameters_have_wire_names_and_types(published: dict[str, Any]) -> None:
    query = parameters(published["paths"]["/customer-group/{tenant}/groups"]["get"], "query")
    assert list(query) == ["owner", "pageNumber", "pageSize", "state", "from"]
    assert query["owner"]["required"] is True
    assert query["pageNumber"]["required"] is False
    assert query["pageNumber"]["schema"] == {"type": "integer"}
    assert query["state"]["schema"] == {"enum": ["OFF", "ON"]}
    kinds = {each["type"] for each in query["from"]["schema"]["anyOf"]}
    assert kinds == {"string", "integer"}


def test_headers_stand_where_they_are_read(published: dict[str, Any]) -> None:
    paths = published["paths"]
    groups = paths["/customer-group/{tenant}/groups"]["get"]
    assert set(parameters(groups, "header")) == {"Accept-Language", "X-Total-Count"}
    assert set(groups["responses"]["200"]["headers"]) == {"X-Total-Count"}
    found = paths["/customer-group/{tenant}/groups/search"]["post"]
    assert set(parameters(found, "header")) == {"Accept-Language", "X-Total-Count"}
    put = paths["/customer-group/{tenant}/groups/{groupId}"]["put"]
    assert set(parameters(put, "header")) == {"Content-Language", "X-Dry-Run"}
    assert "headers" not in put["responses"]["201"]


def test_a_dialect_that_counts_by_query_says_so(published: dict[str, Any]) -> None:
    operation = published["paths"]["/shop/{tenant}/public"]["get"]
    assert set(parameters(operation, "header")) == {"Accept-Language"}
    assert parameters(operation, "query")["totalCount"]["schema"] == {"type": "boolean"}
    assert set(operation["responses"]["200"]["headers"]) == {"Items-Count"}


def test_bodies_follow_the_annotation(published: dict[str, Any]) -> None:
    paths = published["paths"]

    def body(path: str, method: str) -> dict[str, Any]:
        found: dict[str, Any] = paths[path][method]["requestBody"]
        return found

    prefix = "/customer-group/{tenant}/groups"
    group = {"$ref": "#/components/schemas/customer_group.Group"}
    assert body(f"{prefix}/{{groupId}}", "put") == {
        "required": True,
        "content": {"application/json": {"schema": group}},
    }
    item = {"$ref": "#/components/schemas/customer_group.GroupItem"}
    bulk = body(f"{prefix}/bulk", "put")["content"]["application/json"]["schema"]
    assert bulk == {"type": "array", "items": item}
    assert body(f"{prefix}/search", "post")["required"] is False
    patch = body(f"{prefix}/{{groupId}}", "patch")["content"]["application/json"]["schema"]
    assert [each["type"] for each in patch["anyOf"]] == ["object", "array"]
    assert set(body("/oauth/token", "post")["content"]) == {
        "application/json",
        "application/x-www-form-urlencoded",
    }
    assert "requestBody" not in paths[prefix]["get"]


def test_answers_follow_the_code(published: dict[str, Any]) -> None:
    groups = "/customer-group/{tenant}/groups"
    item = published["paths"][f"{groups}/{{groupId}}"]
    created = item["put"]["responses"]["201"]["content"]["application/json"]["schema"]
    assert created == {"$ref": "#/components/schemas/customer_group.Created"}
    for method, code in (("put", "204"), ("patch", "204"), ("delete", "202"), ("head", "200")):
        assert "content" not in item[method]["responses"][code]
    listed = published["paths"][groups]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert listed == {"type": "array", "items": {"$ref": "#/components/schemas/customer_group.GroupView"}}
    why = published["paths"][f"{groups}/{{groupId}}/why"]["get"]["responses"]["200"]
    assert why["content"]["application/json"]["schema"]["additionalProperties"] == {"type": "integer"}


def test_instants_are_dates_with_times(published: dict[str, Any]) -> None:
    begins = published["components"]["schemas"]["customer_group.Group"]["properties"]["begins"]
    assert {"type": "string", "format": "date-time"} in begins["anyOf"]


def test_decimals_are_numbers(published: dict[str, Any]) -> None:
    fee = published["components"]["schemas"]["customer_group.Group"]["properties"]["fee"]
    assert {"type": "number", "format": "decimal"} in fee["anyOf"]


def test_an_absent_field_has_no_default(published: dict[str, Any]) -> None:
    kind = published["components"]["schemas"]["customer_group.Group"]["properties"]["kind"]
    assert "default" not in kind
    assert {"type": "null"} in kind["anyOf"]


def test_equal_names_of_two_services_stay_apart(published: dict[str, Any]) -> None:
    schemas = published["components"]["schemas"]
    assert set(schemas["customer_group.Group"]["properties"]) == {"name", "kind", "begins", "fee", "metadata"}
    assert set(schemas["shop.Group"]["properties"]) == {"size"}


def test_equal_names_within_a_service_stay_apart() -> None:
    async def write(call: Any, body: Other.Group) -> list[Group]:
        raise NotImplementedError

    rows = (op("POST", "/a", Handler(write, body=Other.Group, answer=list[Group]), ANY),)
    published = document([replace(GROUPS, rows=rows)], BASE)
    for each in walk(published):
        if "$ref" in each:
            target(published, each["$ref"])
    operation = published["paths"]["/customer-group/{tenant}/a"]["post"]
    sent = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    answered = operation["responses"]["200"]["content"]["application/json"]["schema"]["items"]["$ref"]
    assert set(target(published, sent)["properties"]) == {"size"}
    assert "name" in target(published, answered)["properties"]


def errors(published: dict[str, Any], path: str, method: str) -> dict[str, str]:
    responses = published["paths"][path][method]["responses"]
    return {code: each["$ref"].rsplit("/", 1)[1] for code, each in responses.items() if "$ref" in each}


def test_errors_follow_what_can_go_wrong(published: dict[str, Any]) -> None:
    group = "/customer-group/{tenant}/groups/{groupId}"
    assert errors(published, group, "put") == {
        "400": "ErrorA.400",
        "401": "Fault.401",
        "403": "ErrorA.403",
        "404": "ErrorA.404",
        "409": "ErrorA.409",
    }
    assert set(errors(published, "/customer-group/{tenant}/groups", "get")) == {"400", "401", "403"}
    assert errors(published, "/oauth/token", "post") == {"400": "ErrorA.400"}
    # Without a token, a tenant that is not there is a 404.
    assert set(errors(published, "/shop/{tenant}/public", "get")) == {"400", "404"}
    # An operation that checks a password refuses it in the service's own words.
    assert errors(published, "/shop/{tenant}/login", "post")["401"] == "FaultOrErrorB.401"


def test_any_of_a_row_s_scopes_is_enough(published: dict[str, Any]) -> None:
    paths = published["paths"]
    security = paths["/customer-group/{tenant}/groups"]["get"]["security"]
    assert [each["OAuth2"] for each in security if "OAuth2" in each] == [["group.read"], ["group.manage"]]
    assert [each["Bearer"] for each in security if "Bearer" in each] == [["group.read"], ["group.manage"]]
    why = paths["/customer-group/{tenant}/groups/{groupId}/why"]["get"]
    assert why["security"] == [{"OAuth2": []}, {"Bearer": []}]
    assert paths["/oauth/token"]["post"]["security"] == []
    flow = published["components"]["securitySchemes"]["OAuth2"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == f"{BASE}/oauth/token"
    assert set(flow["scopes"]) == {"group.read", "group.manage"}


def test_marks_of_a_row_are_shown(published: dict[str, Any]) -> None:
    group = published["paths"]["/customer-group/{tenant}/groups/{groupId}"]
    assert group["patch"]["deprecated"] is True
    assert "deprecated" not in group["put"]
    why = published["paths"]["/customer-group/{tenant}/groups/{groupId}/why"]["get"]
    assert why["x-coterie-extension"] is True
    assert "x-coterie-extension" not in group["put"]


def test_the_document_is_the_same_every_time(published: dict[str, Any]) -> None:
    assert json.dumps(document(ALL, BASE)) == json.dumps(published)
    # Every service's part stands for itself: another service doesn't change it.
    alone = document([GROUPS], BASE)["components"]["schemas"]
    assert alone.items() <= published["components"]["schemas"].items()
