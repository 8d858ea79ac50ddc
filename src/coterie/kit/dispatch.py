"""From a path to its row: the first segment selects the service, then its own small tree is walked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from coterie.kit.errors import MethodNotAllowed, NoRoute
from coterie.kit.rows import Row, Service, snake


@dataclass
class _Node:
    literals: dict[str, _Node] = field(default_factory=dict)
    parameter: _Node | None = None
    rows: dict[str, tuple[Service, Row, tuple[str, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """The row of a request and its path parameters, the tenant among them, by Python name."""

    service: Service
    row: Row
    parameters: dict[str, str]


class Dispatch:
    """All rows by path. A literal segment wins over a parameter (CONTRACT §3.1, route ordering)."""

    def __init__(self, services: Iterable[Service]) -> None:
        self._root = _Node()
        for service in services:
            for row in service.rows:
                self._add(service, row)

    def _add(self, service: Service, row: Row) -> None:
        node, names = self._root, []
        for part in (service.prefix + row.path).strip("/").split("/"):
            if part.startswith("{"):
                names.append(snake(part[1:-1]))
                node.parameter = node.parameter or _Node()
                node = node.parameter
            else:
                node = node.literals.setdefault(part, _Node())
        if row.method in node.rows:
            raise ValueError(f"two rows for {row.method} {service.prefix}{row.path}")
        node.rows[row.method] = (service, row, tuple(names))

    def match(self, method: str, path: str) -> Match:
        """The row for a raw (still percent-encoded) path. Raises NoRoute or MethodNotAllowed."""
        parts = path.strip("/").split("/")
        found = _walk(self._root, parts, 0, [])
        if found is None:
            raise NoRoute
        node, values = found
        entry = node.rows.get(method)
        if entry is None:
            raise MethodNotAllowed(sorted(node.rows))
        service, row, names = entry
        return Match(service, row, dict(zip(names, values, strict=True)))


def _walk(node: _Node, parts: list[str], at: int, values: list[str]) -> tuple[_Node, list[str]] | None:
    if at == len(parts):
        return (node, values) if node.rows else None
    literal = node.literals.get(parts[at])
    if literal is not None:
        found = _walk(literal, parts, at + 1, values)
        if found is not None:
            return found
    if node.parameter is not None and parts[at]:
        value = unquote(parts[at])
        return _walk(node.parameter, parts, at + 1, [*values, value])
    return None
