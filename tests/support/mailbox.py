"""What a tenant's customers are sent: the letters of its events, delivered by the real sender to a list."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import EmailMessage

from sqlalchemy import select

from coterie.kit.tables import outbox
from coterie.mail.letters import REQUESTED
from coterie.worker.claims import StoredEvent
from coterie.worker.mail import MailSender
from support.api import Api


class Kept:
    """A transport that keeps what it is given."""

    place = "a list"

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []

    async def send(self, message: EmailMessage, name: str) -> None:
        self.messages.append(message)


@dataclass(frozen=True)
class Mail:
    """A mail as its reader sees it."""

    to: str
    sender: str
    subject: str
    text: str
    html: str
    id: str

    @property
    def token(self) -> str:
        """The secret in it, whether as a link's end or alone on a line."""
        found = re.search(r"^(?:https?://\S*[=/])?([A-Za-z0-9_-]{43})$", self.text, re.MULTILINE)
        assert found is not None, self.text
        return found[1]


def read(message: EmailMessage) -> Mail:
    """A message's parts."""
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    to, sender, subject, id = (str(message[name]) for name in ("To", "From", "Subject", "Message-ID"))
    return Mail(to, sender, subject, plain.get_content(), html.get_content(), id)


class Mailbox:
    """The mails of a tenant; `take` delivers and returns those that came since."""

    def __init__(self, api: Api) -> None:
        self._api, self._kept = api, Kept()
        self.sender = MailSender(api.server.runtime, self._kept)

    def take(self) -> list[Mail]:
        """The mails since the last time, in order."""
        for event in self.events():
            self._api.run(self.sender.deliver(event))
        taken, self._kept.messages = self._kept.messages, []
        return [read(message) for message in taken]

    def one(self) -> Mail:
        """The only mail since the last time."""
        (mail,) = self.take()
        return mail

    def events(self) -> list[StoredEvent]:
        """The events of the tenant's letters, sent ones too."""

        async def stored() -> list[StoredEvent]:
            columns = [outbox.c[n] for n in ("id", "tenant", "type", "subject", "payload", "created_at")]
            mine = (outbox.c.tenant == self._api.tenant, outbox.c.type == REQUESTED)
            async with self._api.server.runtime.database.reading() as db:
                rows = await db.all(select(*columns).where(*mine).order_by(outbox.c.id))
            return [StoredEvent(**row._mapping, attempts=0, internal=True) for row in rows]

        return self._api.run(stored())
