"""Keyset paging: the rows after, or before, the one whose sort keys are known. Pages never drift or overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

Value = str | int | float | bool | None


@dataclass(frozen=True)
class Key:
    """An expression to sort by. NULL counts as the smallest, on both engines."""

    expression: sa.ColumnElement[Any]
    descending: bool = False

    @classmethod
    def of(cls, each: sa.ColumnElement[Any] | Key) -> Key:
        """A key as it is, an expression as an ascending one."""
        return each if isinstance(each, Key) else cls(each)

    def order(self) -> sa.ColumnElement[Any]:
        """The ORDER BY term."""
        key = self.expression
        # A column of a subquery may be missing after an outer join, whatever the table says of it.
        if isinstance(key, sa.Column) and isinstance(key.table, sa.Table) and not key.nullable:
            return key.desc() if self.descending else key.asc()
        # PostgreSQL takes NULL for the largest where nothing is said.
        return key.desc().nulls_last() if self.descending else key.asc().nulls_first()

    def reverse(self) -> Key:
        """The same in the other direction."""
        return Key(self.expression, not self.descending)

    def follows(self, value: Value) -> sa.ColumnElement[bool]:
        """Whether a row's key stands after `value` in this direction."""
        key = self.expression
        if self.descending:
            return sa.false() if value is None else sa.or_(key < self._bound(value), key.is_(None))
        return key.is_not(None) if value is None else key > self._bound(value)

    def equals(self, value: Value) -> sa.ColumnElement[bool]:
        """Whether a row's key is `value`."""
        return self.expression.is_(None) if value is None else self.expression == self._bound(value)

    def _bound(self, value: Value) -> sa.ColumnElement[Any]:
        return sa.literal(value, self.expression.type)


def after(keys: Sequence[Key], values: Sequence[Value]) -> sa.ColumnElement[bool]:
    """Whether a row stands after the one with these values; the last keys must make the order total."""
    options = []
    for at, key in enumerate(keys):
        same = [each.equals(value) for each, value in zip(keys[:at], values, strict=False)]
        options.append(sa.and_(*same, key.follows(values[at])))
    return sa.or_(*options)
