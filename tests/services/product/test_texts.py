"""Localised texts of products: text or map, in and out (CONTRACT §2.6)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.api import Api, Server, new_tenant

PRODUCTS = "/product/{tenant}/products"
LANGUAGES = ("en", "de", "fr-CH")
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@pytest.fixture
def shop(server: Server) -> Api:
    """A shop whose texts are in English (the default), German and Swiss French."""
    return new_tenant(server, languages=LANGUAGES)


def put(shop: Api, name: Any, **headers: str) -> int:
    return shop.put(f"{PRODUCTS}/mug", {"code": "MUG", "name": name}, **headers).status


def read(shop: Api, **headers: str) -> Any:
    return shop.get(f"{PRODUCTS}/mug", **headers).json["name"]


@pytest.mark.parametrize(
    ("content_language", "name", "stored"),
    [
        (None, "Mug", {"en": "Mug"}),
        (None, {"de": "Becher", "en": "Mug"}, {"de": "Becher", "en": "Mug"}),
        ("de", "Becher", {"de": "Becher"}),
        ("DE", "Becher", {"de": "Becher"}),
        ("de", {"de": "Becher"}, {"de": "Becher"}),
        ("de, fr-CH", "Becher", {"de": "Becher"}),
        ("de, fr-CH", {"fr-CH": "Tasse"}, {"fr-CH": "Tasse"}),
        ("*", {"fr-CH": "Tasse"}, {"fr-CH": "Tasse"}),
        ("*", "Mug", {"en": "Mug"}),
    ],
)
def test_what_is_stored_of_a_text_or_a_map(
    shop: Api, content_language: str | None, name: Any, stored: dict[str, str]
) -> None:
    headers = {"content_language": content_language} if content_language else {}
    assert put(shop, name, **headers) == 201
    assert read(shop) == stored


@pytest.mark.parametrize(
    ("content_language", "name"),
    [("ru", "x"), ("de;q=1", "x"), ("de", {"en": "Mug"}), (None, {"ru": "x"}), (None, {"de-AT": "x"})],
)
def test_languages_that_are_not_the_tenants_or_not_named_are_refused(
    shop: Api, content_language: str | None, name: Any
) -> None:
    headers = {"content_language": content_language} if content_language else {}
    with shop.unchanged():
        assert put(shop, name, **headers) == 400


@pytest.mark.parametrize(
    ("accept", "name", "language"),
    [
        ("de", "Becher", "de"),
        ("en", "Mug", "en"),
        ("de-AT", "Becher", "de"),
        ("fr", "Mug", "fr-CH"),  # no French text here: the default's
        ("ru, de;q=0.5", "Becher", "de"),
        ("de;q=0.2, en;q=0.9", "Mug", "en"),
    ],
)
def test_one_text_in_the_best_language(shop: Api, accept: str, name: str, language: str) -> None:
    put(shop, {"de": "Becher", "en": "Mug"})
    for path in (f"{PRODUCTS}/mug", PRODUCTS):
        answer = shop.get(path, accept_language=accept)
        product = answer.json[0] if isinstance(answer.json, list) else answer.json
        assert product["name"] == name
        assert answer.headers["content-language"] == language


@pytest.mark.parametrize("headers", [{}, {"accept_language": "*"}])
def test_all_translations(shop: Api, headers: dict[str, str]) -> None:
    put(shop, {"de": "Becher", "en": "Mug"})
    answer = shop.get(f"{PRODUCTS}/mug", **headers)
    assert answer.json["name"] == {"de": "Becher", "en": "Mug"}
    assert "content-language" not in answer.headers


def test_a_product_in_one_language_only_is_read_in_it(shop: Api) -> None:
    put(shop, "Becher", content_language="de")
    assert read(shop, accept_language="en") == "Becher"


def test_a_language_that_the_tenant_lacks_is_refused(shop: Api) -> None:
    answer = shop.get(PRODUCTS, accept_language="ru")
    assert (answer.status, answer.json["message"]) == (400, "Language header validation failed.")
    assert "Following languages are not supported: 'ru'" in answer.json["details"][0]


def test_a_patch_in_one_language_keeps_the_others(shop: Api) -> None:
    put(shop, {"de": "Becher", "en": "Mug"})
    shop.patch(f"{PRODUCTS}/mug", {"name": "Tasse", "description": "Neu"}, content_language="de")
    product = shop.get(f"{PRODUCTS}/mug").json
    assert (product["name"], product["description"]) == ({"de": "Tasse", "en": "Mug"}, {"de": "Neu"})
    with shop.unchanged():
        refused = shop.patch(f"{PRODUCTS}/mug", {"name": {"en": "Cup"}}, content_language="de")
    assert refused.status == 400
    shop.patch(f"{PRODUCTS}/mug", {"name": {"en": None}})
    assert read(shop) == {"de": "Tasse"}


def test_events_carry_all_translations(shop: Api) -> None:
    put(shop, {"de": "Becher", "en": "Mug"}, accept_language="de")
    assert shop.events()[0]["name"] == {"de": "Becher", "en": "Mug"}


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.dictionaries(st.sampled_from(LANGUAGES), texts, min_size=1))
def test_texts_one_by_one_make_the_map_and_come_back_one_by_one(shop: Api, names: dict[str, str]) -> None:
    shop.delete(f"{PRODUCTS}/mug")
    for at, (language, text) in enumerate(names.items()):
        if at == 0:
            assert put(shop, text, content_language=language) == 201
        else:
            body = {"name": text}
            assert shop.patch(f"{PRODUCTS}/mug", body, content_language=language).status == 204
    assert read(shop) == names
    for language, text in names.items():
        assert read(shop, accept_language=language) == text
    assert put(shop, names) == 204
    assert read(shop, accept_language="*") == names
