"""From attributes to the JSON Schema that is published, and from a JSON Schema back to attributes.

The documents are in draft 7, which has `readOnly` and the formats `date` and `date-time`. A TIME has a pattern
instead of a format, since the format would demand an offset. A localized text is a list of `{language, value}`, as
clients of the reference write it, or a map from language to text. Other properties than the attributes are allowed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from coterie.kit.errors import Problem
from coterie.services.schema.rules.attributes import DEEPEST, NO_PRECISION, Document

DRAFT = "http://json-schema.org/draft-07/schema#"
REFERENCE_TYPE, REFERENCE_ID = "emporixReferenceType", "id"

_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?$"
_PLAIN: Mapping[str, Document] = {
    "TEXT": {"type": "string"},
    "NUMBER": {"type": "integer"},
    "BOOLEAN": {"type": "boolean"},
    "DATE": {"type": "string", "format": "date"},
    "TIME": {"type": "string", "pattern": _TIME},
    "DATE_TIME": {"type": "string", "format": "date-time"},
}
# What other documents say for the same.
_ALSO: Mapping[str, Sequence[Document]] = {"TIME": ({"type": "string", "format": "time"},)}
# What a property may say besides, without an attribute for it being another one.
# fmt: off
_NOTES = frozenset((
    "title", "description", "default", "example", "examples", "options", "readOnly", "$comment", "$id", "id",
    "$schema", "definitions", "$defs",
))
# fmt: on
_SAME = "upload it as a reference, which may hold any JSON Schema"


def json_schema(name: Mapping[str, str], attributes: Sequence[Document], language: str) -> Document:
    """The JSON Schema of a schema with this name, its texts in one language where there are any in it."""
    return {
        "$schema": DRAFT,
        "title": _text(name, language),
        **_object(attributes, language),
    }


def _text(texts: Mapping[str, str], language: str) -> str:
    return texts.get(language) or next(iter(texts.values()), "")


def _object(attributes: Sequence[Document], language: str) -> Document:
    required = [each["key"] for each in attributes if each["metadata"]["required"]]
    made: Document = {
        "type": "object",
        "properties": {each["key"]: _property(each, language) for each in attributes},
    }
    return {**made, "required": required} if required else made


def _property(attribute: Document, language: str) -> Document:
    metadata = attribute["metadata"]
    if attribute["type"] == "ARRAY":
        items = {**attribute["arrayType"], "attributes": attribute.get("attributes")}
        inner = _shape({**items, "precision": attribute.get("precision")}, language)
        made: Document = {"type": "array", "items": inner}
    else:
        made = _shape({**attribute, "localized": metadata["localized"]}, language)
    if metadata["nullable"]:
        made = _nullable(made)
    notes = {"title": _text(attribute.get("name") or {}, language)}
    notes["description"] = _text(attribute.get("description") or {}, language)
    made |= {note: text for note, text in notes.items() if text}
    return {**made, "readOnly": True} if metadata["readOnly"] else made


def _shape(holder: Document, language: str) -> Document:
    """The schema of a value of a type: an attribute's, or that of an array's items."""
    type_, values = holder["type"], [each["value"] for each in holder.get("values") or ()]
    if type_ == "TEXT" and holder.get("localized"):
        return _localized()
    if type_ == "DECIMAL":
        step = holder.get("precision")
        return {"type": "number"} if step == NO_PRECISION else {"type": "number", "multipleOf": step}
    if type_ == "ENUM":
        return {"type": "string", "enum": values}
    if type_ == "OBJECT":
        return _object(holder["attributes"], language)
    if type_ == "REFERENCE":
        return _reference(values)
    return dict(_PLAIN[type_])


def _localized() -> Document:
    pair = {"language": {"type": "string"}, "value": {"type": "string"}}
    listed = {"type": "object", "properties": pair, "required": ["language", "value"]}
    return {
        "anyOf": [
            {"type": "array", "items": listed},
            {"type": "object", "additionalProperties": {"type": "string"}},
        ]
    }


def _reference(types: Sequence[str]) -> Document:
    kind, id = {"type": "string", "enum": list(types)}, {"type": "string", "minLength": 1}
    return {
        "type": "object",
        "properties": {REFERENCE_TYPE: kind, REFERENCE_ID: id},
        "required": [REFERENCE_TYPE, REFERENCE_ID],
    }


def _nullable(schema: Document) -> Document:
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    made = {**schema, "type": [schema["type"], "null"]}
    return {**made, "enum": [*made["enum"], None]} if "enum" in made else made


class NotAttributes(Exception):
    """A JSON Schema that attributes can't say; `problem` names the place."""

    def __init__(self, place: str, text: str) -> None:
        super().__init__(text)
        self.problem = Problem.violation(place, f"{text}; {_SAME}")


def attributes_of(schema: Any, language: str) -> list[Document]:
    """The attributes that a JSON Schema of an object says, their texts in one language. Raises NotAttributes."""
    if not isinstance(schema, dict) or schema.get("type", "object") != "object":
        raise NotAttributes("file", "is not a JSON Schema of an object")
    return _attributes(schema, "file", language, 1)


def _attributes(schema: Document, place: str, language: str, depth: int) -> list[Document]:
    properties = schema.get("properties")
    if not isinstance(properties, dict) or not properties:
        raise NotAttributes(f"{place}.properties", "is no object that describes at least one property")
    if depth > DEEPEST:
        raise NotAttributes(place, f"is nested deeper than {DEEPEST} levels")
    _only(schema, place, {"type", "properties", "required", "additionalProperties"})
    required = schema.get("required", [])
    if not isinstance(required, list):
        raise NotAttributes(f"{place}.required", "is no list of keys")
    return [
        _attribute(key, each, f"{place}.properties.{key}", key in required, language, depth)
        for key, each in properties.items()
    ]


def _attribute(key: str, given: Any, place: str, required: bool, language: str, depth: int) -> Document:
    if not isinstance(given, dict):
        raise NotAttributes(place, "is not a JSON Schema")
    schema, nullable = _without_null(given)
    said = {name: value for name, value in schema.items() if name not in _NOTES}
    made: Document = {"key": key, **_type(said, place, language, depth)}
    localized = made.pop("localized", False)
    flags = {"readOnly": given.get("readOnly") is True, "required": required, "nullable": nullable}
    made["metadata"] = {**flags, "localized": localized}
    for note, field in (("title", "name"), ("description", "description")):
        if isinstance(given.get(note), str) and given[note]:
            made[field] = {language: given[note]}
    return made


def _without_null(schema: Document) -> tuple[Document, bool]:
    """A property's schema for what is not null, and whether null is taken too."""
    kinds, options = schema.get("type"), schema.get("anyOf")
    if isinstance(options, list) and {"type": "null"} in options:
        return {**schema, "anyOf": [each for each in options if each != {"type": "null"}]}, True
    if not isinstance(kinds, list):
        return schema, False
    rest = [kind for kind in kinds if kind != "null"]
    made = {**schema, "type": rest[0] if len(rest) == 1 else rest}
    if isinstance(made.get("enum"), list):
        made["enum"] = [each for each in made["enum"] if each is not None]
    return made, "null" in kinds


def _type(said: Document, place: str, language: str, depth: int) -> Document:
    """Type and what belongs to it, as fields of an attribute or of what an array holds."""
    if said == _localized():
        return {"type": "TEXT", "localized": True}
    for type_, shape in _PLAIN.items():
        if said == shape or said in _ALSO.get(type_, ()):
            return {"type": type_}
    if said.get("type") == "number":
        return _decimal(said, place)
    if said.get("type") in ("string", None) and _texts(said.get("enum")):
        _only(said, place, {"type", "enum"})
        return {"type": "ENUM", "values": [{"value": each} for each in said["enum"]]}
    if said.get("type") == "array":
        return _array(said, place, language, depth)
    if said.get("type") == "object":
        kind = _properties(said).get(REFERENCE_TYPE)
        if isinstance(kind, dict) and _texts(kind.get("enum")) and said == _reference(kind["enum"]):
            return {"type": "REFERENCE", "values": [{"value": each} for each in kind["enum"]]}
        return {"type": "OBJECT", "attributes": _attributes(said, place, language, depth + 1)}
    raise NotAttributes(place, "is none of the types of attributes")


def _decimal(said: Document, place: str) -> Document:
    _only(said, place, {"type", "multipleOf"})
    step = said.get("multipleOf", NO_PRECISION)
    if isinstance(step, bool) or not isinstance(step, (int, float)) or not Decimal(str(step)):
        raise NotAttributes(f"{place}.multipleOf", "is no step of a DECIMAL")
    return {"type": "NUMBER"} if step == 1 else {"type": "DECIMAL", "precision": step}


def _array(said: Document, place: str, language: str, depth: int) -> Document:
    _only(said, place, {"type", "items"})
    items = said.get("items")
    if not isinstance(items, dict):
        raise NotAttributes(f"{place}.items", "does not say what the array holds")
    stripped = {name: value for name, value in items.items() if name not in _NOTES}
    inner = _type(stripped, f"{place}.items", language, depth)
    if inner["type"] == "ARRAY":
        raise NotAttributes(f"{place}.items", "is an array in an array")
    made: Document = {"type": "ARRAY"}
    made |= {name: inner.pop(name) for name in ("attributes", "precision") if name in inner}
    return {**made, "arrayType": inner}


def _texts(values: Any) -> bool:
    return isinstance(values, list) and all(isinstance(each, str) for each in values)


def _properties(said: Document) -> Document:
    found = said.get("properties")
    return found if isinstance(found, dict) else {}


def _only(schema: Document, place: str, known: set[str]) -> None:
    for name in schema.keys() - known - _NOTES:
        raise NotAttributes(place, f"says {name[:40]!r}, which no attribute can")
