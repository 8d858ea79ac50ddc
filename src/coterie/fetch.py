"""Asking a URL that a client gave us, without lending that client our place in the network.

A URL in a request or a configuration (a mixin's schema, an identity provider's endpoint) is chosen by whoever
sent it. `SafeFetcher` reads it over HTTP(S), or posts a form to it, and never reaches an address that is not
public, unless the operator allows the host by name. The name is resolved once per hop and the connection goes to
the address that was checked, so a second answer of the resolver can't change the destination; the `Host` header
and TLS keep the name. Every redirect is checked like the first URL.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import httpx2

MAX_REDIRECTS = 3
MAX_ADDRESSES = 3
KEPT_SECONDS = 30.0

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""Addresses of (host, port) as text, best first; raises `OSError` when there are none."""


class FetchError(Exception):
    """The URL could not be read; the text says why and may name internal addresses: log it, don't send it."""


class FetchRefused(FetchError):
    """Policy forbids the URL or where it leads."""


class FetchFailed(FetchError):
    """The URL is allowed, but the network, the answer's status, its size or its slowness stood in the way."""


_REFUSED_V4 = tuple(
    ipaddress.IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT; some clouds keep their metadata here
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host agent: a public number that leads into the platform
        "169.254.0.0/16",  # link-local, metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_REFUSED_V6 = tuple(
    ipaddress.IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments, Teredo
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries an IPv4 address
        "3fff::/20",  # documentation
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def is_public(address: str) -> bool:
    """Whether an IP address (as text) is a public unicast address.

    The blocks are listed here rather than taken from `ipaddress.is_global`, whose answer depends on Python's
    patch release. Of IPv6 only 2000::/3 is public, which leaves out IPv4-mapped, unique-local, link-local and
    multicast addresses. Behind NAT64 every IPv4 host has a 64:ff9b:: address: there the IPv4 part decides.
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address) and ip in _NAT64:
        ip = ipaddress.IPv4Address(ip.packed[-4:])
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in block for block in _REFUSED_V4)
    return ip in _GLOBAL_V6 and not any(ip in block for block in _REFUSED_V6)


async def resolve(host: str, port: int) -> list[str]:
    """The system resolver's TCP addresses of a host."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class SafeFetcher:
    """Reads `http` and `https` URLs of unknown origin.

    `allowed_hosts` holds `host` or `host:port` names (IPv6 literals without or with brackets) whose addresses
    are not checked. `timeout` (seconds) spans the whole read including resolution and redirects; `max_bytes`
    limits the body. Neither proxies nor cookies nor credentials of the environment are used.
    """

    def __init__(
        self,
        allowed_hosts: frozenset[str] = frozenset(),
        timeout: float = 5.0,
        max_bytes: int = 512 * 1024,
        *,
        resolver: Resolver = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = frozenset(name.lower() for name in allowed_hosts)
        self._timeout = timeout
        self._max_bytes = max_bytes
        self._resolver = resolver
        self._tls = tls or ssl.create_default_context()

    async def get(self, url: str) -> bytes:
        """The body behind a URL. Raises `FetchRefused` or `FetchFailed`."""
        async with self._guarded(url):
            return await self._follow(url)

    async def post(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes]:
        """Status and body of what a URL answers to a form. Raises `FetchRefused` or `FetchFailed`.

        No redirect is followed: the form and its headers may hold secrets, which are for this URL alone.
        """
        given = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        async with self._guarded(url), self._answer(_parse(url), urlencode(form).encode(), given) as response:
            return response.status_code, await self._body(response, _parse(url))

    @asynccontextmanager
    async def _guarded(self, url: str) -> AsyncIterator[None]:
        """What happens inside ends in time, and fails as a FetchError."""
        try:
            async with asyncio.timeout(self._timeout):
                yield
        except TimeoutError:
            raise FetchFailed(f"{url} did not answer within {self._timeout:g} seconds") from None
        except httpx2.HTTPError as error:
            raise FetchFailed(f"{url} could not be read: {error or type(error).__name__}") from error

    async def _follow(self, text: str) -> bytes:
        url = _parse(text)
        for _ in range(MAX_REDIRECTS + 1):
            async with self._answer(url) as response:
                if response.has_redirect_location:
                    url = _parse(response.headers["location"], base=url)
                    continue
                if not response.is_success:
                    raise FetchFailed(f"{url} answered with status {response.status_code}")
                return await self._body(response, url)
        raise FetchFailed(f"{text} was redirected more than {MAX_REDIRECTS} times")

    @asynccontextmanager
    async def _answer(
        self, url: httpx2.URL, form: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> AsyncIterator[httpx2.Response]:
        # One connection per hop: a TLS connection verified for one name must not serve another
        # that shares its address.
        async with httpx2.AsyncHTTPTransport(verify=self._tls, trust_env=False) as transport:
            addresses = (await self._addresses(url))[:MAX_ADDRESSES]
            response = await self._send(transport, url, addresses, form, headers or {})
            try:
                yield response
            finally:
                await response.aclose()

    async def _send(
        self,
        transport: httpx2.AsyncHTTPTransport,
        url: httpx2.URL,
        addresses: list[str],
        form: bytes | None,
        headers: Mapping[str, str],
    ) -> httpx2.Response:
        share = self._timeout / len(addresses)
        failure: httpx2.HTTPError | None = None
        for address in addresses:
            request = httpx2.Request(
                "GET" if form is None else "POST",
                url.copy_with(host=address, fragment=None),
                headers={
                    "Host": url.netloc.decode("ascii"),
                    "Accept": "*/*",
                    "Accept-Encoding": "identity",  # a small compressed body may unpack to gigabytes
                    "User-Agent": "coterie",
                    **headers,
                },
                content=form,
                extensions={"sni_hostname": _host(url), "timeout": {"connect": share}},
            )
            try:
                return await transport.handle_async_request(request)
            except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
                failure = error
        raise FetchFailed(f"{url} could not be connected to: {failure}") from failure

    async def _addresses(self, url: httpx2.URL) -> list[str]:
        host, port = _host(url), url.port
        if port is None:
            port = 443 if url.scheme == "https" else 80
        try:
            addresses = await self._resolver(host, port)
        except (OSError, OverflowError, UnicodeError) as error:
            raise FetchFailed(f"{host} could not be resolved: {error}") from error
        if not addresses:
            raise FetchFailed(f"{host} could not be resolved")
        bracketed = f"[{host}]" if ":" in host else host
        if self._allowed.isdisjoint((host, bracketed, f"{bracketed}:{port}")):
            for address in addresses:
                if not is_public(address):
                    raise FetchRefused(
                        f"{host} leads to {address}, which is not public; the operator may allow it by name"
                    )
        return addresses

    async def _body(self, response: httpx2.Response, url: httpx2.URL) -> bytes:
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise FetchFailed(f"{url} answered with an encoding that was not asked for")
        body = bytearray()
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > self._max_bytes:
                raise FetchFailed(f"{url} holds more than {self._max_bytes} bytes")
        return bytes(body)


class Channel:
    """Many posts to one URL, over connections that are kept, to addresses that were checked.

    The name is resolved and its addresses are checked again every half minute; the connections are new then.
    """

    def __init__(self, fetcher: SafeFetcher, url: str, connections: int) -> None:
        self._fetcher, self._url = fetcher, url
        self._limits = httpx2.Limits(max_connections=connections)
        self._transport: httpx2.AsyncHTTPTransport | None = None
        self._addresses: list[str] = []
        self._until = 0.0
        self._gate = asyncio.Lock()

    async def post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body of the answer, no redirect followed. Raises FetchRefused or FetchFailed."""
        parsed = _parse(self._url)
        async with self._fetcher._guarded(self._url):
            transport = await self._open(parsed)
            addresses = self._addresses
            response = await self._fetcher._send(transport, parsed, addresses, body, headers)
            try:
                return response.status_code, await self._fetcher._body(response, parsed)
            finally:
                await response.aclose()

    async def _open(self, url: httpx2.URL) -> httpx2.AsyncHTTPTransport:
        async with self._gate:
            now = asyncio.get_running_loop().time()
            if self._transport is None or now >= self._until:
                addresses = (await self._fetcher._addresses(url))[:MAX_ADDRESSES]
                await self.close()
                self._addresses, self._until = addresses, now + KEPT_SECONDS
                tls, limits = self._fetcher._tls, self._limits
                self._transport = httpx2.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits)
            return self._transport

    async def close(self) -> None:
        """Close the connections."""
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()


def _parse(text: str, base: httpx2.URL | None = None) -> httpx2.URL:
    """A URL that may be tried. The parser is the one that makes the request, so both read it alike."""
    try:
        url = base.join(text) if base else httpx2.URL(text)
    except (httpx2.InvalidURL, UnicodeError) as error:
        raise FetchRefused(f"{text[:200]!r} is not a URL: {error}") from error
    if url.scheme not in ("http", "https"):
        raise FetchRefused(f"{text[:200]!r} is not an http or https URL")
    if not _host(url):
        raise FetchRefused(f"{text[:200]!r} names no host")
    if url.userinfo:
        raise FetchRefused(f"the URL of {_host(url)} holds credentials")
    return url


def _host(url: httpx2.URL) -> str:
    return url.raw_host.decode("ascii").lower().rstrip(".")
