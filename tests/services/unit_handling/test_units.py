"""Units over HTTP: the built-in ones and a tenant's own, and what is refused."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from coterie.services.unit_handling.rules import builtin, units
from support.api import Api, Server, new_tenant

UNITS = "/unit-handling/{tenant}/units"
TYPES = "/unit-handling/{tenant}/types"


def a_unit(code: str = "box", **changes: Any) -> dict[str, Any]:
    return {
        "code": code,
        "name": {"en": "box", "de": "Kiste"},
        "type": "quantity",
        "baseUnit": False,
        "factor": 24,
        **changes,
    }


def create(api: Api, code: str = "box", **changes: Any) -> None:
    response = api.post(UNITS, a_unit(code, **changes), content_language="*")
    assert (response.status, response.json) == (201, {"code": code})


def one(api: Api, code: str, language: str = "*") -> Any:
    response = api.get(f"{UNITS}/{code}", accept_language=language)
    assert response.status == 200, response.json
    return response.json


def codes(response: Any) -> list[str]:
    assert response.status == 200, response.json
    return [each["code"] for each in response.json]


def test_built_in_units_are_named_in_the_tenants_languages(api: Api) -> None:
    view = one(api, "g")
    metadata = view.pop("metadata")
    assert view == {
        "code": "g",
        "name": {"en": "gram", "de": "Gramm"},
        "type": "mass",
        "symbol": "g",
        "baseUnit": False,
        "factor": 0.001,
    }
    assert metadata["version"] == 1
    assert one(api, "kg")["baseUnit"] is True
    assert one(api, "H87", "de")["name"] == "Stück"
    assert one(api, "GRM", "de-AT, en;q=0.5")["name"] == "Gramm"
    assert one(api, "GRM", "fr")["name"] == ""
    assert api.get(f"{UNITS}/GRM").json["name"] == "gram"
    assert api.get(f"{UNITS}/nothing").json["unitCode"] == "nothing"


def test_every_built_in_unit_has_a_name_in_every_language(server: Server) -> None:
    api = new_tenant(server, ("ja", "zh-TW", "ar", "qx"))
    for unit in api.get(f"{UNITS}?pageSize=500", accept_language="*").json:
        assert set(unit["name"]) == {"ja", "zh-TW", "ar", "qx"}
        # What CLDR lacks would show its key, such as mass-gram.
        assert not any(name.startswith(f"{unit['type']}-") for name in unit["name"].values()), unit
        assert all(unit["name"].values()), unit


def test_the_list_has_built_in_and_own_units_in_one_statement(api: Api) -> None:
    create(api)
    with api.statements(1):
        found = api.get(f"{UNITS}?pageSize=500", x_total_count="true")
    assert codes(found) == sorted({*builtin.CODES, "box"})
    assert found.headers["x-total-count"] == str(len(builtin.CODES) + 1)
    assert len(codes(api.get(UNITS))) == 60


@pytest.mark.parametrize(
    ("query", "language", "expected"),
    [
        ("type=mass&name=gram", "en", ["DJ", "GRM", "KGM", "MC", "MGM", "dag", "g", "kg", "mg", "ug"]),
        ("type=SS&baseUnit=true", "", ["kg"]),
        ("factor=24", "", ["box"]),
        ("factor=24.0", "", ["box"]),
        ("factor=many", "", []),
        ("factor=0.0254", "", ["INH", "in"]),
        ("symbol=%C2%B2&baseUnit=true", "", ["m2"]),
        ("name=Kiste", "de", ["box"]),
        ("name=Kiste", "", []),
        ("name.de=kist", "*", ["box"]),
        ("metadata.version=2", "", ["l"]),
        ("type=volume&sort=factor:desc,code&pageSize=3", "", ["MTQ", "m3", "HLT"]),
        ("type=quantity&sort=baseUnit:DESC,name,code&pageSize=3", "en", ["pc", "box", "DZN"]),
        ("type=mass&sort=metadata.createdAt:desc,code&pageSize=1", "", ["APZ"]),
    ],
)
def test_any_field_filters_and_sorts(api: Api, query: str, language: str, expected: list[str]) -> None:
    create(api)
    litre = {**a_unit("l", type="volume", baseUnit=True, factor=1), "name": "litre"}
    assert api.put(f"{UNITS}/l", litre, content_language="en").status == 204
    headers = {"accept_language": language} if language else {}
    assert codes(api.get(f"{UNITS}?{query}", **headers)) == expected


def test_a_factor_is_exact(api: Api) -> None:
    text = b"0.1234567890123456789012345678901234567890"
    body = b'{"code":"x","name":"x","type":"odd","baseUnit":false,"factor":' + text + b"}"
    assert api.post(UNITS, body, content_language="en").status == 201
    assert b'"factor":' + text.rstrip(b"0") in api.get(f"{UNITS}/x").body
    create(api, "y", factor="2.50")
    assert b'"factor":2.5,' in api.get(f"{UNITS}/y").body


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"code": ""}, "code"),
        ({"code": "two words"}, "code"),
        ({"code": "convert-unit-commands"}, "code"),
        ({"code": None}, "code"),
        ({"name": ""}, "name"),
        ({"name": {}}, "name"),
        ({"name": {"fr": "boîte"}}, "name"),
        ({"type": " "}, "type"),
        ({"factor": 0}, "factor"),
        ({"factor": -1}, "factor"),
        ({"factor": "NaN"}, "factor"),
        ({"factor": "1e99"}, "factor"),
        ({"factor": "0." + "1" * 41}, "factor"),
        ({"factor": None}, "factor"),
        ({"baseUnit": None}, "baseUnit"),
        ({"baseUnit": True, "type": "energy"}, "factor"),
        ({"baseUnit": True, "factor": 1}, "baseUnit"),
    ],
)
def test_a_unit_that_breaks_a_rule_is_refused(api: Api, changes: dict[str, Any], message: str) -> None:
    with api.unchanged():
        response = api.post(UNITS, a_unit(**changes), content_language="*")
    assert response.status == 400
    assert response.json["details"][0].startswith(message)


def test_the_language_of_a_body_must_be_said(api: Api) -> None:
    with api.unchanged():
        for response in (api.post(UNITS, a_unit()), api.put(f"{UNITS}/kg", a_unit("kg"))):
            assert (response.status, response.json["message"]) == (
                400,
                "The Content-Language cannot be empty",
            )


def test_a_code_that_is_there_is_a_conflict(api: Api) -> None:
    create(api)
    with api.unchanged():
        for code in ("box", "kg", "H87"):
            response = api.post(UNITS, a_unit(code), content_language="*")
            assert (response.status, response.json["unitCode"]) == (409, code)


def test_a_put_replaces_built_in_and_own_units(api: Api) -> None:
    create(api, symbol="bx")
    for code in ("box", "pc"):
        base = code == "pc"
        body = a_unit(code, baseUnit=base, factor=1 if base else 12, name="Ding", metadata={"version": 1})
        assert api.put(f"{UNITS}/{code}", body, content_language="de").status == 204
        view = one(api, code)
        assert (view["name"], view["metadata"]["version"]) == ({"de": "Ding"}, 2)
        assert "symbol" not in view
        assert one(api, code, "en")["name"] == ""
    with api.unchanged():
        stale = api.put(f"{UNITS}/box", a_unit(metadata={"version": 1}), content_language="*")
        assert stale.status == 404
        assert "version: 1" in stale.json["message"]
        other = api.put(f"{UNITS}/box", a_unit("crate"), content_language="*")
        assert (other.status, other.json["message"][:13]) == (400, "The unit code")
        assert api.put(f"{UNITS}/none", a_unit("none"), content_language="*").status == 404
        assert (
            api.put(
                f"{UNITS}/g", a_unit("g", baseUnit=True, factor=1, type="mass"), content_language="*"
            ).status
            == 400
        )
    assert api.put(f"{UNITS}/box", a_unit(), content_language="*").status == 204


def test_a_deleted_unit_stays_deleted_until_it_is_created_again(api: Api) -> None:
    create(api)
    for code in ("box", "lb"):
        assert api.delete(f"{UNITS}/{code}").status == 204
        with api.unchanged():
            assert api.get(f"{UNITS}/{code}").status == 404
            assert api.delete(f"{UNITS}/{code}").status == 404
            assert api.put(f"{UNITS}/{code}", a_unit(code), content_language="*").status == 404
    assert "lb" not in codes(api.get(f"{UNITS}?pageSize=500"))
    create(api, "lb", type="mass", factor="0.5")
    assert (one(api, "lb")["factor"], one(api, "lb")["metadata"]["version"]) == (0.5, 1)


def test_a_bulk_deletion_passes_over_what_is_not_there(api: Api) -> None:
    create(api)
    with api.statements(8):
        assert api.delete(UNITS, ["box", "kg", "g", "none", "g"]).status == 204
    assert not {"box", "kg", "g"} & set(codes(api.get(f"{UNITS}?pageSize=500")))
    with api.unchanged():
        assert api.delete(UNITS, ["box", "kg", "g", "none"]).status == 204
        assert api.delete(UNITS, []).status == 204
        for wrong in (None, {}, [1], ["x"] * 201):
            assert api.delete(UNITS, wrong).status == 400
    # The base unit of mass is gone, so there may be another.
    create(api, "pood", type="mass", baseUnit=True, factor=1)


def test_types_are_those_of_all_units(api: Api) -> None:
    assert api.get(TYPES).json == ["area", "length", "mass", "quantity", "volume"]
    create(api, "kWh", type="energy", baseUnit=True, factor=1)
    area = [code for code in builtin.CODES if builtin.seeds((), {code})[code]["type"] == "area"]
    assert api.delete(UNITS, area).status == 204
    with api.statements(1):
        assert api.get(TYPES).json == ["energy", "length", "mass", "quantity", "volume"]


def test_a_type_gets_one_base_unit_from_two_at_once(api: Api) -> None:
    async def both() -> list[int]:
        bodies = [a_unit(code, type="energy", baseUnit=True, factor=1) for code in ("J", "kWh")]
        sent = [api.send("POST", UNITS, body, content_language="*") for body in bodies]
        return [response.status for response in await asyncio.gather(*sent)]

    assert sorted(api.run(both())) == [201, 400]


def test_a_visitor_reads_and_does_not_write(api: Api) -> None:
    visitor = api.as_anonymous()
    assert visitor.get(f"{UNITS}/kg").status == 200
    with api.unchanged():
        assert visitor.post(UNITS, a_unit(), content_language="*").status == 403
        assert visitor.delete(UNITS, ["kg"]).status == 403


def test_a_tenant_adds_a_bounded_number(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "MOST_OWN", 2)
    create(api, "a")
    create(api, "b")
    with api.unchanged():
        assert api.post(UNITS, a_unit("c"), content_language="*").status == 400
    assert api.put(f"{UNITS}/a", a_unit("a"), content_language="*").status == 204


@pytest.mark.parametrize(
    ("many", "small", "large"),
    [
        (12, "in", "ft"),
        (3, "ft", "yd"),
        (1760, "yd", "mi"),
        (100, "cm", "m"),
        (16, "oz", "lb"),
        (14, "lb", "st"),
        (7000, "gr", "lb"),
        (480, "gr", "oz-t"),
        (2000, "lb", "us-ton"),
        (128, "us-fl-oz", "us-gal"),
        (8, "us-fl-oz", "us-cup"),
        (2, "us-cup", "us-pt"),
        (2, "us-pt", "us-qt"),
        (160, "imp-fl-oz", "imp-gal"),
        (4, "imp-qt", "imp-gal"),
        (144, "in2", "ft2"),
        (9, "ft2", "yd2"),
        (4840, "yd2", "acre"),
        (12, "pc", "dozen"),
        (12, "dozen", "gross"),
    ],
)
def test_the_factors_agree_with_each_other(many: int, small: str, large: str) -> None:
    seeds = builtin.seeds(())
    assert Decimal(seeds[small]["factor"]) * many == Decimal(seeds[large]["factor"])


def test_each_type_has_one_base_unit_and_two_codes_mean_the_same() -> None:
    seeds = builtin.seeds(("en",))
    assert set(builtin.BASES) == {unit["type"] for unit in seeds.values()}
    assert all(seeds[code]["factor"] == "1" for code in builtin.BASES.values())
    for short, trade in (("kg", "KGM"), ("l", "LTR"), ("m", "MTR"), ("pc", "H87"), ("in", "INH")):
        assert {**seeds[trade], "baseUnit": None} == {**seeds[short], "baseUnit": None}
