"""The one adapter to Svix: a tenant is an application there, an event a message, and the portal its dashboard."""

from __future__ import annotations

from typing import Any

from coterie.fetch import Channel, FetchError, SafeFetcher
from coterie.kit.call import Call
from coterie.kit.errors import CoterieError, NotFound
from coterie.kit.wire import encode, parse
from coterie.services.webhook import rules
from coterie.services.webhook.schemas import DashboardView

_CONNECTIONS = 16


class SvixError(Exception):
    """Svix could not be asked, or refused; the message says why."""


class BadGateway(CoterieError):
    """The provider could not be asked."""

    status, key = 502, "internal"


class Svix:
    """An account of Svix, for one tenant, whose application and event types are made when they are missing."""

    def __init__(self, fetcher: SafeFetcher, url: str, key: str, tenant: str) -> None:
        self._fetcher, self._url, self._tenant = fetcher, url.rstrip("/"), tenant
        self._headers = {
            "Authorization": rules.svix_authorization(key),
            "Content-Type": "application/json",
            "Accept": "application/json",
        }
        self._channels: dict[str, Channel] = {}

    async def message(self, type: str, id: str, payload: dict[str, Any]) -> None:
        """Hand an event over; one that Svix has by this id already is fine. Raises SvixError."""
        path, body = f"app/{self._tenant}/msg/", {"eventType": type, "eventId": id, "payload": payload}
        status, _ = await self._post(path, body)
        if status in (404, 422):
            await self._application()
            await self._expect("event-type/", {"name": type, "description": type}, 409)
            status, _ = await self._post(path, body)
        if status != 409 and not 200 <= status < 300:
            raise SvixError(f"Svix answered a message with status {status}")

    async def dashboard(self) -> tuple[str, str]:
        """The address of the tenant's portal, and the token that opens it. Raises SvixError."""
        await self._application()
        answer = await self._expect(f"auth/app-portal-access/{self._tenant}/", {})
        return str(answer["url"]), str(answer["token"])

    async def _application(self) -> None:
        await self._expect("app/?get_if_exists=true", {"name": self._tenant, "uid": self._tenant})

    async def _expect(self, path: str, body: Any, *fine: int) -> Any:
        status, answer = await self._post(path, body)
        if status in fine:
            return None
        if not 200 <= status < 300:
            raise SvixError(f"Svix answered with status {status}")
        return parse(answer)

    async def _post(self, path: str, body: Any) -> tuple[int, bytes]:
        if path not in self._channels:
            self._channels[path] = Channel(self._fetcher, f"{self._url}/api/v1/{path}", _CONNECTIONS)
        try:
            return await self._channels[path].post(encode(body), self._headers)
        except FetchError as error:
            raise SvixError(str(error)) from None

    async def close(self) -> None:
        """Close its connections."""
        for channel in self._channels.values():
            await channel.close()


async def dashboard_access(call: Call) -> DashboardView:
    """A link into the tenant's portal at Svix, with the operator's account."""
    settings = call.runtime.settings
    if not settings.svix_key:
        raise NotFound(
            "dashboard", message="There is no shared Svix account; the operator sets COTERIE_SVIX_KEY."
        )
    svix = Svix(call.runtime.fetcher, settings.svix_url, settings.svix_key, call.tenant.name)
    try:
        url, token = await svix.dashboard()
    except SvixError as error:
        raise BadGateway("Svix could not be asked; try again later.", log=str(error)) from None
    finally:
        await svix.close()
    return DashboardView(url=url, token=token)
