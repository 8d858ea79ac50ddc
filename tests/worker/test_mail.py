"""The worker sends the letters that events ask for: retried, once, to a real SMTP host or to files."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from aiosmtplib import SMTPException
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select, update

from coterie.directory import SERVICES
from coterie.kit.runtime import Runtime, build
from coterie.kit.tables import outbox
from coterie.mail.letters import Letter, post_all
from coterie.mail.transport import Files, SmtpHost, transport_of
from coterie.settings import SettingError, Settings
from coterie.worker import claims
from coterie.worker.claims import Pace, StoredEvent
from coterie.worker.mail import MailSender
from coterie.worker.worker import Worker
from support.mailbox import Kept
from support.outbox import StillClock

TENANT = "acme"
LETTER = Letter(
    "password-reset",
    "jane@example.com",
    ("en",),
    {"email": "jane@example.com", "shop": "", "link": "", "token": "t0ken", "hours": "", "minutes": "60"},
)


class Postman:
    """A mail host's handler: keeps what it takes, and answers as it is told to first."""

    def __init__(self, *first: str) -> None:
        self.answers = list(first)
        self.taken: list[tuple[list[str], EmailMessage]] = []
        self.secure: list[bool] = []
        self.users: list[str] = []

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        assert isinstance(envelope.content, bytes)
        message = message_from_bytes(envelope.content, policy=default)
        assert isinstance(message, EmailMessage)
        self.taken.append((envelope.rcpt_tos, message))
        self.secure.append(session.ssl is not None)
        return "250 OK"

    def authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        right = (data.login, data.password) == (b"user", b"secret")
        self.users.append(data.login.decode())
        return AuthResult(success=right)


@contextmanager
def mail_host(handler: Any, **options: Any) -> Iterator[dict[str, Any]]:
    """A real SMTP server on loopback; the settings that name it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port, server_hostname="localhost", **options)
    controller.start()
    try:
        yield {"smtp_host": "localhost", "smtp_port": port, "smtp_security": "none"}
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for localhost with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "host.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return file


def causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def run(url: str, folder: Path, test: Callable[[Runtime], Awaitable[None]], **settings: Any) -> None:
    """The test with the parts of a server over an own database that has one tenant."""

    async def whole() -> None:
        made = Settings(database=url, data_dir=str(folder), secret="test-secret-" * 4, **settings)
        runtime = build(made, SERVICES)
        try:
            async with runtime.database.writing() as db:
                await runtime.tenants.create(db, TENANT)
            await asyncio.wait_for(test(runtime), 60)
        finally:
            await runtime.close()

    asyncio.run(whole())


async def post(runtime: Runtime, *letters: Letter) -> None:
    async with runtime.database.writing() as db:
        await post_all(runtime, db, [(TENANT, letter) for letter in letters or (LETTER,)])


async def stored(runtime: Runtime) -> Any:
    async with runtime.database.reading() as db:
        return await db.all(select(outbox).order_by(outbox.c.id))


async def work(runtime: Runtime, sender: MailSender, clock: StillClock | None = None) -> None:
    worker = Worker(runtime.database, clock or runtime.clock, [sender], pace=Pace(housekeeping=1e9))
    while await worker.round():
        pass


# To a mail host


def test_a_letter_reaches_the_mail_host(database_url: str, tmp_path: Path) -> None:
    postman = Postman()

    async def test(runtime: Runtime) -> None:
        await post(runtime)
        await work(runtime, MailSender(runtime))
        ((to, message),) = postman.taken
        assert to == ["jane@example.com"]
        assert (message["To"], message["From"]) == ("jane@example.com", "shop@example.com")
        assert message["Subject"] == "Set a new password"
        assert message["Message-ID"].endswith("@example.com>")
        assert message["Auto-Submitted"] == "auto-generated"
        assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
        assert "t0ken" in message.get_body(("plain",)).get_content()
        (row,) = await stored(runtime)
        assert row.done_at is not None
        assert row.payload == {}

    with mail_host(postman) as settings:
        run(database_url, tmp_path, test, mail_from="shop@example.com", **settings)


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_it_is_sent_encrypted_and_after_a_login(
    database_url: str, tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch, security: str
) -> None:
    postman = Postman()
    options: dict[str, Any] = {"authenticator": postman.authenticate, "auth_required": True}
    if security == "tls":
        options |= {"ssl_context": tls(certificate), "auth_require_tls": False}
    else:
        options |= {"tls_context": tls(certificate), "require_starttls": True}

    async def test(runtime: Runtime) -> None:
        await post(runtime)
        sender = MailSender(runtime)
        # A host with a certificate that nobody vouches for gets neither password nor mail.
        (event,) = await stored(runtime)
        told = StoredEvent(event.id, TENANT, event.type, event.subject, event.payload, event.created_at, 0)
        with pytest.raises((SMTPException, ssl.SSLError)) as refused:
            await sender.deliver(told)
        assert any(isinstance(each, ssl.SSLCertVerificationError) for each in causes(refused.value))
        assert postman.users == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        await work(runtime, MailSender(runtime))
        assert len(postman.taken) == 1
        assert postman.users == ["user"]

    # A controller connects to itself to see whether it runs, which it can't over TLS of our own.
    with host(postman, security, **options) as settings:
        settings |= {"smtp_security": security, "smtp_user": "user", "smtp_password": "secret"}
        run(database_url, tmp_path, test, **settings)


@contextmanager
def host(postman: Postman, security: str, **options: Any) -> Iterator[dict[str, Any]]:
    if security == "starttls":
        with mail_host(postman, **options) as settings:
            yield settings
        return
    context = options.pop("ssl_context")
    loop = asyncio.new_event_loop()

    async def serve() -> asyncio.Server:
        return await loop.create_server(
            lambda: SMTP(postman, hostname="localhost", loop=loop, **options), "127.0.0.1", 0, ssl=context
        )

    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(serve(), loop).result(10)
    try:
        yield {"smtp_host": "localhost", "smtp_port": server.sockets[0].getsockname()[1]}
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def test_a_host_that_is_busy_is_asked_again_later(database_url: str, tmp_path: Path) -> None:
    postman = Postman("451 later", "452 later")

    async def test(runtime: Runtime) -> None:
        clock = StillClock(runtime.clock.now())
        await post(runtime)
        sender = MailSender(runtime)
        for attempt in (1, 2):
            await work(runtime, sender, clock)
            (row,) = await stored(runtime)
            assert (row.attempts, row.done_at, postman.taken) == (attempt, None, [])
            assert "later" in row.error
            assert "t0ken" not in str(row)
            clock.move(seconds=600)
        await work(runtime, sender, clock)
        assert len(postman.taken) == 1

    with mail_host(postman) as settings:
        run(database_url, tmp_path, test, **settings)


def test_one_that_cannot_be_sent_holds_up_no_other(database_url: str, tmp_path: Path) -> None:
    postman = Postman("451 later")

    async def test(runtime: Runtime) -> None:
        clock = StillClock(runtime.clock.now())
        await post(runtime, LETTER)
        await post(runtime, replace(LETTER, to="joe@example.com"))
        await work(runtime, MailSender(runtime), clock)
        assert len(postman.taken) == 1

    with mail_host(postman) as settings:
        run(database_url, tmp_path, test, **settings)


class Choosy(Postman):
    """Takes nothing for anybody."""

    def __init__(self, answer: str) -> None:
        super().__init__()
        self._answer = answer

    async def handle_RCPT(self, *_: Any) -> str:  # noqa: N802
        return self._answer


@pytest.mark.parametrize(
    ("answer", "given_up"), [("550 5.1.1 no such user", True), ("550 5.7.1 relaying denied", False)]
)
def test_an_address_that_does_not_exist_is_given_up(
    database_url: str, tmp_path: Path, answer: str, given_up: bool
) -> None:
    async def test(runtime: Runtime) -> None:
        await post(runtime)
        await work(runtime, MailSender(runtime), StillClock(runtime.clock.now()))
        (row,) = await stored(runtime)
        assert (row.done_at is not None) is given_up
        assert (row.payload == {}) is given_up

    with mail_host(Choosy(answer)) as settings:
        run(database_url, tmp_path, test, **settings)


@pytest.mark.parametrize(
    "to", ["a b@example.com", "a@b@example.com", "a@example.com\nBcc: x@example.com", "@"]
)
def test_what_is_no_address_is_given_up_and_adds_no_header(
    database_url: str, tmp_path: Path, to: str
) -> None:
    async def test(runtime: Runtime) -> None:
        kept = Kept()
        await post(runtime, replace(LETTER, to=to))
        await work(runtime, MailSender(runtime, kept))
        assert kept.messages == []
        (row,) = await stored(runtime)
        assert row.done_at is not None

    run(database_url, tmp_path, test)


# Once


def test_a_worker_that_comes_second_sends_nothing(database_url: str, tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        kept = Kept()
        sender = MailSender(runtime, kept)
        await post(runtime)
        async with runtime.database.writing() as db:
            claim = await claims.claim(db, runtime.clock.now(), Pace(), wanted=claims.Wanted(sender.types))
        # It has the letter in hand, as the first one had, which was killed before it could say so.
        (event,) = claim.events
        await sender.deliver(event)
        await sender.deliver(event)
        assert len(kept.messages) == 1

    run(database_url, tmp_path, test)


def test_a_letter_whose_sending_was_not_noted_has_the_same_id_again(
    database_url: str, tmp_path: Path
) -> None:
    async def test(runtime: Runtime) -> None:
        kept = Kept()
        sender = MailSender(runtime, kept)
        await post(runtime)
        (row,) = await stored(runtime)
        event = StoredEvent(row.id, TENANT, row.type, row.subject, row.payload, row.created_at, 0)
        await sender.deliver(event)
        async with runtime.database.writing() as db:
            await db.run(update(outbox).values(payload=row.payload))
        await sender.deliver(event)
        first, second = kept.messages
        assert first["Message-ID"] == second["Message-ID"]
        assert first.get_body(("plain",)).get_content() == second.get_body(("plain",)).get_content()

    run(database_url, tmp_path, test)


def test_a_letter_to_nobody_is_done_without_being_sent(database_url: str, tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        kept = Kept()
        await post(runtime, replace(LETTER, to=""))
        (before,) = await stored(runtime)
        await work(runtime, MailSender(runtime, kept))
        (row,) = await stored(runtime)
        assert (kept.messages, row.payload) == ([], {})
        assert row.done_at is not None
        assert set(before.payload) == {"letter"}

    run(database_url, tmp_path, test)


def test_other_consumers_never_hear_of_letters(database_url: str, tmp_path: Path) -> None:
    from support.outbox import Recorder

    async def test(runtime: Runtime) -> None:
        recorder, kept = Recorder(), Kept()
        await post(runtime)
        row = {"tenant": TENANT, "type": "a", "subject": "s", "payload": {}, "created_at": "2026"}
        async with runtime.database.writing() as db:
            await db.run(outbox.insert(), [{**row, "internal": False}, {**row, "internal": True}])
        worker = Worker(runtime.database, runtime.clock, [MailSender(runtime, kept), recorder])
        while await worker.round():
            pass
        assert [(event.type, event.internal) for event in recorder.events] == [("a", False)]
        assert len(kept.messages) == 1
        assert all(row.done_at for row in await stored(runtime))

    run(database_url, tmp_path, test)


# To files


def test_without_a_mail_host_mails_are_files_of_the_servers_user(database_url: str, tmp_path: Path) -> None:
    async def test(runtime: Runtime) -> None:
        sender = MailSender(runtime)
        assert sender.place == str(tmp_path / "mail")
        await post(runtime)
        await work(runtime, sender)
        (file,) = (tmp_path / "mail").iterdir()
        assert file.suffix == ".eml"
        assert file.stat().st_mode & 0o077 == 0
        assert b"t0ken" in file.read_bytes()

    run(database_url, tmp_path, test)


@pytest.mark.parametrize(
    "wrong",
    [{"smtp_security": "ssl"}, {"smtp_security": "none", "smtp_user": "user", "smtp_password": "secret"}],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(SettingError, match="COTERIE_SMTP_"):
        transport_of(Settings(smtp_host="mail.example.com", **wrong))


def test_the_settings_choose_where_mails_go(tmp_path: Path) -> None:
    assert isinstance(transport_of(Settings(smtp_host="mail.example.com")), SmtpHost)
    chosen = transport_of(Settings(mail_dir=str(tmp_path)))
    assert isinstance(chosen, Files)
    assert chosen.place == str(tmp_path)
