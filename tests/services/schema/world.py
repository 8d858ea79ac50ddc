"""A tenant with schemas and custom entities, made as clients make them."""

from __future__ import annotations

import json
from typing import Any

from support.api import Api, Response
from support.shop import Shop

SCHEMA = "/schema/{tenant}"
BOUNDARY = "xxBOUNDARYxx"


def attribute(key: str, type: str = "TEXT", /, **more: Any) -> dict[str, Any]:
    """An attribute; the keywords `required`, `localized`, `nullable` and `readOnly` are its metadata."""
    metadata = {
        flag: more.pop(flag) for flag in ("required", "localized", "nullable", "readOnly") if flag in more
    }
    return {"key": key, "name": {"en": key.title()}, "type": type, "metadata": metadata, **more}


def values(*names: str) -> list[dict[str, str]]:
    return [{"value": name} for name in names]


def form(**parts: Any) -> bytes:
    """A multipart form; bytes and texts as they are, everything else as JSON."""
    made = b""
    for name, value in parts.items():
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="{name}.json"\r\n'
        made += head.encode() + b"Content-Type: application/json\r\n\r\n" + body + b"\r\n"
    return made + f"--{BOUNDARY}--\r\n".encode()


class World(Shop):
    """Makes what the schema service is about, and fails when the server refuses it."""

    def __init__(self, api: Api) -> None:
        super().__init__(api)

    def send(
        self, method: str, path: str, body: Any = None, api: Api | None = None, **headers: str
    ) -> Response:
        return (api or self.api).request(method, f"{SCHEMA}/{path}", body, **headers)

    def upload(self, method: str, path: str, api: Api | None = None, **parts: Any) -> Response:
        media = f"multipart/form-data; boundary={BOUNDARY}"
        return self.send(method, path, form(**parts), api, content_type=media)

    def schema(self, id: str, *attributes: dict[str, Any], types: tuple[str, ...] = ("PRODUCT",)) -> str:
        """A schema; the URL of its first version."""
        body = {"id": id, "name": {"en": id.title()}, "types": list(types), "attributes": list(attributes)}
        self._made("POST", f"{SCHEMA}/schemas", body)
        return self.url(id)

    def url(self, id: str, what: str = "schemas") -> str:
        return str(self.send("GET", f"{what}/{id}").json["metadata"]["url"])

    def reference(self, id: str, schema: Any, types: tuple[str, ...] = ("PRODUCT",)) -> str:
        """A reference; the URL of its first version."""
        body = {"id": id, "name": {"en": id.title()}, "types": list(types)}
        made = self.upload("POST", "references", file=schema, body=body)
        assert made.status == 201, made.json
        return self.url(id, "references")

    def type(self, id: str) -> str:
        """A custom entity type; the path of its instances."""
        self._made("POST", f"{SCHEMA}/custom-entities", {"id": id, "name": {"en": id.title()}})
        return f"custom-entities/{id}/instances"

    def instance(self, type: str, id: str, api: Api | None = None, **more: Any) -> str:
        made = self.send("POST", f"custom-entities/{type}/instances", {"id": id, **more}, api)
        assert made.status == 201, made.json
        return f"custom-entities/{type}/instances/{id}"
