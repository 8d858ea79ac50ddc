"""The OpenAPI 3.1 document of all rows: what the server publishes about itself at /openapi.json."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import msgspec

from coterie.kit.dialect import Dialect
from coterie.kit.rows import Handler, Row, Service, Upload, bulk_item, form_value
from coterie.kit.wire import Instant

Schema = dict[str, Any]

_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
_SCHEMAS = "#/components/schemas/"
_TEXT: Schema = {"type": "string"}
_NULL: Schema = {"type": "null"}
_PROBLEM: Schema = {
    "description": "One thing wrong with a request.",
    "type": "object",
    "properties": {"field": _TEXT, "type": _TEXT, "message": _TEXT},
    "required": ["field", "type", "message"],
}
_ERROR_A: Schema = {
    "description": "An error answer.",
    "type": "object",
    "properties": {
        "code": {"type": "integer", "description": "The HTTP status."},
        "status": {"type": "string", "description": "The reason phrase of the HTTP status."},
        "message": _TEXT,
        "resourceId": _TEXT,
        "details": {"type": "array", "items": {"anyOf": [_TEXT, {"$ref": _SCHEMAS + "Problem"}]}},
    },
    "required": ["code", "status", "message"],
}
_ERROR_C: Schema = {
    "description": "An error answer.",
    "type": "object",
    "properties": {name: _ERROR_A["properties"][name] for name in ("code", "message", "details")},
    "required": ["code", "message"],
}
_ERROR_B: Schema = {
    "description": "An error answer.",
    "type": "object",
    "properties": {
        "status": {"type": "integer", "description": "The HTTP status."},
        "type": {"type": "string", "description": "The kind of error, for programs."},
        "message": _TEXT,
        "details": {"type": "array", "items": {"$ref": _SCHEMAS + "Problem"}},
    },
    "required": ["status", "type", "message", "details"],
}
_FAULT: Schema = {
    "description": "The answer to a token that is missing, invalid or expired.",
    "type": "object",
    "properties": {
        "fault": {
            "type": "object",
            "properties": {
                "faultstring": _TEXT,
                "detail": {"type": "object", "properties": {"errorcode": _TEXT}, "required": ["errorcode"]},
            },
            "required": ["faultstring", "detail"],
        }
    },
    "required": ["fault"],
}
_DESCRIPTION = (
    "A self-hosted commerce engine built around customer segments. Every operation may also answer 405, 413, "
    "414, 415, 429, 431 and 500 in the error shape of its service. Unknown properties are ignored."
)


def document(services: Iterable[Service], base_url: str) -> Schema:
    """The OpenAPI document of `services`, reachable at `base_url` (no trailing slash); always the same one.

    Component schemas carry their service's name, so that equal struct names of two services stay apart.
    Raises ValueError when two rows would get the same operationId, which clients' generators can't bear.
    """
    known = tuple(services)
    paths: dict[str, Schema] = {}
    spelling: dict[str, str] = {}
    identifiers: set[str] = set()
    schemas: Schema = {"Fault": _FAULT, "Problem": _PROBLEM}
    schemas |= {"ErrorA": _ERROR_A, "ErrorB": _ERROR_B, "ErrorC": _ERROR_C}
    for service in known:
        described, components = _schemas(service)
        schemas |= components
        for row, parts in zip(service.rows, described, strict=True):
            path = service.prefix + row.path
            # Paths that differ in parameter names only are one path in OpenAPI: the first spelling stands.
            path = spelling.setdefault(re.sub(r"\{[^}]*\}", "{}", path), path)
            operation = _operation(service, row, path, parts)
            identifier = operation["operationId"]
            if identifier in identifiers:
                raise ValueError(f"two operations are called {identifier}; rename a path of one")
            identifiers.add(identifier)
            paths.setdefault(path, {})[row.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "coterie",
            "version": version("coterie"),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": base_url}],
        "tags": [{"name": service.name, "description": service.title} for service in known],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": _error_responses(),
            "securitySchemes": _security_schemes(known, base_url),
        },
    }


def _operation(service: Service, row: Row, path: str, parts: Mapping[str, Schema]) -> Schema:
    parameters = _parameters(service, row, path, parts)
    operation: Schema = {"operationId": _identifier(service, row), "tags": [service.name]}
    summary = (row.handler.run.__doc__ or "").strip().split("\n", 1)[0]
    if summary:
        operation["summary"] = summary
    if parameters:
        operation["parameters"] = parameters
    if "body" in parts:
        media = (_FORM, _JSON) if form_value(row.handler.body) is not None else (_JSON,)
        content = {name: {"schema": parts["body"]} for name in media}
        if row.handler.body is Upload:
            content = {name: {"schema": parts[f"body.{name}"]} for name in row.handler.media}
        operation["requestBody"] = {"required": not row.handler.body_optional, "content": content}
    operation["responses"] = _responses(service.dialect, row, path, parts, bool(parameters))
    operation["security"] = _security(row)
    if row.deprecated:
        operation["deprecated"] = True
    if row.extension:
        operation["x-coterie-extension"] = True
    return operation


def _identifier(service: Service, row: Row) -> str:
    words = re.sub(r"[^A-Za-z0-9]+", "_", row.path).strip("_")
    return f"{service.name}.{row.method.lower()}{'_' if words else ''}{words}"


# Parameters


def _parameters(service: Service, row: Row, path: str, parts: Mapping[str, Schema]) -> list[Schema]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": _TEXT}
        for name in re.findall(r"\{([^}]+)\}", path)
    ]
    names = set()
    for each in _query_fields(row.handler):
        names.add(each.encode_name)
        schema = _not_null(parts[f"query.{each.encode_name}"])
        found.append({"name": each.encode_name, "in": "query", "required": each.required, "schema": schema})
    if row.mode == "read" and row.handler.answer is not None:
        found.append(_header("Accept-Language", "Languages of the answer, best first; * for all.", _TEXT))
    if row.mode == "write" and row.handler.body is not None:
        found.append(_header("Content-Language", "Languages of the body; * for all.", _TEXT))
    if row.mode == "write":
        found.append(_header("X-Dry-Run", "true answers as usual, and changes nothing.", {"type": "boolean"}))
    dialect = service.dialect
    if _is_list(row.handler):
        sentence = f"true asks for the number of results, which comes in the header {dialect.count_header}."
        if dialect.count_query is None:
            found.append(_header("X-Total-Count", sentence, {"type": "boolean"}))
        elif dialect.count_query not in names:
            found.append(
                {
                    "name": dialect.count_query,
                    "in": "query",
                    "required": False,
                    "description": sentence,
                    "schema": {"type": "boolean"},
                }
            )
    return found


def _header(name: str, description: str, schema: Schema) -> Schema:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _query_fields(handler: Handler) -> tuple[msgspec.structs.FieldInfo, ...]:
    return () if handler.query is None else msgspec.structs.fields(handler.query)


def _is_list(handler: Handler) -> bool:
    """Whether the operation answers with pages, which can be counted."""
    return any(each.encode_name == "pageNumber" for each in _query_fields(handler))


def _not_null(schema: Schema) -> Schema:
    """The schema without null, which no query string can say: an absent parameter is None."""
    rest = [each for each in schema.get("anyOf", ()) if each != _NULL]
    if len(rest) == len(schema.get("anyOf", ())):
        return schema
    return rest[0] if len(rest) == 1 else {"anyOf": rest}


# Answers


def _responses(
    dialect: Dialect, row: Row, path: str, parts: Mapping[str, Schema], parameterized: bool
) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    for code in row.codes:
        response: Schema = {"description": HTTPStatus(code).phrase}
        if code < 300 and code != 204 and row.method != "HEAD" and "answer" in parts:
            media = row.handler.media if row.handler.answer is bytes else (_JSON,)
            response["content"] = {name: {"schema": parts["answer"]} for name in media}
        if _is_list(row.handler) and code == row.codes[0]:
            response["headers"] = {dialect.count_header: {"schema": {"type": "integer"}}}
        found[str(code)] = response
    for code in _error_codes(row, path, parameterized):
        shape = "Fault" if code == 401 else f"Error{dialect.envelope}"
        if code == 401 and row.mode == "none":
            # These check credentials of their own, and word their refusal as the service does.
            shape = f"FaultOrError{dialect.envelope}"
        found[str(code)] = {"$ref": f"#/components/responses/{shape}.{code}"}
    return dict(sorted(found.items()))


def _error_codes(row: Row, path: str, parameterized: bool) -> list[int]:
    codes = []
    if parameterized or row.handler.body is not None:
        codes.append(400)
    if row.scopes is not None:
        codes += [401, 403]
    # With a token another tenant's name is a 403; without one, an unknown name is a 404.
    if row.handler.parameters or (row.scopes is None and "{tenant}" in path):
        codes.append(404)
    if row.scopes is not None and row.mode != "read":
        codes.append(409)
    return codes


def _error_responses() -> dict[str, Schema]:
    found = {"Fault.401": _error_response(401, {"$ref": _SCHEMAS + "Fault"})}
    for envelope in ("ErrorA", "ErrorB", "ErrorC"):
        schema = {"$ref": _SCHEMAS + envelope}
        for code in (400, 403, 404, 409):
            found[f"{envelope}.{code}"] = _error_response(code, schema)
        either = {"anyOf": [{"$ref": _SCHEMAS + "Fault"}, schema]}
        found[f"FaultOr{envelope}.401"] = _error_response(401, either)
    return found


def _error_response(code: int, schema: Schema) -> Schema:
    return {"description": HTTPStatus(code).phrase, "content": {_JSON: {"schema": schema}}}


# Security


def _security(row: Row) -> list[dict[str, list[str]]]:
    """One of the scopes is enough, so each is a requirement of its own; no scope: any valid token."""
    if row.scopes is None:
        return []
    needed = [[scope] for scope in row.scopes] or [[]]
    return [{scheme: scopes} for scheme in ("OAuth2", "Bearer") for scopes in needed]


def _security_schemes(services: Iterable[Service], base_url: str) -> dict[str, Schema]:
    scopes: dict[str, str] = {}
    for service in services:
        for row in service.rows:
            for scope in row.scopes or ():
                scopes.setdefault(scope, service.title)
    flow = {"tokenUrl": f"{base_url}/oauth/token", "scopes": dict(sorted(scopes.items()))}
    return {
        "OAuth2": {
            "type": "oauth2",
            "description": "A service token of an API key.",
            "flows": {"clientCredentials": flow},
        },
        "Bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token that you have: a customer's, an anonymous or a service token.",
        },
    }


# Schemas


def _schemas(service: Service) -> tuple[list[dict[str, Schema]], dict[str, Schema]]:
    """The schemas of each row's parts, and the component schemas they refer to."""
    wanted = [
        (at, part, kind) for at, row in enumerate(service.rows) for part, kind in _parts(row.handler).items()
    ]
    schemas, components = msgspec.json.schema_components(
        [kind for _, _, kind in wanted],
        schema_hook=_custom,
        ref_template=f"{_SCHEMAS}{service.name}.{{name}}",
    )
    # A field that is None is absent: null is no value of its own, and would stand in every example.
    for component in components.values():
        for field in component.get("properties", {}).values():
            if field.get("default", field) is None:
                del field["default"]
            for each in (field, *field.get("anyOf", ())):
                # Decimals travel as JSON numbers, though requests may send them as text (decision 8).
                if each.get("format") == "decimal":
                    each["type"] = "number"
    described: list[dict[str, Schema]] = [{} for _ in service.rows]
    for (at, part, _), schema in zip(wanted, schemas, strict=True):
        described[at][part] = schema
    return described, {f"{service.name}.{name}": schema for name, schema in components.items()}


def _parts(handler: Handler) -> dict[str, Any]:
    """The types of what travels: `query.NAME` of each parameter, `body` and `answer`."""
    parts: dict[str, Any] = {f"query.{each.encode_name}": each.type for each in _query_fields(handler)}
    item = bulk_item(handler.body)
    if item is not None:
        parts["body"] = list[item]  # type: ignore[valid-type]
    elif handler.body is Upload:
        parts |= {"body": str, **{f"body.{name}": kind for name, kind in handler.media.items()}}
    elif handler.body is not None:
        parts["body"] = form_value(handler.body) or handler.body
    if handler.answer is not None:
        parts["answer"] = str if handler.answer is bytes else handler.answer
    return parts


def _custom(kind: type) -> Schema:
    if kind is Instant:
        return {"type": "string", "format": "date-time"}
    raise NotImplementedError(kind)
