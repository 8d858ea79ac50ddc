"""Mixins are checked by the schemas behind their URLs, fetched once and never by the JSON Schema library."""

import asyncio
import json
import logging
from collections.abc import Coroutine
from typing import Any

import pytest

from coterie.fetch import SafeFetcher
from coterie.kit.errors import Problem
from coterie.kit.mixins import CONCURRENT_FETCHES, MAX_DOCUMENTS, MAX_PROBLEMS, Local, Schemas, SchemasNeeded

COLOR = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["hex", "name"],
    "properties": {
        "hex": {"type": "string", "pattern": "^#[0-9a-f]{6}$"},
        "name": {"type": "string", "maxLength": 5},
        "parts": {"type": "array", "items": {"type": "object", "required": ["share"]}},
    },
}
GOOD = {"hex": "#00ff00", "name": "green"}


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(coroutine)


def schemas(site: Any, **options: Any) -> Schemas:
    return Schemas(SafeFetcher(site.allowed), **options)


async def checked(held: Schemas, mixins: Any, urls: Any, policy: Any = "reject") -> list[Problem]:
    """What the request pipeline does: check, load what is missing, check again."""
    try:
        return held.check(mixins, urls, tenant="t", url_required=True, unreachable=policy)
    except SchemasNeeded as needed:
        await held.load(needed.urls)
    return held.check(mixins, urls, tenant="t", url_required=True, unreachable=policy)


def problems(site: Any, schema: Any, data: Any, **options: Any) -> list[Problem]:
    body = schema if isinstance(schema, bytes) else json.dumps(schema).encode()
    url = site.put("/schema.json", body)
    return run(checked(schemas(site, **options), {"color": data}, {"color": url}))


def test_a_schema_is_asked_for_fetched_once_and_applied(site: Any) -> None:
    url = site.put("/color.json", json.dumps(COLOR).encode())

    async def scene() -> None:
        held = schemas(site)
        with pytest.raises(SchemasNeeded) as needed:
            held.check({"color": GOOD}, {"color": url}, tenant="t", url_required=True, unreachable="reject")
        assert needed.value.urls == {url}
        await held.load(needed.value.urls)
        for _ in range(3):
            assert await checked(held, {"color": GOOD}, {"color": url}) == []
            assert await checked(held, {"color": {"name": "x"}}, {"color": url}) != []

    run(scene())
    assert len(site.seen) == 1


def test_problems_name_the_field_and_what_is_wrong(site: Any) -> None:
    data = {"hex": "red", "name": "greenish", "parts": [{"share": 1}, {}]}
    assert problems(site, COLOR, data) == [
        Problem(
            "mixins.color.hex",
            "validation_violation",
            'value does not match "^#[0-9a-f]{6}$": [mixins:color]',
        ),
        Problem(
            "mixins.color.name",
            "validation_violation",
            "value is longer than 5 characters: [mixins:color]",
        ),
        Problem(
            "mixins.color.parts[1]",
            "validation_violation",
            'object has missing required properties (["share"]): [mixins:color]',
        ),
    ]


def test_missing_required_properties_are_one_problem(site: Any) -> None:
    assert problems(site, COLOR, {}) == [
        Problem(
            "mixins.color",
            "validation_violation",
            'object has missing required properties (["hex","name"]): [mixins:color]',
        )
    ]


def test_problems_are_short_and_few(site: Any) -> None:
    schema = {"properties": {"a": {"enum": ["x" * 1000]}}, "additionalProperties": {"type": "integer"}}
    found = problems(site, schema, {"a": "y" * 1000} | {f"k{i}": "z" for i in range(100)})
    assert len(found) == MAX_PROBLEMS
    assert all(len(problem.message) < 350 for problem in found)


@pytest.mark.parametrize(
    ("dialect", "keyword", "bad"),
    [
        (None, {"maximum": 3, "exclusiveMaximum": True}, 3),
        ("http://json-schema.org/draft-04/schema#", {"maximum": 3, "exclusiveMaximum": True}, 3),
        ("https://json-schema.org/draft-04/schema", {"maximum": 3, "exclusiveMaximum": True}, 3),
        ("http://example.com/our-own-dialect", {"maximum": 3, "exclusiveMaximum": True}, 3),
        ("http://json-schema.org/draft-06/schema#", {"const": 4}, 3),
        ("http://json-schema.org/draft-07/schema#", {"if": {"const": 3}, "then": False}, 3),
        ("https://json-schema.org/draft-07/schema", {"if": {"const": 3}, "then": False}, 3),
        ("https://json-schema.org/draft/2019-09/schema", {"unevaluatedProperties": False}, {"a": 1}),
        ("https://json-schema.org/draft/2020-12/schema", {"prefixItems": [False]}, [1]),
    ],
)
def test_the_draft_is_told_by_the_dialect(site: Any, dialect: str | None, keyword: Any, bad: Any) -> None:
    schema = {"properties": {"value": keyword}} | ({"$schema": dialect} if dialect else {})
    assert len(problems(site, schema, {"value": bad})) == 1
    assert problems(site, schema, {"other": bad}) == []
    assert {path for path, _ in site.seen} == {"/schema.json"}


def test_a_keyword_of_a_later_draft_is_ignored_in_draft_4(site: Any) -> None:
    assert problems(site, {"properties": {"value": {"const": 4}}}, {"value": 3}) == []


@pytest.mark.parametrize(
    ("mixins", "urls", "field"),
    [
        ([], {}, "mixins"),
        ("x", {}, "mixins"),
        ({}, [], "metadata.mixins"),
        ({"color": []}, {"color": "http://x/"}, "mixins.color"),
        ({"color": None}, {"color": "http://x/"}, "mixins.color"),
        ({"color": {}}, {"color": 5}, "metadata.mixins.color"),
        ({"color": {}}, {"color": None}, "metadata.mixins.color"),
        ({}, {"color": {}}, "metadata.mixins.color"),
    ],
)
def test_what_is_wrong_in_form_is_refused_without_loading(
    site: Any, mixins: Any, urls: Any, field: str
) -> None:
    found = schemas(site).check(mixins, urls, tenant="t", url_required=False, unreachable="accept")
    assert [problem.field for problem in found] == [field]


def test_nothing_to_check_is_no_problem(site: Any) -> None:
    held = schemas(site)
    for mixins, urls in ((None, None), ({}, {}), (None, {"color": "http://never.fetched/"})):
        assert held.check(mixins, urls, tenant="t", url_required=True, unreachable="reject") == []


def test_a_mixin_without_url(site: Any) -> None:
    held = schemas(site)
    assert held.check({"color": {}}, None, tenant="t", url_required=False, unreachable="reject") == []
    (problem,) = held.check({"color": {}}, {}, tenant="t", url_required=True, unreachable="accept")
    assert problem.field == "mixins.color"
    assert problem.message.startswith("No matching schema found")


@pytest.mark.parametrize("path", ["/absent.json", "refused"])
def test_an_unreachable_schema_is_accepted_or_rejected(
    site: Any, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"http://localhost:{site.port}/" if path == "refused" else site.url(path)
    clock = Time()

    async def scene() -> None:
        held = schemas(site, clock=clock, negative_ttl_seconds=60)
        for _ in range(3):
            assert await checked(held, {"color": {}}, {"color": url}, "accept") == []
            (problem,) = await checked(held, {"color": {}}, {"color": url}, "reject")
            assert problem.field == "mixins.color"
            assert problem.message == f"No matching schema found: {url} cannot be fetched"
        assert len(caplog.records) == 1
        clock.now += 61
        assert await checked(held, {"color": {}}, {"color": url}, "accept") == []
        assert len(caplog.records) == 2

    with caplog.at_level(logging.WARNING, "coterie.mixins"):
        run(scene())
    assert url in caplog.text


def test_a_schema_that_became_reachable_is_used_after_the_negative_period(site: Any) -> None:
    clock = Time()

    async def scene() -> None:
        held = schemas(site, clock=clock, negative_ttl_seconds=60)
        url = site.url("/late.json")
        assert await checked(held, {"color": {}}, {"color": url}, "accept") == []
        site.put("/late.json", json.dumps(COLOR).encode())
        clock.now += 59
        assert await checked(held, {"color": {}}, {"color": url}, "accept") == []
        clock.now += 2
        assert len(await checked(held, {"color": {}}, {"color": url}, "accept")) == 1

    run(scene())


def test_a_schema_is_fetched_again_when_it_expires_and_kept_when_that_fails(site: Any) -> None:
    clock = Time()

    async def scene() -> None:
        held = schemas(site, ttl_seconds=100, clock=clock)
        url = site.put("/s.json", b'{"required":["a"]}')
        assert len(await checked(held, {"m": {}}, {"m": url})) == 1
        site.put("/s.json", b'{"required":["b"]}')
        clock.now += 99
        assert await checked(held, {"m": {"a": 1}}, {"m": url}) == []
        clock.now += 2
        assert await checked(held, {"m": {"b": 1}}, {"m": url}) == []
        site.put("/s.json", status=500)
        clock.now += 101
        assert await checked(held, {"m": {"b": 1}}, {"m": url}) == []
        assert len(await checked(held, {"m": {}}, {"m": url})) == 1

    run(scene())


@pytest.mark.parametrize(
    "body",
    [
        b"<html></html>",
        b"",
        b"[]",
        b"true",
        b"\xff\xfe\x00",
        b'{"type":"rope"}',
        b'{"type":"object","required":true}',
        b'{"$ref":"#/definitions/none"}',
        b'{"properties":{"a":{"pattern":"(("}}}',
        b'{"not":' * 400 + b"{}" + b"}" * 400,
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("policy", ["accept", "reject"])
def test_what_is_fetched_must_be_a_json_schema(site: Any, body: bytes, policy: str) -> None:
    url = site.put("/s.json", body)
    (problem,) = run(checked(schemas(site), {"color": {}}, {"color": url}, policy))
    assert problem.field == "metadata.mixins.color"
    assert "is not a JSON Schema" in problem.message
    assert len(problem.message) < 500


def test_references_to_other_documents_are_fetched_like_the_schema(site: Any) -> None:
    site.put("/s/types.json", b'{"definitions":{"hex":{"pattern":"^#","$ref":"deeper.json#/definitions/h"}}}')
    site.put("/s/deeper.json", b'{"definitions":{"h":{"type":"string"}}}')
    url = site.put(
        "/s/color.json", b'{"properties":{"hex":{"$ref":"types.json#/definitions/hex"},"me":{"$ref":"#"}}}'
    )

    async def scene() -> None:
        held = schemas(site)
        assert await checked(held, {"c": {"hex": "x"}}, {"c": url}) == []
        (problem,) = await checked(held, {"c": {"me": {"hex": 5}}}, {"c": url})
        assert problem.field == "mixins.c.me.hex"

    run(scene())
    assert [path for path, _ in site.seen] == ["/s/color.json", "/s/types.json", "/s/deeper.json"]


def test_a_reference_to_the_dialect_itself_needs_no_network(site: Any) -> None:
    schema = {"properties": {"schema": {"$ref": "http://json-schema.org/draft-04/schema#"}}}
    assert len(problems(site, schema, {"schema": {"type": "rope"}})) == 1


def test_a_url_may_point_into_its_document(site: Any) -> None:
    base = site.put("/all.json", b'{"definitions":{"a":{"required":["x"]}}}')
    held = schemas(site)

    async def scene() -> None:
        assert len(await checked(held, {"m": {}}, {"m": f"{base}#/definitions/a"})) == 1
        assert await checked(held, {"m": {}}, {"m": base}) == []
        (problem,) = await checked(held, {"m": {}}, {"m": f"{base}#/definitions/b"})
        assert "is not a JSON Schema" in problem.message

    run(scene())


@pytest.mark.parametrize(
    "reference", ["file:///etc/hostname", "http://localhost:{port}/x.json", "http://169.254.169.254/"]
)
def test_a_reference_can_not_lead_where_a_url_may_not(site: Any, reference: str) -> None:
    reference = reference.format(port=site.port)
    (problem,) = problems(site, {"properties": {"a": {"$ref": reference}}}, {"a": 1})
    assert problem.message.endswith("cannot be fetched")
    assert [path for path, _ in site.seen] == ["/schema.json"]


def test_a_chain_of_references_has_an_end(site: Any) -> None:
    for i in range(MAX_DOCUMENTS + 1):
        site.put(f"/{i}.json", json.dumps({"properties": {"a": {"$ref": f"{i + 1}.json"}}}).encode())
    (problem,) = run(checked(schemas(site), {"m": {"a": {}}}, {"m": site.url("/0.json")}))
    assert f"more than {MAX_DOCUMENTS - 1} other documents" in problem.message
    assert len(site.seen) == MAX_DOCUMENTS


def test_documents_may_refer_to_each_other_in_a_circle(site: Any) -> None:
    site.put("/a.json", b'{"type":"object","properties":{"b":{"$ref":"b.json"}}}')
    site.put("/b.json", b'{"type":"object","properties":{"a":{"$ref":"a.json"}}}')

    async def scene() -> list[Problem]:
        return await checked(schemas(site), {"m": {"b": {"a": {"b": 1}}}}, {"m": site.url("/a.json")})

    assert [problem.field for problem in run(scene())] == ["mixins.m.b.a.b"]


def test_concurrent_loads_of_a_url_are_one_fetch_and_survive_a_caller_that_gives_up(site: Any) -> None:
    url = site.put("/s.json", b"{}")

    async def scene() -> None:
        held = schemas(site)
        first = asyncio.create_task(held.load([url]))
        others = [asyncio.create_task(held.load([url, url])) for _ in range(5)]
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(*others)
        assert held.check({"m": {}}, {"m": url}, tenant="t", url_required=True, unreachable="reject") == []
        await held.load([url])

    run(scene())
    assert len(site.seen) == 1


def test_many_urls_load_in_turns(site: Any) -> None:
    urls = [site.put(f"/{i}.json", b"{}") for i in range(CONCURRENT_FETCHES * 2)]
    run(schemas(site).load(urls))
    assert len(site.seen) == len(urls)


def test_the_least_recently_used_schema_is_forgotten(site: Any) -> None:
    a, b, c = (site.put(f"/{name}.json", b"{}") for name in "abc")

    async def scene() -> None:
        held = schemas(site, capacity=2)
        for url in (a, b, a, c):
            assert await checked(held, {"m": {}}, {"m": url}) == []
        held.check({"m": {}, "n": {}}, {"m": a, "n": c}, tenant="t", url_required=True, unreachable="reject")
        with pytest.raises(SchemasNeeded):
            held.check({"m": {}}, {"m": b}, tenant="t", url_required=True, unreachable="reject")

    run(scene())


def test_a_schema_of_this_server_needs_no_fetch(site: Any) -> None:
    async def local(url: str) -> Local | None:
        return Local("t", b'{"required":["x"]}') if url.startswith("https://shop.example/") else None

    async def scene() -> None:
        held = schemas(site, local=local)
        assert len(await checked(held, {"m": {}}, {"m": "https://shop.example/schema_v1.json"})) == 1
        assert await checked(held, {"m": {}}, {"m": site.put("/s.json", b"{}")}) == []

    run(scene())
    assert len(site.seen) == 1


def test_a_pattern_that_backtracks_does_not_hang(site: Any) -> None:
    schema = {"properties": {"a": {"type": "string", "pattern": r"^(?=(a+)+$)(a+)+\2$"}}}
    assert len(problems(site, schema, {"a": "a" * 5000 + "b"})) == 1


def test_a_schema_whose_references_double_is_refused_before_it_is_compiled(site: Any) -> None:
    doubling: dict[str, Any] = {
        f"d{at}": {"allOf": [{"$ref": f"#/definitions/d{at + 1}"}] * 2} for at in range(40)
    }
    doubling["d40"] = {"type": "object"}
    (problem,) = problems(site, {"definitions": doubling, "$ref": "#/definitions/d0"}, GOOD)
    assert "more than 10000 nodes" in problem.message
    recursive = {"properties": {"name": {"type": "string"}, "part": {"$ref": "#"}}}
    assert problems(site, recursive, {**GOOD, "part": GOOD}) == []


def test_what_this_server_would_publish_is_asked_for_again_once_something_was_written() -> None:
    published: dict[str, bytes] = {}

    async def local(url: str) -> Local | None:
        return Local("t", published.get(url))

    async def scene() -> None:
        held = Schemas(SafeFetcher(), local=local)
        url = "https://shop.example/a_v1.json"
        (problem,) = await checked(held, {"m": {}}, {"m": url}, "accept")
        assert problem.message == f"No matching schema found: {url} is not published by this tenant"
        published[url] = b"{}"
        assert len(await checked(held, {"m": {}}, {"m": url})) == 1
        held.absent.clear()
        assert await checked(held, {"m": {}}, {"m": url}) == []

    run(scene())


def test_a_tenants_schema_is_for_nobody_else_not_even_by_reference() -> None:
    urls = [f"https://shop.example/{name}.json" for name in ("mine", "theirs", "both")]
    bodies = [b"{}", b"{}", json.dumps({"allOf": [{"$ref": urls[1]}]}).encode()]

    async def local(url: str) -> Local | None:
        return Local("them" if url == urls[1] else "t", bodies[urls.index(url)])

    async def scene() -> None:
        held = Schemas(SafeFetcher(), local=local)
        for url, count in zip(urls, (0, 1, 1), strict=True):
            assert len(await checked(held, {"m": {}}, {"m": url}, "accept")) == count

    run(scene())
