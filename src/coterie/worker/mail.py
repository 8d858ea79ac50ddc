"""Sends the letters that events ask for: after the commit, retried by the worker, once as far as SMTP allows.

A letter that the host has taken is erased from its event at once. If the worker is killed between the two, or the
host's answer is lost, the letter is sent again with the same Message-ID and the same link, by which mailboxes that
look for repetitions drop it. SMTP has no way to do better.
"""

from __future__ import annotations

import structlog
from sqlalchemy import select, update

from coterie.kit.runtime import Runtime
from coterie.kit.tables import outbox
from coterie.mail.letters import REQUESTED, opened
from coterie.mail.render import Renderer, Unsendable, message
from coterie.mail.transport import Transport, transport_of
from coterie.worker.claims import StoredEvent

log = structlog.get_logger("coterie.mail")
_OWN_TEMPLATES, _OWN_SENDER = "emailTemplates", "cust.notification.email.from"


class MailSender:
    """The consumer that sends letters. Raises SettingError for settings that can't work."""

    name = "mail"
    types: frozenset[str] | None = frozenset({REQUESTED})

    def __init__(self, runtime: Runtime, transport: Transport | None = None) -> None:
        self._runtime = runtime
        self._transport = transport or transport_of(runtime.settings)
        self._renderer = Renderer(runtime.settings.mail_templates)

    @property
    def place(self) -> str:
        """Where mails go, for people."""
        return self._transport.place

    async def deliver(self, event: StoredEvent) -> None:
        """Send the letter of an event unless it was sent."""
        # Read anew: who had the event before may have sent it since.
        async with self._runtime.database.reading() as db:
            payload = await db.value(select(outbox.c.payload).where(outbox.c.id == event.id))
        letter = opened(self._runtime.vault, payload or {})
        if letter is None:
            return
        tenant = await self._runtime.tenants.get(event.tenant)
        if letter.to and tenant is not None:
            text = self._renderer.text(letter, event.tenant, tenant.settings.get(_OWN_TEMPLATES))
            sender = tenant.settings.get(_OWN_SENDER) or self._runtime.settings.mail_from
            digits = "".join(each for each in event.created_at if each.isdigit())
            name = f"{event.tenant}.{event.id}.{digits}"
            try:
                await self._transport.send(message(text, sender, letter.to, name), name)
            except Unsendable as reason:
                log.warning(
                    "a mail can't be sent", tenant=event.tenant, event_id=event.id, reason=str(reason)
                )
        async with self._runtime.database.writing() as db:
            await db.run(update(outbox).where(outbox.c.id == event.id).values(payload={}))
