"""Holds responses against `contract/`: status, body, and shape of errors of every operation we promise."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema_rs

from support.contract_errors import ENVELOPES, SHAPES, UNAUTHORIZED
from support.contract_overrides import ALIASES, OVERRIDES

Json = dict[str, Any]

DIRECTORY = Path(__file__).resolve().parents[2] / "contract"
JSON = "application/json"
ERRORS = frozenset({400, 401, 403, 404, 405, 409, 412, 413, 414, 415, 429, 431, 500, 502})
"""Allowed of every operation: the documents leave out many of the errors that their own texts describe."""

KEPT_KEYWORDS = ("$ref", "type", "enum", "required")


@dataclass(frozen=True)
class Operation:
    """One promised operation: `facts` is its entry in the contract file of `service`."""

    service: str
    method: str
    path: str
    facts: Json = field(repr=False)

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    def fits(self, segments: list[str]) -> bool:
        """Whether a concrete path of as many segments is this operation's."""
        own = self.path.strip("/").split("/")
        pairs = zip(own, segments, strict=True)
        return all(mine == theirs or (mine.startswith("{") and theirs != "") for mine, theirs in pairs)


class Contract:
    """The promised operations and a checker of what the server answers.

    `extras` collects the response fields that no schema names, as "METHOD path status: place", once each:
    they are allowed, and worth a look.
    """

    def __init__(self, documents: Mapping[str, Json]) -> None:
        self.documents = documents
        self.extras: list[str] = []
        self._validators: dict[tuple[str, int, bool], jsonschema_rs.Draft202012Validator] = {}
        self.operations = {
            (facts["method"], facts["path"]): Operation(service, facts["method"], facts["path"], facts)
            for service, document in documents.items()
            for facts in document["operations"].values()
        }
        for alias in ALIASES:
            if like := self.operations.get((alias.like_method, alias.like_path)):
                self.operations[alias.method, alias.path] = Operation(
                    like.service, alias.method, alias.path, like.facts
                )

        self._by_size: dict[tuple[str, int], list[Operation]] = {}
        for operation in self.operations.values():
            size = len(operation.path.strip("/").split("/"))
            self._by_size.setdefault((operation.method, size), []).append(operation)

    @classmethod
    def load(cls, directory: Path = DIRECTORY) -> Contract:
        """The contract files with our overrides applied."""
        documents = {path.stem: read(path) for path in sorted(directory.glob("*.json"))}
        for override in OVERRIDES:
            amend(documents[override.service], override.at, override.patch)
        return cls(documents)

    def find(self, method: str, path: str) -> Operation | None:
        """The operation that answers `path` (query and trailing slash are free); literal segments win."""
        segments = urlsplit(path).path.strip("/").split("/")
        fitting = [found for found in self._by_size.get((method, len(segments)), ()) if found.fits(segments)]
        return min(
            fitting, key=lambda found: [part.startswith("{") for part in found.path.split("/")], default=None
        )

    def check(
        self, method: str, path: str, status: int, headers: Mapping[str, str], body_bytes: bytes
    ) -> list[str]:
        """What is wrong with a response, one sentence each; empty when it keeps the contract.

        `path` may have its query: with `fields` in it no field of the body is required (CONTRACT §2.3).
        """
        operation = self.find(method, path)
        if operation is None:
            return [] if status in (404, 405) else [f"{method} {path}: no such operation is promised"]
        partial = "fields" in parse_qs(urlsplit(path).query)
        problems = self._problems(operation, status, headers, body_bytes, partial)
        return [f"{operation.name} {status}: {problem}" for problem in problems]

    def _problems(
        self, operation: Operation, status: int, headers: Mapping[str, str], body_bytes: bytes, partial: bool
    ) -> Iterator[str]:
        response = self.response(operation, status)
        if response is None and status not in ERRORS:
            yield f"the status is not documented; documented are {', '.join(operation.facts['responses'])}"
            return
        if operation.method == "HEAD":
            if body_bytes:
                yield "a HEAD response has no body"
            return
        if status >= 400:
            yield from self._envelope_problems(operation, status, body_bytes)
            return
        content = (response or {}).get("content") or {}
        if status == 204 or not content:
            if body_bytes:
                yield f"the body is to be empty, but is {body_bytes[:60]!r}"
            return
        declared = next((value for key, value in headers.items() if key.lower() == "content-type"), "")
        media_type = declared.partition(";")[0].strip().lower()
        if "*/*" in content:
            return
        if media_type not in content:
            yield f"the content type is {declared!r}; documented are {', '.join(content)}"
            return
        if media_type == JSON:
            yield from self._body_problems(operation, status, content[JSON], body_bytes, partial)

    def response(self, operation: Operation, status: int) -> Json | None:
        """The documented response, references followed; None when the status is not documented."""
        found: Json | None = operation.facts["responses"].get(str(status))
        if found and "$ref" in found:
            responses: Json = self.documents[operation.service]["responses"]
            return responses[found["$ref"].rsplit("/", 1)[-1]]  # type: ignore[no-any-return]
        return found

    def _body_problems(
        self, operation: Operation, status: int, schema: Json, body_bytes: bytes, partial: bool
    ) -> Iterator[str]:
        try:
            body = json.loads(body_bytes)
        except ValueError:
            yield f"the body is not JSON: {body_bytes[:60]!r}"
            return
        key = (operation.name, status, partial)
        if key not in self._validators:
            self._validators[key] = self.compile(operation.service, schema, partial)
        yield from errors(self._validators[key], body)
        for place in sorted(set(unknown(body, schema, self.documents[operation.service]["schemas"]))):
            extra = f"{operation.name} {status}: {place}"
            if extra not in self.extras:
                self.extras.append(extra)

    def _envelope_problems(self, operation: Operation, status: int, body_bytes: bytes) -> Iterator[str]:
        try:
            body = json.loads(body_bytes)
        except ValueError:
            yield f"the error's body is not JSON: {body_bytes[:60]!r}"
            return
        allowed = ENVELOPES.get(operation.name) or ENVELOPES.get(operation.service, ("A",))
        if status == 401:
            allowed = UNAUTHORIZED.get(operation.name, ("F",))
        found = {shape: list(errors(shape_validator(shape), body)) for shape in allowed}
        if all(found.values()):
            for shape, problems in found.items():
                yield f"the error is not of shape {shape}: {'; '.join(problems)}"
            return
        code = body.get("code", body.get("status")) if isinstance(body, dict) else None
        if isinstance(code, int) and code != status:
            yield f"the error's body says {code}"

    def compile(
        self, service: str, schema: Json, partial: bool = False
    ) -> jsonschema_rs.Draft202012Validator:
        """A validator of bodies for a schema of a service's contract file; `partial`: nothing is required."""
        schemas = self.documents[service]["schemas"]
        named = {name: loosened(item, partial) for name, item in schemas.items()}
        return compiled({"schemas": named, **loosened(schema, partial)})


def read(path: Path) -> Json:
    """A contract file, operations keyed "METHOD path" and parameters by name so that overrides find them."""
    document: Json = json.loads(path.read_text(encoding="utf-8"))
    document["operations"] = {f"{facts['method']} {facts['path']}": facts for facts in document["operations"]}
    for facts in document["operations"].values():
        facts["parameters"] = {item["name"]: item for item in facts["parameters"]}
    return document


def amend(document: Json, at: tuple[str, ...], patch: Json) -> None:
    """Applies a merge patch (RFC 7396) to the object at a place; KeyError when there is no such place."""
    target: Any = document
    for step in at:
        target = target[step]
    for key, value in patch.items():
        if value is None:
            del target[key]
        elif isinstance(value, dict) and isinstance(target.get(key), dict):
            amend(target, (key,), value)
        else:
            target[key] = value


def loosened(schema: Json, partial: bool) -> Json:
    """An OpenAPI 3.0 schema as JSON Schema, without bounds and patterns; extra fields are free."""
    result = {key: schema[key] for key in KEPT_KEYWORDS if key in schema}
    if partial:
        result.pop("required", None)
    if schema.get("format") in FORMATS:
        result["format"] = schema["format"]
    if "properties" in schema:
        result.setdefault("type", "object")
        result["properties"] = {name: loosened(item, partial) for name, item in schema["properties"].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            result[key] = loosened(schema[key], partial)
    if choices := schema.get("anyOf") or schema.get("oneOf"):
        result["anyOf"] = [loosened(item, partial) for item in choices]
    return {"anyOf": [result, {"type": "null"}]} if schema.get("nullable") else result


def unknown(value: Any, schema: Json, named: Json, place: str = "") -> Iterator[str]:
    """Where a body has fields that its schema does not name."""
    options = list(alternatives(schema, named))
    if isinstance(value, list):
        choices = [option["items"] for option in options if "items" in option]
        for item in value if choices else []:
            yield from unknown(item, {"anyOf": choices}, named, f"{place}[]")
    if isinstance(value, dict):
        if not any("properties" in option for option in options):
            return
        free = any(option.get("additionalProperties") for option in options)
        for name, item in value.items():
            choices = [
                option["properties"][name] for option in options if name in option.get("properties", {})
            ]
            if choices:
                yield from unknown(item, {"anyOf": choices}, named, f"{place}/{name}")
            elif not free:
                yield f"{place}/{name}"


def alternatives(schema: Json, named: Json) -> Iterator[Json]:
    """The schemas that may apply to a value: references followed, `anyOf` and `oneOf` spread."""
    if "$ref" in schema:
        yield from alternatives(named[schema["$ref"].rsplit("/", 1)[-1]], named)
        return
    yield schema
    for choice in [*schema.get("anyOf", []), *schema.get("oneOf", [])]:
        yield from alternatives(choice, named)


def errors(validator: jsonschema_rs.Draft202012Validator, body: Any) -> Iterator[str]:
    for error in validator.iter_errors(body):
        place = "/".join(map(str, error.instance_path))
        yield f"/{place}: {error.message[:300]}"


@cache
def shape_validator(shape: str) -> jsonschema_rs.Draft202012Validator:
    return compiled(SHAPES[shape])


def compiled(schema: Json) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, formats=FORMATS)


def parses_as_datetime(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def parses_as_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


FORMATS = {"date-time": parses_as_datetime, "date": parses_as_date}
