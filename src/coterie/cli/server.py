"""`coterie serve`, `coterie worker` and `coterie migrate`."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import gc
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Annotated

import uvicorn
import uvloop
from cyclopts import Parameter

from coterie.app import App
from coterie.cli import CommandError, app
from coterie.cli.options import Json, Where
from coterie.database import statistics
from coterie.database.session import Session
from coterie.directory import SERVICES
from coterie.kit.observe import Metrics, configure_logs
from coterie.kit.runtime import Runtime, build
from coterie.migrations import migrate as migrations
from coterie.settings import SettingError, Settings
from coterie.worker import steps
from coterie.worker.jobs import JobWorker
from coterie.worker.mail import MailSender
from coterie.worker.webhooks import WebhookWorker
from coterie.worker.worker import Worker

_NOWHERE = Where()


@app.command
def serve(
    *,
    host: Annotated[str | None, Parameter(help="Address to listen on.")] = None,
    port: Annotated[int | None, Parameter(help="Port to listen on; 0 takes a free one.")] = None,
    demo: Annotated[
        bool, Parameter(show_default=False, help="Fill the demo tenant first and print its logins.")
    ] = False,
    where: Where = _NOWHERE,
) -> None:
    """Serve the API until interrupted; requests in flight are finished.

    With the embedded database the schema is brought up to date first, and events are handled in this process.
    """
    settings = where.settings(host=host, port=port)
    logs(settings)
    with listening(settings) as sock:
        settings = where.settings(host=host, port=sock.getsockname()[1])
        uvloop.run(_serve(settings, sock, demo=demo))


async def _serve(settings: Settings, sock: socket.socket, *, demo: bool) -> None:
    await prepared(settings)
    async with opened(settings) as runtime:
        application = App(runtime)
        greeting = ""
        if demo:
            from coterie.cli.demo import fill

            greeting = (await fill(application)).greeting(settings)
        config = uvicorn.Config(
            application,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=True,
            # Who asks is read in app.py: by default uvicorn believes whatever a program on this machine forwards.
            proxy_headers=False,
            timeout_graceful_shutdown=settings.shutdown_seconds,
            lifespan="on",
        )
        server = _Server(config)
        workers: list[Worker | JobWorker | WebhookWorker] = []
        mail = MailSender(runtime)
        if settings.embedded and settings.embedded_worker:
            workers = [
                worker_of(runtime, mail, application.metrics),
                JobWorker(runtime),
                WebhookWorker(runtime),
            ]
        tasks = [asyncio.create_task(each.run()) for each in workers]
        print(f"coterie listens on {settings.base_url}\nAPI documentation: {settings.base_url}/docs")
        if workers:
            print(f"Mails go to {mail.place}")
        else:
            print("Events and imports wait for `coterie worker`: run one beside the servers.")
        print(greeting, end="", flush=True)
        try:
            await server.serve(sockets=[sock])
        finally:
            for each in workers:
                each.stop()
            await asyncio.gather(*tasks)


class _Server(uvicorn.Server):
    """A server whose end is only the end of serving: uvicorn's own raises the signal again, which would end the
    process before the worker and the database are closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM)
        for number in signals:
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


@app.command
def worker(*, where: Where = _NOWHERE) -> None:
    """Handle events and jobs until interrupted; run any number of these beside the servers on PostgreSQL."""
    settings = where.settings()
    logs(settings)
    uvloop.run(_work(settings))


async def _work(settings: Settings) -> None:
    await prepared(settings)
    async with opened(settings) as runtime:
        mail = MailSender(runtime)
        workers = (worker_of(runtime, mail), JobWorker(runtime), WebhookWorker(runtime))

        def stop() -> None:
            for each in workers:
                each.stop()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop)
        print(f"coterie worker started\nMails go to {mail.place}", flush=True)
        await asyncio.gather(*(each.run() for each in workers))


@app.command
def migrate(
    *,
    check: Annotated[
        bool, Parameter(show_default=False, help="Only say whether it is; exit code 1 when it is not.")
    ] = False,
    json_: Json = False,
    where: Where = _NOWHERE,
) -> None:
    """Bring the database's schema up to date."""
    settings = where.settings()
    current, head = asyncio.run(_migrate(settings.database_url, check=check))
    if json_:
        print(json.dumps({"current": current, "head": head}))
    else:
        print(f"schema {current or 'empty'}" + ("" if current == head else f", the newest is {head}"))
    if current != head:
        sys.exit(1)


async def _migrate(url: str, *, check: bool) -> tuple[str | None, str]:
    if not check:
        await migrations.upgrade(url)
    return await migrations.status(url)


def worker_of(runtime: Runtime, mail: MailSender, metrics: Metrics | None = None) -> Worker:
    """The event worker of this process: handles the outbox, sends mails, does the services' chores."""

    async def prune_tokens(session: Session, _now: datetime, _limit: int) -> int:
        return await runtime.tokens.prune(session)

    async def prune_jobs(session: Session, now: datetime, limit: int) -> int:
        longer = {kind: days for each in runtime.services for kind, days in each.job_days.items()}
        return await steps.prune(session, now, limit, days=runtime.settings.job_days, longer=longer)

    async def renew_statistics(session: Session, _now: datetime, _limit: int) -> int:
        await statistics.renew(session)
        return 0

    chores = [partial(chore, runtime) for service in runtime.services for chore in service.chores]

    def observe(outcome: str, number: int) -> None:
        if metrics is not None:
            metrics.events.labels(outcome).inc(number)

    return Worker(
        runtime.database,
        runtime.clock,
        [mail],
        event_days=runtime.settings.event_days,
        prunes=[renew_statistics, prune_tokens, prune_jobs, *chores],
        wake=runtime.events_written,
        observe=observe,
    )


async def prepared(settings: Settings) -> None:
    """The schema as this code needs it: made so when embedded, else checked. Raises DatabaseError."""
    if settings.embedded:
        await migrations.upgrade(settings.database_url)
    else:
        await migrations.require_current(settings.database_url)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Runtime]:
    """The parts of a server for these settings, closed in the end."""
    runtime = build(settings, SERVICES)
    # What stands now stays. Bulks and imports make many objects at once, none of them in cycles: looking for
    # cycles among them as often as Python does by default took a third of an import's time.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    try:
        yield runtime
    finally:
        await runtime.close()


def logs(settings: Settings) -> None:
    """Configure the logs as set. Raises SettingError."""
    try:
        configure_logs(settings.log_format, settings.log_level)
    except ValueError as error:
        raise SettingError(str(error)) from None


def listening(settings: Settings) -> contextlib.closing[socket.socket]:
    """The bound socket, taken before anything else is done. Raises CommandError."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((settings.host, settings.port))
        sock.listen(2048)
    except OverflowError:
        sock.close()
        raise CommandError(f"{settings.port} is not a port; use 1 to 65535.", 2) from None
    except OSError as error:
        sock.close()
        address = f"{settings.host}:{settings.port}"
        if error.errno == errno.EADDRINUSE:
            message = f"{address} is taken by another program; stop it, or choose another with --port."
            raise CommandError(message, 3) from None
        raise CommandError(f"can't listen on {address}: {error.strerror or error}.", 3) from None
    return contextlib.closing(sock)
