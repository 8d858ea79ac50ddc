"""How an answer is wanted: sorted, in pages, counted, cut down to fields and languages; by the rules, in Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from services.customer_segment.model import Document

DEFAULT_LANGUAGE = "en"
LANGUAGES: dict[str, tuple[str, ...]] = {
    "*": ("en", "de"),
    "de": ("de",),
    "de-AT, en;q=0.1": ("en", "de"),
    "fr, de;q=0.5": ("de",),
}
"""Values of Accept-Language, with the tenant's languages that they name."""


@dataclass(frozen=True)
class Listing:
    """The part of a request that says how. sort: as sent. page: size and number. count: whether all are counted."""

    sort: str | None = None
    fields: str | None = None
    page: tuple[int, int] | None = None
    language: str | None = None
    count: bool = False

    @property
    def query(self) -> Document:
        """The query parameters."""
        size, number = self.page or (None, None)
        return {"sort": self.sort, "fields": self.fields, "pageSize": size, "pageNumber": number}

    @property
    def headers(self) -> dict[str, str]:
        """The headers."""
        count = {"X_Total_Count": "true"} if self.count else {}
        return count | ({} if self.language is None else {"Accept_Language": self.language})

    def shown(self, answer: Any) -> Any:
        """What is sent of an answer: of a list, the page in its order."""
        if isinstance(answer, list):
            size, number = self.page or (60, 1)
            answer = self._sorted(answer)[size * (number - 1) : size * number]
            return [self._cut(each) for each in answer]
        return self._cut(answer)

    def _sorted(self, views: list[Document]) -> list[Document]:
        """In the order asked for; what is equal in it stays as it was."""
        views = list(views)
        for part in reversed((self.sort or "").split(",")):
            name, _, direction = part.strip().partition(":")
            if name:
                views.sort(key=lambda view: self._key(view, name), reverse=direction.lower() == "desc")
        return views

    def _key(self, view: Document, path: str) -> tuple[bool, Any]:
        """What is missing is the smallest; a text in several languages sorts by that of the answer."""
        value: Any = view
        for step in path.split("."):
            value = value.get(step) if isinstance(value, dict) else None
        if isinstance(value, dict):
            wanted = LANGUAGES.get(self.language or "*", ())
            value = value.get(DEFAULT_LANGUAGE if self.language in (None, "*") else wanted[-1])
        return value is not None, value or ""

    def _cut(self, view: Document) -> Document:
        if self.fields is not None:
            names = {name.strip().split(".")[0] for name in self.fields.split(",")}
            view = {name: value for name, value in view.items() if name in names}
        translated: Document = self._translated(view)
        return translated

    def _translated(self, value: Any, name: str = "") -> Any:
        """Texts in the languages asked for, wherever they stand."""
        if isinstance(value, list):
            return [self._translated(each) for each in value]
        if not isinstance(value, dict) or name == "mixins":
            return value
        if name in ("name", "description"):
            wanted = LANGUAGES["*" if self.language is None else self.language]
            return {tag: text for tag, text in value.items() if tag in wanted}
        return {key: self._translated(each, key) for key, each in value.items()}


PLAIN = Listing()
# The kinds of listings that differ in their order, and what each is called by where.
SEGMENT_SORTS = {
    None: None,
    "name": "name,siteCode:desc",
    "language": "name.de:DESC,status",
    "missing": "validity.from:desc,validity.to",
    "stamps": "metadata.version:desc,metadata.modifiedAt",
    "key": "id:desc",
    "empty": "",
}
ITEM_SORTS = SEGMENT_SORTS | {
    "name": "item.name",
    "language": "item.name.de:desc,segmentId",
    "missing": "item.code:desc,type",
    "key": "item.id:desc,type:desc",
}
MEMBER_SORTS = ITEM_SORTS | {
    "name": "customer.lastName:desc,customer.firstName",
    "language": "customer.email:desc",
    "missing": "legalEntity.name:desc,customer.id",
    "key": "customer.id:desc,legalEntity.id:desc",
}
USE_SORTS = dict.fromkeys(SEGMENT_SORTS, "") | {"name": "name:desc", "key": "id:desc"}
HOW = st.builds(
    Listing,
    st.sampled_from(list(SEGMENT_SORTS)),
    st.sampled_from([None, None, "id,name", "item,metadata.version", "customer, type", "nothing"]),
    st.sampled_from([None, None, (1, 2), (2, 1), (2, 2), (60, 2)]),
    st.sampled_from([None, None, *LANGUAGES]),
    st.booleans(),
)


def varied(turn: int) -> Listing:
    """A listing for each turn, each of its parts another one soon."""
    sorts, languages = list(SEGMENT_SORTS), [None, *LANGUAGES]
    return Listing(
        sort=sorts[turn % len(sorts)], language=languages[turn % len(languages)], count=turn % 2 == 0
    )
