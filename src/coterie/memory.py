"""What a worker keeps ready to be sent, bounded by its size; whoever asks compares a stamp first (decision 8)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Any


class Memory:
    """The values used last, as many as fit; a value may be dropped at any time."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._size = 0

    def get(self, key: Hashable) -> Any:
        """The value, or None."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def keep(self, key: Hashable, value: Any, size: int, most: int) -> None:
        """Keep a value of about `size` bytes, and drop the oldest ones beyond `most` bytes in all."""
        self.drop(key)
        self._kept[key] = (value, size)
        self._size += size
        while self._size > most and self._kept:
            self._size -= self._kept.popitem(last=False)[1][1]

    def clear(self) -> None:
        """Forget everything."""
        self._kept.clear()
        self._size = 0

    def drop(self, key: Hashable) -> None:
        """Forget a value."""
        known = self._kept.pop(key, None)
        if known is not None:
            self._size -= known[1]


MEMORY = Memory()
