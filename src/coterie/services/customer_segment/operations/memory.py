"""What a worker keeps of a segment's items, ready to be sent; whoever asks compares a stamp first."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate


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
