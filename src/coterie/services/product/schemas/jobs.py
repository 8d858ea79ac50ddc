"""Recalculation jobs and indexed fields, in requests and in answers."""

from __future__ import annotations

from typing import Any, Literal

from coterie.kit.wire import Wire


class Recalculation(Wire):
    """The products whose trees are to be recalculated."""

    product_ids: list[str]


class JobsQuery(Wire):
    """Query parameter of the list of recalculation jobs."""

    status: Literal["PENDING", "PROCESSING", "FINISHED", "FAILED", "FAILED_PERMANENT"] | None = None


class Progress(Wire):
    """How many products of a tree are done, of how many."""

    done: int
    total: int


class JobView(Wire):
    """A recalculation job. What has not happened yet is null."""

    id: str
    parent_root: str
    requested_by_ids: list[str]
    status: str
    created_at: str
    processing_started_at: Any
    finished_at: Any
    error: Any
    attempts: int
    progress: Progress


class RecalculationView(Wire):
    """The jobs of a request, and the products that no new job was made for."""

    jobs: list[JobView]
    skipped_product_ids: list[str]


class IndexedField(Wire):
    """A field to be indexed, such as `mixins.size.height`."""

    path: str


class IndexedFieldView(Wire):
    """An indexed field; searches use its index once it is ready."""

    path: str
    ready: bool
