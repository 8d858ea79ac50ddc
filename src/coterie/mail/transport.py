"""Where messages go: to an SMTP host, or to files while none is set."""

from __future__ import annotations

import os
from email.message import EmailMessage
from pathlib import Path
from socket import gethostname
from typing import Protocol

import aiosmtplib

from coterie.mail.render import Unsendable
from coterie.settings import SettingError, Settings

_SECURITY = ("starttls", "tls", "none")
# For the connection and for each answer of the host; a delivery as a whole has the worker's limit.
_SECONDS = 10.0
# How a host says that an address is no good (RFC 3463); other refusals may be a setting to mend, and are retried.
_BAD_ADDRESS = "5.1."


class Transport(Protocol):
    """Takes messages. `place` says where they go, for people."""

    place: str

    async def send(self, message: EmailMessage, name: str) -> None:
        """Hand a message over, `name` being its own. Raises Unsendable when another try is no use."""


class SmtpHost:
    """A mail host, asked on a connection for each message. Its certificate is verified."""

    def __init__(self, settings: Settings) -> None:
        if settings.smtp_security not in _SECURITY:
            raise SettingError(
                f"COTERIE_SMTP_SECURITY={settings.smtp_security!r} is not known; use {', '.join(_SECURITY)}."
            )
        if settings.smtp_user and settings.smtp_security == "none":
            raise SettingError(
                "COTERIE_SMTP_USER is set, but COTERIE_SMTP_SECURITY=none would send the password in the clear; "
                "use starttls or tls."
            )
        self._settings = settings
        self.place = f"{settings.smtp_host}:{settings.smtp_port}"

    async def send(self, message: EmailMessage, name: str) -> None:
        settings = self._settings
        try:
            await aiosmtplib.send(
                message,
                hostname=settings.smtp_host,
                port=settings.smtp_port,
                username=settings.smtp_user or None,
                password=settings.smtp_password or None,
                use_tls=settings.smtp_security == "tls",
                start_tls=settings.smtp_security == "starttls",
                timeout=_SECONDS,
                # Its own name, since the library would look it up in the DNS, and wait for that.
                local_hostname=gethostname(),
            )
        except aiosmtplib.SMTPRecipientsRefused as error:
            if all(each.message.startswith(_BAD_ADDRESS) for each in error.recipients):
                raise Unsendable("the mail host says that there is no such address") from None
            raise


class Files:
    """A folder with a file for each message, which only the server's user may read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.place = str(folder)

    async def send(self, message: EmailMessage, name: str) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Whole or not at all, and the same file for a repetition.
        draft = self._folder / f".{name}"
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(message.as_bytes())
        draft.replace(self._folder / f"{name}.eml")


def transport_of(settings: Settings) -> Transport:
    """What the settings ask for. Raises SettingError."""
    if settings.smtp_host:
        return SmtpHost(settings)
    return Files(Path(settings.mail_dir or Path(settings.data_dir) / "mail"))
