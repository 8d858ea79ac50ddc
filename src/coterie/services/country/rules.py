"""Pure decisions: which countries and regions there are, and how they are named."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from coterie.kit.language import Accept, choose, filter_map
from coterie.seeds import names

Document = dict[str, Any]
Names = Mapping[str, str]

# The codes of ISO 3166-1 by continent, as UN M.49 has them, with Kosovo's XK, which that standard leaves to its users.
_COUNTRIES = {
    "Africa": "AO BF BI BJ BW CD CF CG CI CM CV DJ DZ EG EH ER ET GA GH GM GN GQ GW IO KE KM LR LS LY MA MG ML MR MU "
    "MW MZ NA NE NG RE RW SC SD SH SL SN SO SS ST SZ TD TF TG TN TZ UG YT ZA ZM ZW",
    "Antarctica": "AQ",
    "Asia": "AE AF AM AZ BD BH BN BT CN CY GE HK ID IL IN IQ IR JO JP KG KH KP KR KW KZ LA LB LK MM MN MO MV MY NP OM "
    "PH PK PS QA SA SG SY TH TJ TL TM TR TW UZ VN YE",
    "Europe": "AD AL AT AX BA BE BG BY CH CZ DE DK EE ES FI FO FR GB GG GI GR HR HU IE IM IS IT JE LI LT LU LV MC MD "
    "ME MK MT NL NO PL PT RO RS RU SE SI SJ SK SM UA VA XK",
    "NorthAmerica": "AG AI AW BB BL BM BQ BS BZ CA CR CU CW DM DO GD GL GP GT HN HT JM KN KY LC MF MQ MS MX NI PA PM "
    "PR SV SX TC TT US VC VG VI",
    "Oceania": "AS AU CC CK CX FJ FM GU HM KI MH MP NC NF NR NU NZ PF PG PN PW SB TK TO TV UM VU WF WS",
    "SouthAmerica": "AR BO BR BV CL CO EC FK GF GS GY PE PY SR UY VE",
}
# What CLDR calls them: continents have numbers of UN M.49.
_REGIONS = {
    "Africa": "002",
    "Antarctica": "AQ",
    "Asia": "142",
    "Europe": "150",
    "NorthAmerica": "003",
    "Oceania": "009",
    "SouthAmerica": "005",
}

REGION_OF: Mapping[str, str] = MappingProxyType(
    {code: region for region, codes in sorted(_COUNTRIES.items()) for code in codes.split()}
)
"""The region of each country; its keys are all countries that there are."""

SEEDS: Mapping[str, Document] = MappingProxyType({code: {"active": True} for code in REGION_OF})
"""What a tenant's countries are until it says otherwise."""

FIELDS = frozenset({"code", "name", "regions", "active"})
REGION_FIELDS = frozenset({"code", "name"})


@lru_cache(256)
def named(languages: tuple[str, ...]) -> Mapping[str, Names]:
    """Every country's names by language."""
    return _named({code: code for code in REGION_OF}, languages)


@lru_cache(256)
def regions_named(languages: tuple[str, ...]) -> Mapping[str, Names]:
    """Every region's names by language."""
    return _named(_REGIONS, languages)


def _named(keys: Mapping[str, str], languages: tuple[str, ...]) -> Mapping[str, Names]:
    found = {language: names.territories(language) for language in languages}
    return MappingProxyType(
        {
            code: MappingProxyType({language: texts[key] for language, texts in found.items()})
            for code, key in keys.items()
        }
    )


def full(state: Document, name: Names) -> Document:
    """A country as it is listed: what the tenant says of it, with its names and region."""
    code = state["code"]
    return {"code": code, "name": dict(name), "regions": [REGION_OF[code]], **state}


def shown(document: Document, accept: Accept, default: str) -> Document:
    """A country or region with the names that the client asked for: all for `*`, else the best one."""
    name = document["name"]
    if accept.translations:
        return {**document, "name": filter_map(name, accept)}
    language = choose(accept, name, default)
    return {**document, "name": {language: name[language]} if language else {}}


def refusal(code: str) -> str:
    """Why this country can't be named."""
    if code in REGION_OF:
        return f"the country {code} is not active; make it active in the country service"
    return f"{code[:80]!r} is not a country of ISO 3166-1; use two capital letters such as DE"
