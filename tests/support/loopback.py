"""The guard that keeps tests off the network: only loopback addresses and Unix sockets can be reached.

It sees calls of this process, not of the processes that tests start. A name given to a bare socket's
`connect` is resolved before the guard sees it; the connection is refused all the same.
"""

import socket
import sys
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import uvloop

_refused: list[str] = []
_installed = False


class NetworkRefusedError(RuntimeError):
    """A test tried to leave the machine.

    Not an OSError, because code that handles a failed connection would then hide the mistake.
    """


def install() -> None:
    """Refuse every connection, datagram and name look-up of this process that leaves the machine."""
    global _installed
    if _installed:
        return
    _installed = True
    # CPython announces each of these calls to audit hooks before it happens, from Python and C code alike.
    sys.addaudithook(_audit)
    # uvloop connects in libuv, which announces nothing.
    connect = uvloop.Loop.create_connection

    async def create_connection(
        loop: Any, factory: Any, host: Any = None, port: Any = None, **options: Any
    ) -> Any:
        _check_host(host, port)
        return await connect(loop, factory, host, port, **options)

    uvloop.Loop.create_connection = create_connection  # type: ignore[method-assign, assignment]


def take_refused() -> list[str]:
    """What was refused since the last call, such as `192.0.2.1:443`; forgets it."""
    taken = _refused[:]
    _refused.clear()
    return taken


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if check := _CHECKS.get(event):
        check(*arguments)


def _check_address(sock: socket.socket, address: Any) -> None:
    if sock.family in (socket.AF_INET, socket.AF_INET6) and address is not None:
        _check_host(address[0], address[1])


def _check_name(host: Any, *_details: Any) -> None:
    """Numeric addresses may be looked up, since that asks nobody."""
    if _numeric(_text(host)) is None:
        _check_host(host, "name look-up")


def _check_reverse(address: str) -> None:
    _check_host(address, "reverse look-up")


def _check_host(host: Any, what: Any) -> None:
    name = _text(host)
    if name in ("", "localhost") or name.endswith(".localhost"):
        return
    address = _numeric(name)
    # Connecting to 0.0.0.0 or :: reaches this machine.
    if address is not None and (address.is_loopback or address.is_unspecified):
        return
    _refused.append(f"{name}:{what}")
    raise NetworkRefusedError(
        f"tests may only reach loopback, not {name}:{what}; serve it on 127.0.0.1 or stub the client"
    )


def _text(host: Any) -> str:
    return host.decode() if isinstance(host, bytes) else str(host or "")


def _numeric(host: str) -> Any:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


_CHECKS: dict[str, Callable[..., None]] = {
    "socket.connect": _check_address,
    "socket.sendto": _check_address,
    "socket.sendmsg": _check_address,
    "socket.getaddrinfo": _check_name,
    "socket.gethostbyname": _check_name,
    "socket.gethostbyaddr": _check_reverse,
}
