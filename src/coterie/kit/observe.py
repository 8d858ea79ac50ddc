"""What an operator sees: structured logs without secrets, and metrics by operation."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


def configure_logs(format: str, level: str) -> None:
    """Log to standard error: `json` lines, `console` for a person's eyes, or, when empty, what fits what it is.

    Raises ValueError for another format or level.
    """
    if format not in ("", "json", "console"):
        raise ValueError(f"COTERIE_LOG_FORMAT={format!r} is not known; use json or console.")
    if level not in _LEVELS:
        raise ValueError(f"COTERIE_LOG_LEVEL={level!r} is not known; use {', '.join(_LEVELS)}.")
    terminal = sys.stderr.isatty()
    last: structlog.typing.Processor = structlog.processors.JSONRenderer()
    if format == "console" or (not format and terminal):
        # Plain, as the pretty tracebacks show local variables, and with them passwords and tokens.
        last = structlog.dev.ConsoleRenderer(
            colors=terminal, exception_formatter=structlog.dev.plain_traceback
        )
    structlog.configure(
        processors=[
            _drop_quiet,
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Log only warnings and errors of what this task does inside, such as thousands of requests of its own."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def _drop_quiet(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if _quiet.get() and method in ("debug", "info"):
        raise structlog.DropEvent
    return event


class Metrics:
    """The counters that `/metrics` shows; one registry for each app, so that tests don't share them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "coterie_requests_total",
            "Requests by operation and status.",
            ("service", "method", "path", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "coterie_request_seconds",
            "Seconds from the request's head to its answer.",
            ("service", "method", "path"),
            registry=self.registry,
            buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
        )
        self.flying = Gauge("coterie_requests_in_flight", "Requests being served.", registry=self.registry)
        self.errors = Counter(
            "coterie_internal_errors_total", "Answers with status 500.", registry=self.registry
        )
        self.events = Counter(
            "coterie_events_total", "Events handled by the worker.", ("outcome",), registry=self.registry
        )

        self._known: dict[tuple[tuple[str, str, str], int], tuple[Counter, Histogram]] = {}

    def count(self, labels: tuple[str, str, str], status: int, seconds: float) -> None:
        """Count a request of the operation `(service, method, path)`. Labels are rows' paths, so they are few."""
        known = self._known.get((labels, status))
        if known is None:
            known = (self.requests.labels(*labels, str(status)), self.seconds.labels(*labels))
            self._known[labels, status] = known
        known[0].inc()
        known[1].observe(seconds)

    def text(self) -> bytes:
        """The metrics in Prometheus' text format."""
        return generate_latest(self.registry)
