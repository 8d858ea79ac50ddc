"""Countries and regions over HTTP: names, filters, sort, pages, and which are active."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from coterie.services.country import facade
from coterie.services.country.routes import SERVICE
from coterie.services.country.rules import REGION_OF
from support.api import Api, Server, new_tenant
from support.calls import asked

COUNTRIES = "/country/{tenant}/countries"
REGIONS = "/country/{tenant}/regions"
ISO = Path("/usr/share/zoneinfo/iso3166.tab")


def codes(response: Any) -> list[str]:
    assert response.status == 200, response.json
    return [each["code"] for each in response.json]


def patch(api: Api, code: str, active: bool, version: int = 1) -> int:
    body = {"active": active, "metadata": {"version": version}}
    return api.patch(f"{COUNTRIES}/{code}", body).status


def test_a_country_is_named_in_the_tenants_default_language_or_the_one_asked_for(api: Api) -> None:
    one = api.get(f"{COUNTRIES}/PL").json
    metadata = one.pop("metadata")
    assert one == {"code": "PL", "name": {"en": "Poland"}, "regions": ["Europe"], "active": True}
    assert metadata["version"] == 1
    assert metadata["createdAt"] == metadata["modifiedAt"]
    for header, name in (
        ("de", {"de": "Polen"}),
        ("fr-CH, de;q=0.5", {"de": "Polen"}),
        ("fr", {"en": "Poland"}),
        ("*", {"en": "Poland", "de": "Polen"}),
    ):
        assert api.get(f"{COUNTRIES}/PL", accept_language=header).json["name"] == name
    assert api.get(f"{COUNTRIES}/PL", accept_language="d;;").status == 400


def test_a_tenants_languages_may_be_any(server: Server) -> None:
    api = new_tenant(server, ("pl", "zh-TW", "qx"))
    name = api.get(f"{COUNTRIES}/DE", accept_language="*").json["name"]
    assert name == {"pl": "Niemcy", "zh-TW": "德國", "qx": "Germany"}


@pytest.mark.skipif(not ISO.exists(), reason="the machine has no table of ISO 3166-1")
def test_every_country_of_iso_3166_1_is_there() -> None:
    listed = {line.split("\t")[0] for line in ISO.read_text().splitlines() if not line.startswith("#")}
    assert set(REGION_OF) == listed | {"XK"}


def test_the_list_has_every_country_by_code_in_one_statement(api: Api) -> None:
    patch(api, "AQ", active=False)
    with api.statements(1):
        every = api.get(f"{COUNTRIES}?pageSize=300", x_total_count="true")
    assert codes(every) == sorted(REGION_OF)
    assert every.headers["x-total-count"] == "250"
    assert [each["code"] for each in every.json if not each["active"]] == ["AQ"]


def test_pages_do_not_overlap(api: Api) -> None:
    pages = [
        codes(api.get(f"{COUNTRIES}?sort=regions&pageSize=40&pageNumber={page}")) for page in range(1, 9)
    ]
    assert [len(page) for page in pages] == [40] * 6 + [10, 0]
    found = [code for page in pages for code in page]
    assert found == sorted(REGION_OF, key=lambda code: (REGION_OF[code], code))
    assert len(codes(api.get(COUNTRIES))) == 60
    for wrong in ("pageNumber=0", "pageSize=0", "pageNumber=1000000000000000000"):
        assert api.get(f"{COUNTRIES}?{wrong}").status == 400


@pytest.mark.parametrize(
    ("query", "language", "expected"),
    [
        ("code=de", "", ["DE"]),
        ("name=ISLE", "en", ["IM"]),
        ("name=polen", "de", ["PL"]),
        ("name=polen", "en", []),
        ("name.de=polen", "en", ["PL"]),
        ("name.de=polen", "*", ["PL"]),
        ("name=poland", "*", ["PL"]),
        ("name.fr=polen", "*", []),
        ("regions=Antarc", "", ["AQ"]),
        ("regions=SouthAmerica&name=gu", "en", ["GF", "GY", "PY", "UY"]),
        ("active=false", "", ["BV"]),
        ("active=false&code=Z", "", []),
        ("code=", "", None),
        ("code=A&active=true&sort=code:DESC&pageSize=2", "", ["ZA", "VA"]),
        ("code=AT&sort=nothing", "", ["AT"]),
    ],
)
def test_filters_and_sort(api: Api, query: str, language: str, expected: list[str] | None) -> None:
    assert patch(api, "BV", active=False) == 204
    headers = {"accept_language": language} if language else {}
    found = codes(api.get(f"{COUNTRIES}?{query}", **headers))
    assert found == (expected if expected is not None else codes(api.get(COUNTRIES)))


def test_a_localized_sort_is_of_the_language(api: Api) -> None:
    few = f"{COUNTRIES}?regions=SouthAmerica&pageSize=3&sort="
    assert codes(api.get(few + "name")) == ["AR", "BO", "BV"]
    assert codes(api.get(few + "name:desc", accept_language="de")) == codes(api.get(few + "name.de:desc"))
    assert codes(api.get(few + "active,name.de:desc")) == ["VE", "UY", "GS"]
    assert codes(api.get(few + "metadata.version:desc")) == ["AR", "BO", "BR"]


def test_only_active_can_be_changed_and_takes_the_version(api: Api) -> None:
    one = f"{COUNTRIES}/FR"
    assert patch(api, "FR", active=False) == 204
    changed = api.get(one).json
    assert (changed["active"], changed["metadata"]["version"], changed["name"]) == (
        False,
        2,
        {"en": "France"},
    )
    assert changed["metadata"]["createdAt"] == api.get(f"{COUNTRIES}/DE").json["metadata"]["createdAt"]
    assert api.patch(one, {"name": {"en": "X"}, "metadata": {"version": 2}}).status == 204
    kept = api.get(one).json
    assert (kept["active"], kept["name"], kept["metadata"]["version"]) == (False, {"en": "France"}, 3)
    with api.unchanged():
        assert patch(api, "FR", active=True, version=2) == 409
        assert patch(api, "GB", active=True, version=2) == 409
        assert patch(api, "QQ", active=True) == 404
        refused = api.patch(one, {"active": True})
        assert (refused.status, refused.json["details"]) == (400, ["metadata: is required"])
        assert api.patch(one, {"active": "perhaps", "metadata": {"version": 3}}).status == 400
    assert patch(api, "FR", active=True, version=3) == 204


def test_a_country_that_is_none_is_not_found(api: Api) -> None:
    for code in ("QQ", "de", "EU", "DEU"):
        refused = api.get(f"{COUNTRIES}/{code}")
        assert (refused.status, refused.json["entityId"]) == (404, code)


def test_another_tenants_countries_are_its_own(api: Api, server: Server) -> None:
    patch(api, "FR", active=False)
    assert new_tenant(server).get(f"{COUNTRIES}/FR").json["active"] is True


def test_a_visitor_reads_and_does_not_change(api: Api) -> None:
    visitor = api.as_anonymous()
    assert len(codes(visitor.get(f"{COUNTRIES}?pageSize=300"))) == 250
    assert len(codes(visitor.get(REGIONS))) == 7
    with api.unchanged():
        assert patch(visitor, "FR", active=False) == 403


def test_regions_are_listed_filtered_and_read(api: Api) -> None:
    assert len(codes(api.get(REGIONS))) == 7
    with api.statements(1):
        assert codes(api.get(REGIONS)) == sorted(set(REGION_OF.values()))
    assert codes(api.get(f"{REGIONS}?name=america&sort=name:desc")) == ["SouthAmerica", "NorthAmerica"]
    assert codes(api.get(f"{REGIONS}?name.de=Europ", accept_language="*")) == ["Europe"]
    assert codes(api.get(f"{REGIONS}?code=As")) == ["Asia"]
    one = api.get(f"{REGIONS}/Europe", accept_language="*").json
    assert (one["code"], one["name"], one["metadata"]["version"]) == (
        "Europe",
        {"en": "Europe", "de": "Europa"},
        1,
    )
    assert api.get(f"{REGIONS}/Atlantis").status == 404


def test_the_facade_tells_active_countries_and_their_names(api: Api) -> None:
    patch(api, "FR", active=False)
    found = asked(api, SERVICE, lambda call: facade.active(call, {"DE", "FR", "QQ"}))
    assert found == {"DE"}
    reasons = asked(api, SERVICE, lambda call: facade.refusals(call, ["DE", "FR", "QQ"]))
    assert reasons.keys() == {"FR", "QQ"}
    assert "not active" in reasons["FR"]
    assert "ISO 3166-1" in reasons["QQ"]
    assert facade.names("CH", ("de", "fr")) == {"de": "Schweiz", "fr": "Suisse"}
    assert facade.names("QQ", ("de",)) == {}
