"""Fetching reads what it may and never reaches an address that is not public."""

import asyncio
import gzip
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from coterie.fetch import FetchFailed, FetchRefused, SafeFetcher, is_public

NOT_PUBLIC = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.9",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "3fff::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808"]


def get(fetcher: SafeFetcher, url: str) -> bytes:
    return asyncio.run(fetcher.get(url))


def answering(*rounds: list[str]) -> Callable[[str, int], Awaitable[list[str]]]:
    """A resolver that gives one list of addresses per call."""
    left = list(rounds)

    async def resolver(host: str, port: int) -> list[str]:
        return left.pop(0)

    return resolver


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not is_public(address)
    with pytest.raises(FetchRefused, match="not public"):
        get(SafeFetcher(resolver=answering([address])), "http://innocent.example/schema.json")
    with pytest.raises(FetchRefused, match="not public"):
        get(SafeFetcher(resolver=answering(["8.8.8.8", address])), "https://innocent.example/schema.json")


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)
    assert ipaddress.ip_address(address).is_global


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "LOCALHOST.", "[::1]"])
def test_loopback_is_refused(site: Any, host: str) -> None:
    with pytest.raises(FetchRefused, match="not public"):
        get(SafeFetcher(), f"http://{host}:{site.port}/")
    assert site.seen == []


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0x7f.1", "0"])
def test_other_spellings_of_an_address_are_read_as_the_resolver_reads_them(site: Any, host: str) -> None:
    async def numbers(host: str, port: int) -> list[str]:
        return [socket.inet_ntoa(socket.inet_aton(host))]

    with pytest.raises(FetchRefused, match="not public"):
        get(SafeFetcher(site.allowed, resolver=numbers), f"http://{host}:{site.port}/")
    assert site.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "schema.json",
        "/schema.json",
        "//example.com/schema.json",
        "file:///etc/passwd",
        "ftp://example.com/x",
        "gopher://example.com/x",
        "data:application/json,{}",
        "http:///x",
        "http://",
        "https://user@example.com/x",
        "https://user:secret@example.com/x",
        "http://exa\nmple.com/",
        "http://１２７.0.0.1/",
        "http://0177.0.0.1/",
    ],
)
def test_urls_that_may_not_be_tried(url: str) -> None:
    with pytest.raises(FetchRefused) as caught:
        get(SafeFetcher(resolver=answering()), url)
    assert "secret" not in str(caught.value)


def test_a_host_allowed_by_name_is_read(site: Any) -> None:
    url = site.put("/schema.json?v=1", b'{"type":"object"}')
    assert get(SafeFetcher(frozenset({"127.0.0.1"})), url) == b'{"type":"object"}'
    assert get(SafeFetcher(frozenset({f"127.0.0.1:{site.port}"})), url + "#part") == b'{"type":"object"}'
    assert site.seen == [("/schema.json?v=1", f"127.0.0.1:{site.port}")] * 2
    with pytest.raises(FetchRefused):
        get(SafeFetcher(frozenset({f"127.0.0.1:{site.port + 1}"})), url)


def test_the_connection_goes_to_the_resolved_address_and_keeps_the_host(site: Any) -> None:
    site.put("/a", b"a")
    fetcher = SafeFetcher(frozenset({"Schemas.Example"}), resolver=answering(["127.0.0.1"]))
    assert get(fetcher, f"http://schemas.example:{site.port}/a") == b"a"
    assert site.seen == [("/a", f"schemas.example:{site.port}")]


def test_the_next_address_is_tried_when_one_refuses_the_connection(site: Any) -> None:
    site.put("/a", b"a")
    fetcher = SafeFetcher(frozenset({"schemas.example"}), resolver=answering(["127.0.0.2", "127.0.0.1"]))
    assert get(fetcher, f"http://schemas.example:{site.port}/a") == b"a"


def test_a_name_is_resolved_once_so_that_it_cannot_be_rebound(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The resolver answers public first and loopback next: only the first answer may be used."""
    tried: list[str] = []

    async def connect(self: object, request: object) -> None:
        import httpx2

        assert isinstance(request, httpx2.Request)
        tried.append(request.url.host)
        raise httpx2.ConnectError("no network in tests")

    monkeypatch.setattr("httpx2.AsyncHTTPTransport.handle_async_request", connect)
    fetcher = SafeFetcher(resolver=answering(["93.184.215.14"], ["127.0.0.1"]))
    with pytest.raises(FetchFailed, match="connected"):
        get(fetcher, f"http://rebind.example:{site.port}/")
    assert tried == ["93.184.215.14"]


def test_redirects_are_followed(site: Any) -> None:
    site.put("/end", b"end")
    site.put("/3", status=302, headers={"Location": "end"})
    site.put("/2", status=307, headers={"Location": "/3"})
    first = site.put("/1", status=301, headers={"Location": site.url("/2")})
    assert get(SafeFetcher(site.allowed), first) == b"end"
    over = site.put("/0", status=308, headers={"Location": "/1"})
    with pytest.raises(FetchFailed, match="more than 3 times"):
        get(SafeFetcher(site.allowed), over)


@pytest.mark.parametrize(
    "location",
    [
        "http://localhost:{port}/end",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "//u:p@127.0.0.1/",
    ],
)
def test_a_redirect_is_checked_like_the_first_url(site: Any, location: str) -> None:
    site.put("/end", b"end")
    url = site.put("/away", status=302, headers={"Location": location.format(port=site.port)})
    with pytest.raises(FetchRefused):
        get(SafeFetcher(site.allowed), url)
    assert [path for path, _ in site.seen] == ["/away"]


def test_a_redirect_resolves_again_and_is_refused(site: Any) -> None:
    """The same name may lead elsewhere on the second hop, so it is checked again."""
    url = site.put("/away", status=302, headers={"Location": f"http://other.example:{site.port}/end"})
    fetcher = SafeFetcher(site.allowed, resolver=answering(["127.0.0.1"], ["127.0.0.1"]))
    with pytest.raises(FetchRefused, match=r"other\.example"):
        get(fetcher, url)


@pytest.mark.parametrize("status", [204, 304, 400, 404, 500])
def test_only_success_is_a_body(site: Any, status: int) -> None:
    url = site.put("/x", b"" if status in (204, 304) else b"oops", status=status)
    if status == 204:
        assert get(SafeFetcher(site.allowed), url) == b""
    else:
        with pytest.raises(FetchFailed, match=str(status)):
            get(SafeFetcher(site.allowed), url)


def test_a_body_over_the_limit_is_cut(site: Any) -> None:
    url = site.put("/big", b"x" * 1001)
    with pytest.raises(FetchFailed, match="more than 1000 bytes"):
        get(SafeFetcher(site.allowed, max_bytes=1000), url)
    assert len(get(SafeFetcher(site.allowed, max_bytes=1001), url)) == 1001


def test_a_compressed_body_is_not_unpacked(site: Any) -> None:
    url = site.put("/bomb", gzip.compress(b"0" * 10_000_000), headers={"Content-Encoding": "gzip"})
    with pytest.raises(FetchFailed, match="encoding"):
        get(SafeFetcher(site.allowed), url)


def test_a_body_without_end_is_cut() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 1000)
                await writer.drain()
        except ConnectionError:
            writer.close()

    async def scene() -> None:
        async with await asyncio.start_server(endless, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(FetchFailed, match="more than"):
                await SafeFetcher(frozenset({"127.0.0.1"})).get(f"http://127.0.0.1:{port}/")

    asyncio.run(scene())


def test_the_timeout_spans_the_whole_read() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            while True:  # each byte in time, the whole never
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)
        except ConnectionError:
            writer.close()

    async def scene() -> None:
        async with await asyncio.start_server(drip, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            fetcher = SafeFetcher(frozenset({"127.0.0.1"}), timeout=0.2)
            with pytest.raises(FetchFailed, match=r"within 0\.2 seconds"):
                await fetcher.get(f"http://127.0.0.1:{port}/")

    asyncio.run(scene())


def test_failures_of_the_network_are_failures_not_crashes() -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(FetchFailed, match="connected"):
        get(SafeFetcher(frozenset({"127.0.0.1"})), f"http://127.0.0.1:{port}/")
    with pytest.raises(FetchFailed, match="resolved"):
        get(SafeFetcher(), f"http://{'a' * 70}.invalid/")
    with pytest.raises(FetchFailed, match="resolved"):
        get(SafeFetcher(resolver=unknown), "http://nowhere.invalid/")
    with pytest.raises(FetchFailed, match="resolved"):
        get(SafeFetcher(resolver=answering([])), "http://nowhere.invalid/")


@pytest.fixture
def tls_files(tmp_path: Path) -> Path:
    """A self-signed certificate of `schemas.example` with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "schemas.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("schemas.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "tls.pem"
    path.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return path


def test_tls_keeps_the_name_while_the_address_is_pinned(tls_files: Path) -> None:
    names: list[str | None] = []
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(tls_files)
    server_side.sni_callback = lambda _socket, name, _context: names.append(name)
    client_side = ssl.create_default_context(cafile=tls_files)

    async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
        writer.close()

    async def scene() -> None:
        async with await asyncio.start_server(hello, "127.0.0.1", 0, ssl=server_side) as server:
            port = server.sockets[0].getsockname()[1]
            fetcher = SafeFetcher(
                frozenset({"schemas.example", "other.example"}),
                resolver=answering(["127.0.0.1"], ["127.0.0.1"]),
                tls=client_side,
            )
            assert await fetcher.get(f"https://schemas.example:{port}/") == b"ok"
            with pytest.raises(FetchFailed, match="certificate"):
                await fetcher.get(f"https://other.example:{port}/")

    asyncio.run(scene())
    assert names == ["schemas.example", "other.example"]


# Forms


def post(fetcher: SafeFetcher, url: str) -> tuple[int, bytes]:
    return asyncio.run(fetcher.post(url, {"code": "a&b", "x": "ü"}, {"Authorization": "Basic eA=="}))


@pytest.mark.parametrize("status", [200, 400, 503])
def test_a_form_is_posted_and_any_status_told(site: Any, status: int) -> None:
    url = site.put("/token", b"{}", status)
    assert post(SafeFetcher(site.allowed), url) == (status, b"{}")
    assert site.posted == [("/token", "application/x-www-form-urlencoded", "code=a%26b&x=%C3%BC")]


def test_a_form_is_not_redirected(site: Any) -> None:
    site.put("/elsewhere", b"no")
    url = site.put("/token", b"moved", 307, {"Location": site.url("/elsewhere")})
    assert post(SafeFetcher(site.allowed), url) == (307, b"moved")
    assert [path for path, _ in site.seen] == ["/token"]


def test_a_form_goes_to_public_addresses_only(site: Any) -> None:
    with pytest.raises(FetchRefused, match="not public"):
        post(SafeFetcher(), site.url("/token"))
    assert site.posted == []


def test_the_answer_to_a_form_has_a_limit(site: Any) -> None:
    url = site.put("/token", b"x" * 11)
    with pytest.raises(FetchFailed, match="more than 10 bytes"):
        post(SafeFetcher(site.allowed, max_bytes=10), url)
