"""Which examples of an API document violate its own schemas, as our contract checker reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from support.contract import JSON, Contract, errors, unknown
from tools.contract import Document


def violations(document: Document) -> Iterator[str]:
    """One line per violation: operation, status (or "request"), example, place and problem.

    Overrides apply, so what is listed is undecided; error bodies are held against the service's error shape.
    A field that no schema names is listed as "extra".
    """
    contract = Contract.load()
    for method, path, node, _ in document.operations():
        operation = contract.operations[method, path]
        request = document.resolve(node.get("requestBody"))
        schema = operation.facts.get("request", {}).get("content", {}).get(JSON)
        named = contract.documents[operation.service]["schemas"]
        for name, value in examples(document, request) if schema else []:
            for problem in errors(contract.compile(operation.service, schema), value):
                yield f"{operation.name} request {name} {problem}"
            for place in unknown(value, schema, named):
                yield f"{operation.name} request {name} extra {place}"
        for code, response in node["responses"].items():
            for name, value in examples(document, document.resolve(response)):
                contract.extras.clear()
                body = json.dumps(value, default=str).encode()
                for problem in contract.check(method, path, int(code), {"content-type": JSON}, body):
                    yield f"{problem} (example {name})"
                yield from (f"{extra} extra (example {name})" for extra in contract.extras)


def examples(document: Document, node: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """(name, value) of the JSON examples of a request or response."""
    media = (node.get("content") or {}).get(JSON) or {}
    if "example" in media:
        yield "example", media["example"]
    for name, example in (media.get("examples") or {}).items():
        value = document.resolve(example).get("value")
        if value is not None:
            yield name, json.loads(json.dumps(value, default=str))
