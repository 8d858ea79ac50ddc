"""Distils API documents into `contract/`: the operations, fields and codes we promise, and no prose.

    python tools/contract.py DIRECTORY                       write contract/<service>.json
    python tools/contract.py DIRECTORY --check               fail when a file is not up to date
    python tools/contract.py DIRECTORY --examples [SERVICE]  list examples that violate their own schemas

DIRECTORY holds `operations.csv`, the list of all operations, and one OpenAPI 3.0 document `<service>.yml`
per service. A contract file is

    {"service", "operations": [operation], "responses": {name: response}, "schemas": {name: schema}}
    operation: {"method", "path", "operationId", "deprecated"?, "removed"?, "scopes", "tokens",
                "parameters", "request"?: {"required", "content"}, "responses": {code: response}}
    response:  {"headers": [name], "content"} or {"$ref": "#/responses/<name>"}
    content:   {media type: schema}, where {} is a schema that nobody described

`scopes` is null when the operation needs no token, [] when any token will do, else the scopes of which the
caller needs one; `tokens` names the kinds of token. Schemas keep OpenAPI's keywords, with `allOf` merged and
references written `#/schemas/<name>`.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parent.parent
COMPONENTS = "#/components/schemas/"
SCHEMAS, RESPONSES = "#/schemas/", "#/responses/"
LINE = 120  # of the files written
SINGLE_KEYWORDS = (
    *("type", "format", "enum", "default", "nullable", "readOnly", "writeOnly", "deprecated", "pattern"),
    *("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "uniqueItems", "minProperties"),
)


class Document:
    """One OpenAPI document, read tolerantly: what cannot be resolved is a schema that allows anything."""

    def __init__(self, source: Json) -> None:
        self.source = source
        self.components: Json = source.get("components") or {}
        self.prefix = urlsplit((source.get("servers") or [{}])[0].get("url", "")).path.rstrip("/")

    def resolve(self, node: Any) -> Json:
        """The node that a chain of references ends at; {} when there is none."""
        for _ in range(20):
            if not isinstance(node, dict):
                return {}
            if "$ref" not in node:
                return node
            node = self._target(node["$ref"])
        return {}

    def _target(self, reference: str) -> Any:
        node: Any = self.source if reference.startswith("#/") else {}
        for part in reference.removeprefix("#/").split("/"):
            part = unquote(part).replace("~1", "/").replace("~0", "~")
            node = node.get(part) if isinstance(node, dict) else None
        return node

    def schema(self, node: Any, seen: tuple[str, ...] = ()) -> Json:
        """The facts of a schema, references kept by name; `seen` are those being merged around it."""
        if not isinstance(node, dict):
            return {}
        if "$ref" in node:
            if not self.resolve(node):
                return {}
            return {"$ref": SCHEMAS + str(node["$ref"]).rsplit("/", 1)[-1]}
        if "allOf" in node:
            return self._merged(node, seen)
        facts = {key: node[key] for key in SINGLE_KEYWORDS if key in node}
        if isinstance(node.get("required"), list):
            facts["required"] = sorted(set(node["required"]))
        if isinstance(node.get("properties"), dict):
            named = node["properties"].items()
            facts["properties"] = {str(name): self.schema(item, seen) for name, item in named}
        for key in ("items", "not"):
            if key in node:
                facts[key] = self.schema(node[key], seen)
        if "additionalProperties" in node:
            extra = node["additionalProperties"]
            facts["additionalProperties"] = extra if isinstance(extra, bool) else self.schema(extra, seen)
        for key in ("oneOf", "anyOf"):
            if node.get(key):
                facts[key] = [self.schema(item, seen) for item in node[key]]
        return facts

    def _merged(self, node: Json, seen: tuple[str, ...]) -> Json:
        parts = [*node["allOf"], {key: value for key, value in node.items() if key != "allOf"}]
        for part in parts:
            if isinstance(part, dict) and part.get("$ref") in seen:
                return self.schema(part)  # recursion ends at the name, without what stands beside it
        telling = [part for part in parts if set(self.schema(part, seen)) - {"type"}]
        if len(telling) == 1 and "$ref" in telling[0]:
            return self.schema(telling[0])
        merged: Json = {}
        for part in parts:
            merged = self._merge(merged, self.flat(part, seen), seen)
        return merged

    def flat(self, node: Any, seen: tuple[str, ...] = ()) -> Json:
        """A schema whose outermost level is neither a reference nor an `allOf`."""
        if isinstance(node, dict) and "$ref" in node:
            if node["$ref"] in seen:
                return {}
            return self.flat(self._target(node["$ref"]), (*seen, node["$ref"]))
        return self._expanded(self.schema(node, seen), seen)

    def _expanded(self, facts: Json, seen: tuple[str, ...]) -> Json:
        if "$ref" not in facts:
            return facts
        return self.flat({"$ref": COMPONENTS + facts["$ref"].removeprefix(SCHEMAS)}, seen)

    def _merge(self, left: Json, right: Json, seen: tuple[str, ...]) -> Json:
        """What both sides ask for; where they contradict each other the right one, written later, wins."""
        if not left or left == right:
            return right
        if not right:
            return left
        left, right = self._expanded(left, seen), self._expanded(right, seen)
        merged = left | right
        if "required" in left and "required" in right:
            merged["required"] = sorted({*left["required"], *right["required"]})
        if "properties" in left and "properties" in right:
            merged["properties"] = {
                name: self._merge(left["properties"].get(name, {}), right["properties"].get(name, {}), seen)
                for name in left["properties"] | right["properties"]
            }
        return merged

    def content(self, node: Json) -> Json:
        media_types = node.get("content") or {}
        return {name: self.schema((media or {}).get("schema")) for name, media in media_types.items()}

    def response(self, node: Json) -> Json:
        if str(node.get("$ref")).startswith("#/components/responses/"):
            return {"$ref": RESPONSES + str(node["$ref"]).rsplit("/", 1)[-1]}
        node = self.resolve(node)
        return {"headers": sorted(node.get("headers") or {}), "content": self.content(node)}

    def parameter(self, node: Any) -> Json:
        node = self.resolve(node)
        facts = {key: value for key, value in self.flat(node.get("schema")).items() if key != "required"}
        required = node.get("in") == "path" or bool(node.get("required"))
        if node.get("deprecated"):
            facts["deprecated"] = True
        return {"name": node.get("name"), "in": node.get("in"), "required": required} | facts

    def operations(self) -> Iterator[tuple[str, str, Json, list[Any]]]:
        """(method, path, operation, parameters of the path item) for every operation of the document."""
        for path, item in self.source["paths"].items():
            for method, operation in item.items():
                if isinstance(operation, dict) and "responses" in operation:
                    yield method.upper(), self.prefix + path, operation, item.get("parameters") or []


def distil_operation(document: Document, row: dict[str, str], operation: Json, shared: list[Any]) -> Json:
    """One operation's facts; `row` is its line in operations.csv, with reviewed scopes and deprecation."""
    parameters = {
        (item["in"], item["name"]): item
        for item in map(document.parameter, [*shared, *(operation.get("parameters") or [])])
    }
    for name in re.findall(r"{(.+?)}", row["path"]):
        parameters.setdefault(
            ("path", name), {"name": name, "in": "path", "required": True, "type": "string"}
        )
    security = operation.get("security", document.source.get("security")) or []
    facts: Json = {key: row[key] for key in ("method", "path", "operationId")}
    if row["deprecated"]:
        facts["deprecated"] = True
    if row["deprecated"].startswith("removed "):
        facts["removed"] = row["deprecated"].removeprefix("removed ")
    facts["scopes"] = sorted(row["scopes"].split()) if security else None
    facts["tokens"] = sorted({name[0].upper() + name[1:] for entry in security for name in entry})
    facts["parameters"] = [parameters[key] for key in sorted(parameters)]
    body = document.resolve(operation.get("requestBody"))
    if body:
        facts["request"] = {"required": bool(body.get("required")), "content": document.content(body)}
    facts["responses"] = {str(code): document.response(node) for code, node in operation["responses"].items()}
    return facts


def distil(service: str, source: Json, rows: list[dict[str, str]]) -> Json:
    """The contract of one service.

    Raises ValueError when operations.csv and the document name different operations.
    """
    document = Document(source)
    found = {(method, path): (operation, shared) for method, path, operation, shared in document.operations()}
    listed = {(row["method"], row["path"]): row for row in rows}
    if found.keys() != listed.keys():
        odd = sorted(found.keys() ^ listed.keys())
        raise ValueError(f"{service}: only one of operations.csv and {service}.yml has {odd}")
    operations = [
        distil_operation(document, listed[key], *found[key])
        for key in sorted(listed, key=lambda key: (key[1], key[0]))
    ]
    components: Json = {"schemas": {}, "responses": {}} | document.components
    responses = {
        name: document.response(components["responses"][name])
        for name in sorted(references(operations, RESPONSES))
    }
    schemas: Json = {}
    while missing := references([operations, responses, schemas], SCHEMAS) - schemas.keys():
        schemas |= {name: document.flat({"$ref": COMPONENTS + name}) for name in missing}
    return {"service": service, "operations": operations, "responses": responses, "schemas": schemas}


def references(value: Any, kind: str) -> set[str]:
    """The names that references of one kind point at, anywhere inside a value."""
    if isinstance(value, str):
        return {value.removeprefix(kind)} if value.startswith(kind) else set()
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return set().union(*(references(child, kind) for child in children))


def render(value: Any, depth: int = 0) -> str:
    """JSON with sorted keys, in which whatever fits on a line stands on one: short, and diffs stay small."""
    line = json.dumps(value, sort_keys=True, ensure_ascii=False)
    if len(line) + depth <= LINE or not isinstance(value, dict | list) or not value:
        return line
    pad = "\n" + " " * (depth + 1)
    if isinstance(value, list):
        parts, brackets = [render(item, depth + 1) for item in value], "[]"
    else:
        parts = [f"{json.dumps(key)}: {render(value[key], depth + 1)}" for key in sorted(value)]
        brackets = "{}"
    return brackets[0] + pad + ("," + pad).join(parts) + "\n" + " " * depth + brackets[1]


def read_documents(directory: Path) -> dict[str, tuple[Json, list[dict[str, str]]]]:
    """{service: (document, its rows of operations.csv)}, in the order of operations.csv."""
    rows_of: dict[str, list[dict[str, str]]] = {}
    with (directory / "operations.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rows_of.setdefault(row["service"], []).append(row)
    documents = {}
    for service, rows in rows_of.items():
        with (directory / f"{service}.yml").open(encoding="utf-8") as file:
            documents[service] = (yaml.load(file, getattr(yaml, "CSafeLoader", yaml.SafeLoader)), rows)
    return documents


def main() -> int:
    parser = argparse.ArgumentParser(description="Distil API documents into contract/.")
    parser.add_argument("directory", type=Path, help="operations.csv and <service>.yml documents")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="write nothing, fail when out of date")
    mode.add_argument("--examples", nargs="*", metavar="SERVICE", help="list examples that break a schema")
    options = parser.parse_args()

    documents = read_documents(options.directory)
    if options.examples is not None:
        sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
        from tools.contract_examples import violations

        for service in options.examples or documents:
            print(*violations(Document(documents[service][0])), sep="\n")
        return 0

    expected = {
        ROOT / "contract" / f"{service}.json": render(distil(service, source, rows)) + "\n"
        for service, (source, rows) in documents.items()
    }
    present = {path: path.read_text(encoding="utf-8") for path in (ROOT / "contract").glob("*.json")}
    either = sorted(expected.keys() | present.keys())
    stale = [path for path in either if expected.get(path) != present.get(path)]
    for path in stale:
        print(path.relative_to(ROOT))
        if not options.check and path in expected:
            path.parent.mkdir(exist_ok=True)
            path.write_text(expected[path], encoding="utf-8")
        elif not options.check:
            path.unlink()
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
