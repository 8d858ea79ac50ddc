"""The ways of an event to its receiver: a signed POST, or a message of Svix."""

from __future__ import annotations

from typing import Any, Protocol

from coterie.fetch import Channel, FetchError, SafeFetcher
from coterie.kit.keys import Vault
from coterie.kit.wire import encode
from coterie.services.webhook.facade import SECRETS, Svix, SvixError, cursor, signatures
from coterie.settings import Settings
from coterie.worker.destinations import Item


class Undelivered(Exception):
    """A receiver did not take an event; the message says why."""


class Sender(Protocol):
    """What sends the events of one destination."""

    async def send(self, item: Item, content: dict[str, Any], seconds: int) -> None:
        """Send an event; `seconds`: the instant, since 1970. Raises Undelivered."""

    async def close(self) -> None:
        """Close its connections."""


class HttpSender:
    """Sends to a URL, signed with the secret where there is one."""

    def __init__(
        self, fetcher: SafeFetcher, vault: Vault, tenant: str, given: dict[str, Any], connections: int
    ) -> None:
        self._tenant = tenant
        self._headers = {name: each["value"] for name, each in given.get("headers", {}).items()}
        self._secret = vault.open(given["secretKey"], SECRETS) if given.get("secretKey") else ""
        self._channel = Channel(fetcher, given["destinationUrl"], connections)

    async def send(self, item: Item, content: dict[str, Any], seconds: int) -> None:
        """POST the payload; whatever is answered but a success is a failure, redirects too."""
        body, id = encode(content), f"{self._tenant}.{cursor(item.id, item.position)}"
        headers = {
            **self._headers,
            "Content-Type": "application/json",
            "emporix-event-type": item.type,
            "emporix-tenant": self._tenant,
            "webhook-id": id,
            "webhook-timestamp": str(seconds),
        }
        if self._secret:
            headers |= signatures(body, self._secret, id, seconds)
        try:
            status, _ = await self._channel.post(body, headers)
        except FetchError as error:
            raise Undelivered(str(error)) from None
        if not 200 <= status < 300:
            raise Undelivered(f"the receiver answered with status {status}")

    async def close(self) -> None:
        """Close its connections."""
        await self._channel.close()


class SvixSender:
    """Hands events to Svix, which has the endpoints and delivers to them."""

    def __init__(self, svix: Svix) -> None:
        self._svix = svix

    async def send(self, item: Item, content: dict[str, Any], seconds: int) -> None:
        """Make a message of the event."""
        try:
            await self._svix.message(item.type, cursor(item.id, item.position), content)
        except SvixError as error:
            raise Undelivered(str(error)) from None

    async def close(self) -> None:
        """Close its connections."""
        await self._svix.close()


def svix_sender(
    fetcher: SafeFetcher, vault: Vault, settings: Settings, tenant: str, provider: str, given: dict[str, Any]
) -> SvixSender:
    """The sender of a tenant's own account, or of the operator's."""
    key = vault.open(given["apiKey"], SECRETS) if provider == "SVIX" else settings.svix_key
    return SvixSender(Svix(fetcher, settings.svix_url, key, tenant))


def http_sender(
    fetcher: SafeFetcher,
    vault: Vault,
    tenant: str,
    configuration: dict[str, Any],
    entry: dict[str, Any],
    most: int,
) -> HttpSender:
    """The sender of an entry, whose own address, secret and headers win over the configuration's."""
    names = ("destinationUrl", "secretKey", "headers")
    given = {name: entry.get(name) or configuration.get(name) for name in names}
    return HttpSender(fetcher, vault, tenant, {name: each for name, each in given.items() if each}, most)
