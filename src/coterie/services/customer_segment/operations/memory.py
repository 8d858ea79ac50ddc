"""What a worker keeps ready to be sent, bounded by its size; whoever asks compares a stamp first."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any


@dataclass(frozen=True)
class SegmentItems:
    """The items of a segment as JSON texts, categories before products, each by id.

    joined: the texts with commas between them; None: more than are kept in memory. ends: where each text ends.
    products_from: how many are categories.
    """

    stamp: str
    joined: bytes | None
    ends: Sequence[int] = ()
    products_from: int = 0

    @classmethod
    def of(cls, stamp: str, texts: Collection[str], products_from: int = 0) -> SegmentItems:
        """Those with these texts, the products' last."""
        encoded = [text.encode() for text in texts]
        # Each text but the first stands behind a comma.
        ends = array("q", accumulate((len(each) + 1 for each in encoded), initial=-1))[1:]
        return cls(stamp, b",".join(encoded), ends, products_from)

    def cut(self, first: int, last: int) -> bytes:
        """The texts from `first` to before `last` with commas between them; there is at least one."""
        assert self.joined is not None
        return self.joined[self.ends[first - 1] + 1 if first else 0 : self.ends[last - 1]]

    @property
    def size(self) -> int:
        """About how many bytes of memory this takes."""
        return 400 + len(self.joined or b"") + 8 * len(self.ends)


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
