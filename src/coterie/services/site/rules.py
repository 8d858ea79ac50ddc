"""Pure decisions: what a site may say, and how much of it `expand` asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from coterie.kit.errors import Invalid, Problem
from coterie.kit.language import Languages

_CODE = re.compile(r"[^\s#]{1,66}")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_COUNTRY = re.compile(r"[A-Z]{2}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2}", re.ASCII)
_MIXIN = re.compile(r"[^\s/#?%]{1,100}")
# More places than any currency or price needs; a scale without bound would let one number fill the memory.
_MOST_PLACES = 10

SERVICES = ("payment", "shipping", "tax")
_EXPANDABLE = ", ".join((*SERVICES, "mixin"))


def check_code(code: str, field: str) -> None:
    """Raises Invalid for a code that no site can have."""
    if not _CODE.fullmatch(code):
        message = f"{code[:80]!r} is not a site code; use 1 to 66 characters, none of them a space or #"
        raise Invalid(problems=(Problem.violation(field, message),))


def site_problems(document: Mapping[str, Any], _before: Mapping[str, Any] | None) -> list[Problem]:
    """What a site must not say."""
    return list(_problems(document))


def _problems(document: Mapping[str, Any]) -> Iterator[Problem]:
    if not document["name"].strip():
        yield Problem.violation("name", "is empty")
    yield from _languages(document["languages"], document["defaultLanguage"])
    yield from _each("currency", [document["currency"]], _CURRENCY, "a currency such as EUR")
    yield from _each(
        "availableCurrencies", document.get("availableCurrencies", ()), _CURRENCY, "a currency such as EUR"
    )
    yield from _each("shipToCountries", document["shipToCountries"], _COUNTRY, "a country code such as DE")
    home = document["homeBase"]
    yield from _each(
        "homeBase.address.country", [home["address"]["country"]], _COUNTRY, "a country code such as DE"
    )
    if not home["address"]["zipCode"].strip():
        yield Problem.violation("homeBase.address.zipCode", "is empty")
    zone = home.get("timezone")
    if zone is not None and zone not in _zones():
        yield Problem.violation(
            "homeBase.timezone", f"{zone[:80]!r} is not an IANA time zone such as Europe/Paris"
        )
    location = home.get("location", {})
    for name, most in (("latitude", 90), ("longitude", 180)):
        if not -most <= location.get(name, 0) <= most:
            yield Problem.violation(f"homeBase.location.{name}", f"must be between -{most} and {most}")
    if not 0 <= document["cartCalculationScale"] <= _MOST_PLACES:
        yield Problem.violation("cartCalculationScale", f"must be between 0 and {_MOST_PLACES}")


def _languages(languages: Sequence[str], default: str) -> Iterator[Problem]:
    yield from _each("languages", languages, _LANGUAGE, "a language of two letters such as en")
    if not languages:
        yield Problem.violation("languages", "is empty; name at least one language")
    elif default not in languages:
        yield Problem.violation("defaultLanguage", f"{default[:80]!r} is not among languages")


def _each(field: str, values: Sequence[str], pattern: re.Pattern[str], what: str) -> Iterator[Problem]:
    for value in values:
        if not pattern.fullmatch(value):
            yield Problem.violation(field, f"{value[:80]!r} is not {what}")


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def foreign_languages(languages: Sequence[str], tenant: Languages) -> list[Problem]:
    """The languages of a site that its tenant lacks."""
    return [
        Problem.violation(
            "languages",
            f"{language!r} is not a language of the tenant; it has {', '.join(tenant.supported)}",
        )
        for language in languages
        if language not in tenant.supported
    ]


def countries(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The countries that a site names, each with its field."""
    home = document["homeBase"]["address"]["country"]
    return [
        ("homeBase.address.country", home),
        *(("shipToCountries", each) for each in document["shipToCountries"]),
    ]


def currencies(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The currencies that a site names, each with its field."""
    others = document.get("availableCurrencies", ())
    return [("currency", document["currency"]), *(("availableCurrencies", each) for each in others)]


Named = Callable[[Mapping[str, Any]], list[tuple[str, str]]]


def misfits(
    code: str, document: Mapping[str, Any], tenant: Languages, foreign: Collection[str]
) -> Iterator[str]:
    """What a site has that its tenant lacks: languages, and those of its currencies that are `foreign`."""
    for language in document["languages"]:
        if language not in tenant.supported:
            yield f"the site {code} has the language {language}"
    for currency in dict.fromkeys(each for _, each in currencies(document)):
        if currency in foreign:
            yield f"the site {code} sells in {currency}"


def becomes_default(code: str, wanted: bool | None, current: str | None) -> bool:
    """Whether the site `code` is the default once it is written; `current` is the one that is so far.

    A tenant's first site is, whatever it says. Raises Invalid when the default site only drops the flag.
    """
    if current is not None and current != code:
        return bool(wanted)
    if current == code and wanted is False:
        message = "this is the default site; make another site the default instead"
        raise Invalid(problems=(Problem.violation("default", message),))
    return True


def fill_services(document: dict[str, Any]) -> None:
    """Make a site say of each of its services whether it is active: it is, unless the site says otherwise."""
    for kind in SERVICES:
        for each in document.get(kind, ()):
            each.setdefault("active", True)


@dataclass(frozen=True)
class Expansion:
    """What of a site is shown. services: all, active or none of each kind. mixins: the names shown, None: all."""

    services: Mapping[str, str]
    mixins: frozenset[str] | None = None

    @property
    def leaves_out(self) -> bool:
        """Whether it shows less than all of a site."""
        return self.mixins is not None or any(choice != "all" for choice in self.services.values())

    def shows(self, kind: str, service: Mapping[str, Any]) -> bool:
        """Whether it shows a service of this kind."""
        choice = self.services.get(kind, "all")
        return choice == "all" or (choice == "active" and service["active"])


def expansion(text: str | None) -> Expansion:
    """The `expand` parameter, such as `payment:active,mixin:*`. What it does not name is shown whole.

    A kind of services that is named without a choice shows its active ones. Raises Invalid.
    """
    services: dict[str, str] = {}
    names: set[str] = set()
    for part in filter(None, (part.strip() for part in (text or "").split(","))):
        setting, _, choice = part.partition(":")
        if setting in SERVICES and choice in ("all", "active", "none", ""):
            services[setting] = choice or "active"
        elif setting in ("mixin", "mixins"):
            names.add(choice or "*")
        else:
            message = (
                f"{part[:80]!r} can't be expanded; write {_EXPANDABLE}, each with a choice such as "
                "payment:all, shipping:active, tax:none or mixin:*"
            )
            raise Invalid(problems=(Problem.violation("expand", message),))
    return Expansion(services, None if not names or "*" in names else frozenset(names))


def shown(view: dict[str, Any], wanted: Expansion, *, restricted: bool) -> dict[str, Any]:
    """The view cut down to the expansion; `restricted` settings of services stay only where asked."""
    result = dict(view)
    for kind in SERVICES:
        if kind in result:
            shown = [each for each in result[kind] if wanted.shows(kind, each)]
            result[kind] = [_configuration(each, restricted=restricted) for each in shown]
            if wanted.services.get(kind) == "none":
                del result[kind]
    if wanted.mixins is not None and "mixins" in result:
        result["mixins"] = {name: value for name, value in result["mixins"].items() if name in wanted.mixins}
    return result


def keep_unseen(document: dict[str, Any], before: Mapping[str, Any], wanted: Expansion) -> None:
    """Put back into a replaced site what the expansion hides: who read a part of a site replaces that part."""
    for kind in SERVICES:
        sent = document.get(kind, [])
        named = {each["id"] for each in sent if "id" in each}
        hidden = [
            each
            for each in before.get(kind, ())
            if not wanted.shows(kind, each) and each.get("id") not in named
        ]
        if hidden:
            document[kind] = [*sent, *hidden]
    if wanted.mixins is not None:
        for name in before.get("mixins", {}).keys() - wanted.mixins - document.get("mixins", {}).keys():
            document.update(with_mixin(document, name, mixin_view(before, name)))


def mixin_view(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A site's mixin by itself: its values, and the URL of its schema as `metadata.schema`."""
    return {**document["mixins"][name], "metadata": {"schema": document["metadata"]["mixins"][name]}}


def named_mixin(body: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Name and content of the one mixin in a body. Raises Invalid."""
    if len(body) != 1:
        raise Invalid(problems=(Problem.violation("", "send an object with one key, the mixin's name"),))
    (name,) = body
    if not _MIXIN.fullmatch(name):
        text = f"{name[:80]!r} is not a mixin's name; use 1 to 100 characters, none of them a space, / or #"
        raise Invalid(problems=(Problem.violation("mixins", text),))
    return name, unwrapped(body, name)


def unwrapped(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The content of a mixin, sent by itself or under its name as the one key. Raises Invalid."""
    value = body[name] if body.keys() == {name} else body
    if not isinstance(value, dict):
        raise Invalid(problems=(Problem.violation(f"mixins.{name}", "must be an object"),))
    metadata = value.get("metadata", {})
    if not isinstance(metadata, dict) or not isinstance(metadata.get("schema", ""), str | None):
        text = "must be an object with the URL of a JSON Schema as schema"
        raise Invalid(problems=(Problem.violation(f"mixins.{name}.metadata", text),))
    return value


def with_mixin(document: Mapping[str, Any], name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """A site with this mixin in its place; without a schema's URL it keeps the one that it has."""
    url = (value.get("metadata") or {}).get("schema")
    values = {key: each for key, each in value.items() if key != "metadata"}
    metadata = document.get("metadata", {})
    urls = {**metadata.get("mixins", {}), **({} if url is None else {name: url})}
    mixins = {**document.get("mixins", {}), name: values}
    return {**document, "mixins": mixins, "metadata": {**metadata, "mixins": urls}}


def without_mixin(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A site without this mixin and its schema."""
    mixins = {key: value for key, value in document["mixins"].items() if key != name}
    metadata = document["metadata"]
    urls = {key: value for key, value in metadata["mixins"].items() if key != name}
    kept = {key: value for key, value in document.items() if key not in ("mixins", "metadata")}
    return {**kept, **({"mixins": mixins, "metadata": {**metadata, "mixins": urls}} if mixins else {})}


def _configuration(service: dict[str, Any], *, restricted: bool) -> dict[str, Any]:
    if restricted or "configuration" not in service:
        return service
    settings = service["configuration"].items()
    return {**service, "configuration": {name: value for name, value in settings if name != "restricted"}}
