"""JSON Schemas, compiled from documents in memory: nothing here opens a connection or a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urldefrag

import jsonschema_rs

MAX_NODES = 10_000
"""How many nodes one document may have once its references into itself are written out: `allOf`s that name each
other twice double the work at each step, and validating runs where other requests wait."""

_DRAFTS: dict[str, type[jsonschema_rs.Validator]] = {
    "json-schema.org/draft-04/schema": jsonschema_rs.Draft4Validator,
    "json-schema.org/draft-06/schema": jsonschema_rs.Draft6Validator,
    "json-schema.org/draft-07/schema": jsonschema_rs.Draft7Validator,
    "json-schema.org/draft/2019-09/schema": jsonschema_rs.Draft201909Validator,
    "json-schema.org/draft/2020-12/schema": jsonschema_rs.Draft202012Validator,
}
# Patterns come from outside: one that backtracks for long fails instead.
_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=100_000)


class Missing(Exception):
    """A schema refers to a document that was not given."""

    def __init__(self, url: str) -> None:
        self.url = url


def parsed(body: bytes) -> object:
    """The JSON of a document. Raises `ValueError`."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not JSON ({error})") from error


def check_size(document: object) -> None:
    """Raises `ValueError` for a document that is too large with its local references written out."""
    sizes: dict[str, int] = {}

    def size(node: object) -> int:
        if isinstance(node, list):
            return 1 + sum(map(size, node))
        if not isinstance(node, dict):
            return 1
        total = 1 + sum(map(size, node.values()))
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith("#"):
            if reference not in sizes:
                sizes[reference] = 1  # what refers to itself is counted once
                sizes[reference] = size(_at(document, reference))
            total += sizes[reference]
        return total

    try:
        if size(document) > MAX_NODES:
            raise ValueError(f"with its references it has more than {MAX_NODES} nodes, which we can't bound")
    except RecursionError:
        raise ValueError("its references are nested too deeply") from None


def _at(document: object, reference: str) -> object:
    """What a local reference leads to; None when that is no place of the document, which compiling will say."""
    node = document
    for step in filter(None, unquote(reference[1:]).split("/")):
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, dict):
            node = node.get(name)
        elif isinstance(node, list) and name.isdecimal() and int(name) < len(node):
            node = node[int(name)]
        else:
            return None
    return node


def compiled(url: str, documents: Mapping[str, object]) -> jsonschema_rs.Validator:
    """Raises `Missing` when a reference leads to a document not given, `ValueError` when it is no schema."""
    base, fragment = urldefrag(url)
    root = documents[base]
    if not isinstance(root, dict):
        raise ValueError("not a JSON object")
    drafted = str(root.get("$schema", "")).split("://")[-1].removesuffix("#")
    draft = _DRAFTS.get(drafted, jsonschema_rs.Draft4Validator)
    missing: list[str] = []

    def given(uri: str) -> Any:
        """Answers from memory only; without it the library would open connections and files by itself."""
        try:
            return documents[urldefrag(uri).url]
        except KeyError:
            missing.append(urldefrag(uri).url)
            raise

    # The class has decided the draft; left in, an address that the library doesn't know would be retrieved.
    schema = {key: value for key, value in root.items() if key != "$schema"}
    if fragment:
        schema = {"$ref": url}
    try:
        return draft(schema, retriever=given, base_uri=base, mask="value", pattern_options=_PATTERNS)
    except jsonschema_rs.ValidationError as error:
        if missing:
            raise Missing(missing[0]) from None
        raise ValueError(error.message) from None
