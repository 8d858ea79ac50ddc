"""A small OpenID Connect provider on loopback: discovery, keys, authorisation code with PKCE, token, introspection."""

from __future__ import annotations

import base64
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

CLIENT, SECRET = "storefront", "s3cret:with/signs"
AUDIENCE = "commerce"
PAGE = "https://shop.example/callback"
VERIFIER = "v" * 43


@cache
def key(algorithm: str, n: int = 0) -> RSAKey | ECKey:
    """The nth key for an algorithm; made once for all tests, since that takes a while."""
    name: Any = {"kid": f"{algorithm.lower()}-{n}", "use": "sig"}
    if algorithm.startswith("ES"):
        return ECKey.generate_key("P-256", name)
    return RSAKey.generate_key(2048, name)


def text(part: Any) -> str:
    """A part of a JWT."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Answer:
    """What the provider answers. Redirects name their target."""

    status: int
    body: Any = None
    location: str = ""


@dataclass
class IdentityProvider:
    """The provider. `person`: the claims of whoever signs in. `keys`: those that it publishes.

    fails: a status that everything is answered with instead. stuck: nothing is answered until it is set.
    seen: how often each path was asked. issuer_named: what its metadata say of the issuer.
    """

    port: int
    person: dict[str, Any]
    keys: list[RSAKey | ECKey]
    fails: int | None = None
    stuck: Event = field(default_factory=Event)
    seen: Counter[str] = field(default_factory=Counter)
    issuer_named: str = ""
    active: set[str] = field(default_factory=set)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    id_token: str | None = None
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def token(
        self, algorithm: str = "RS256", by: RSAKey | ECKey | None = None, typ: str = "at+jwt", **claims: Any
    ) -> str:
        """An access token of the person, active; claims that are None are left out."""
        signer = by or self.keys[0]
        told = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "azp": CLIENT,
            "exp": int(time.time()) + 300,
            **self.person,
            **claims,
        }
        header = {"alg": algorithm, "kid": signer.kid, "typ": typ}
        claims = {name: value for name, value in told.items() if value is not None}
        made = jwt.encode(header, claims, signer, algorithms=[algorithm])
        self.active.add(made)
        return made

    def sign_in(
        self, page: str = PAGE, verifier: str = VERIFIER, state: str = "default--x", **more: str
    ) -> str:
        """The code that a browser is sent back with, having been to the provider."""
        challenge = text(sha256(verifier.encode()).digest())
        query = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": page,
            "scope": "openid email profile",
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **more,
        }
        answer = self.answer("GET", "/authorize", query, "")
        assert answer.status == 302, answer
        return dict(parse_qsl(urlsplit(answer.location).query))["code"]

    def answer(self, method: str, path: str, given: dict[str, str], authorization: str) -> Answer:
        """One request."""
        self.seen[path] += 1
        if self.fails is not None:
            return Answer(self.fails, {"error": "temporarily_unavailable"}, f"{self.issuer}/elsewhere")
        ways: dict[tuple[str, str], Callable[[dict[str, str], str], Answer]] = {
            ("GET", "/.well-known/openid-configuration"): self._metadata,
            ("GET", "/jwks"): self._published,
            ("GET", "/authorize"): self._authorize,
            ("POST", "/token"): self._exchange,
            ("POST", "/introspect"): self._introspect,
        }
        way = ways.get((method, path))
        return Answer(404) if way is None else way(given, authorization)

    def _metadata(self, _given: dict[str, str], _authorization: str) -> Answer:
        names = {"jwks_uri": "jwks", "token_endpoint": "token", "authorization_endpoint": "authorize"}
        found = {name: f"{self.issuer}/{path}" for name, path in names.items()}
        return Answer(200, {"issuer": self.issuer_named or self.issuer, **found})

    def _published(self, _given: dict[str, str], _authorization: str) -> Answer:
        return Answer(200, {"keys": [each.as_dict(False) for each in self.keys]})

    def _authorize(self, given: dict[str, str], _authorization: str) -> Answer:
        code, page = f"code-{next(self._numbers)}", given["redirect_uri"]
        self.codes[code] = given
        query = urlencode({"code": code, "state": given["state"]})
        return Answer(302, location=f"{page}{'&' if '?' in page else '?'}{query}")

    def _exchange(self, given: dict[str, str], authorization: str) -> Answer:
        if not self._knows(authorization) and given.get("client_secret") != SECRET:
            return Answer(401, {"error": "invalid_client"})
        asked = self.codes.pop(given["code"], None)
        challenge = text(sha256(given.get("code_verifier", "").encode()).digest())
        if (
            asked is None
            or asked["redirect_uri"] != given["redirect_uri"]
            or asked["code_challenge"] != challenge
        ):
            return Answer(400, {"error": "invalid_grant"})
        id_token = self.id_token or self.token(typ="JWT", aud=CLIENT, azp=None, nonce=asked.get("nonce"))
        return Answer(200, {"access_token": self.token(), "id_token": id_token, "token_type": "Bearer"})

    def _introspect(self, given: dict[str, str], authorization: str) -> Answer:
        if not self._knows(authorization):
            return Answer(401, {"error": "invalid_client"})
        token = given["token"]
        if token not in self.active:
            return Answer(200, {"active": False})
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return Answer(200, {**claims, "active": True})

    def _knows(self, authorization: str) -> bool:
        scheme, _, pair = authorization.partition(" ")
        if scheme != "Basic":
            return False
        id, _, secret = base64.b64decode(pair).decode().partition(":")
        return (unquote_plus(id), unquote_plus(secret)) == (CLIENT, SECRET)


@contextmanager
def identity_provider() -> Iterator[IdentityProvider]:
    """A running provider whose person is Jane, with a verified e-mail address."""

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            given = dict(parse_qsl(body or parts.query, keep_blank_values=True))
            provider.stuck.wait(30)
            answer = provider.answer(self.command, parts.path, given, self.headers.get("Authorization") or "")
            sent = b"" if answer.body is None else json.dumps(answer.body).encode()
            try:
                self.send_response(answer.status)
                if answer.location:
                    self.send_header("Location", answer.location)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(sent)))
                self.end_headers()
                self.wfile.write(sent)
            except OSError:
                pass  # who asked has gone

        do_GET = do_POST = _serve

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    jane = {"sub": "jane-at-idp", "email": "jane@example.com", "email_verified": True}
    names = {"given_name": "Jane", "family_name": "Doe"}
    provider = IdentityProvider(int(server.server_address[1]), jane | names, [key("RS256"), key("ES256")])
    provider.stuck.set()
    thread = Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        provider.stuck.set()
        server.shutdown()
        server.server_close()
        thread.join()
