"""Changing a document by a PATCH body: RFC 6902 operations (an array) or an RFC 7396 merge (an object).

Pure: neither the document nor the body is ever changed, and the result shares no mutable part with them.
"""

import copy
from collections.abc import Mapping
from typing import Any

import jsonpatch
from jsonpointer import JsonPointer, JsonPointerException

MAX_OPERATIONS = 500
MAX_COPIED = 1_000_000
"""Nodes and characters that the `copy` operations of one patch may add: each can double the document."""

_MEMBERS = {
    "add": ("value",),
    "remove": (),
    "replace": ("value",),
    "move": ("from",),
    "copy": ("from",),
    "test": ("value",),
}
_ABSENT = object()


class PatchError(ValueError):
    """The patch can't be applied. `index` (0-based) and `path` tell which operation is at fault, if any."""

    def __init__(self, message: str, index: int | None = None, path: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.index = index
        self.path = path


def patched(
    document: Mapping[str, Any], body: object, immutable: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The document after a PATCH body of either kind, `immutable` as in `apply_patch`; or `PatchError`."""
    if isinstance(body, list):
        return apply_patch(document, body, immutable)
    if not isinstance(body, dict):
        raise PatchError("the body must be an array of JSON Patch operations or an object to merge")
    result: dict[str, Any] = merge(document, body)
    if changed := _changed(document, result, immutable):
        raise PatchError(f"{changed} can't be changed", path=f"/{changed}")
    return result


def apply_patch(
    document: Mapping[str, Any], operations: object, immutable: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The document after RFC 6902 operations, applied all or none. Raises `PatchError`.

    Operation names are read in any case, since clients send both (CONTRACT §2.10). The members named in
    `immutable` may be set to the value that they have, but must not differ after any operation.
    """
    if not isinstance(operations, list):
        raise PatchError("a JSON Patch must be an array of operations")
    if len(operations) > MAX_OPERATIONS:
        raise PatchError(f"a JSON Patch may hold at most {MAX_OPERATIONS} operations, not {len(operations)}")
    result: Any = _copied(document)
    budget = MAX_COPIED
    for index, given in enumerate(operations):
        operation = _checked(given, index)
        if operation["op"] == "copy":
            budget -= _weight(result, operation["from"], budget)
            if budget < 0:
                raise PatchError("the patch copies too much", index, operation["path"])
        result = _applied(result, operation, index)
        if not isinstance(result, dict):
            raise PatchError("the document must stay an object", index, operation["path"])
        if changed := _changed(document, result, immutable):
            raise PatchError(f"{changed} can't be changed", index, operation["path"])
    return result  # type: ignore[no-any-return]


def merge(document: Any, patch: Any) -> Any:
    """The RFC 7396 merge: objects are merged member by member, null removes, anything else replaces."""
    try:
        return _merged(document, patch)
    except RecursionError:
        raise PatchError("the document would be nested too deeply") from None


def _merged(document: Any, patch: Any) -> Any:
    if not isinstance(patch, Mapping):
        return copy.deepcopy(patch)
    kept = document if isinstance(document, Mapping) else {}
    result = {name: copy.deepcopy(value) for name, value in kept.items() if name not in patch}
    for name, value in patch.items():
        if value is not None:
            result[name] = _merged(kept.get(name), value)
    return result


def _checked(given: object, index: int) -> dict[str, Any]:
    """An operation whose members have the right types, its name in lower case."""
    if not isinstance(given, dict):
        raise PatchError("an operation must be an object", index)
    path = given.get("path")
    if not isinstance(path, str):
        raise PatchError("an operation must have a path, which is a string", index)
    name = given.get("op")
    op = name.lower() if isinstance(name, str) else ""
    if op not in _MEMBERS:
        raise PatchError(f"op must be one of {', '.join(_MEMBERS)}", index, path)
    for member in _MEMBERS[op]:
        if member not in given:
            raise PatchError(f"{op} needs the member {member}", index, path)
    pointers = {"path": path} | ({"from": given["from"]} if "from" in _MEMBERS[op] else {})
    for member, pointer in pointers.items():
        try:
            JsonPointer(pointer)
        except (JsonPointerException, TypeError):
            text = "must be a JSON Pointer: empty, or starting with / and with ~ only in ~0 and ~1"
            raise PatchError(f"{member} {text}", index, path) from None
    return {**given, "op": op}


def _applied(document: Any, operation: dict[str, Any], index: int) -> Any:
    op, path = operation["op"], operation["path"]
    try:
        return jsonpatch.JsonPatch([operation]).apply(document, in_place=True)
    except jsonpatch.JsonPatchTestFailed:
        raise PatchError("the value is not the one tested for", index, path) from None
    except (jsonpatch.JsonPatchException, JsonPointerException):
        # The library's texts hold whole documents.
        raise PatchError(
            f"{op} can't be applied: the location does not exist or can't hold it", index, path
        ) from None
    except RecursionError:
        raise PatchError("the document would be nested too deeply", index, path) from None


def _copied(document: Mapping[str, Any]) -> dict[str, Any]:
    try:
        return copy.deepcopy(dict(document))
    except RecursionError:
        raise PatchError("the document is nested too deeply") from None


def _changed(before: Mapping[str, Any], after: Mapping[str, Any], names: frozenset[str]) -> str | None:
    """The first of the names whose value is not the same."""
    for name in sorted(names):
        if before.get(name, _ABSENT) != after.get(name, _ABSENT):
            return name
    return None


def _weight(document: Any, pointer: str, limit: int) -> int:
    """Nodes and characters of the value at a pointer, counted until they exceed the limit."""
    try:
        waiting = [JsonPointer(pointer).resolve(document)]
    except JsonPointerException:
        return 0  # applying the operation will say so
    total = 0
    while waiting and total <= limit:
        value = waiting.pop()
        total += 1
        if isinstance(value, str):
            total += len(value)
        elif isinstance(value, dict):
            total += sum(map(len, value))
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return total
