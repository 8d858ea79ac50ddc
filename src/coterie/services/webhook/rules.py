"""Pure decisions: what a configuration may say, what a change of one keeps, and what of an event is sent where."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from coterie.kit.errors import Conflict, Invalid, Problem
from coterie.kit.wire import convert, to_document
from coterie.query.jsonpath import JsonPathError, parse
from coterie.services.webhook.schemas import Configuration, EventConfiguration, HeaderValue

Document = dict[str, Any]

CODES = {"SVIX": "svix", "SVIX_SHARED": "svix_shared", "HTTP": "http"}
SECRETS = ("secretKey", "apiKey")
MOST_HEADERS = 10
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_RESERVED = {"host", "content-length", "content-type", "transfer-encoding", "connection"}
_RESERVED |= {"emporix-event-signature", "webhook-id", "webhook-timestamp", "webhook-signature"}
_ENTRY = "eventsConfigurationEntry"
_FIELDS: Mapping[str, Any] = {
    "headers": dict[str, HeaderValue],
    "destinationUrl": str,
    "secretKey": str,
    "filter": str,
    "excludedFields": list[str],
    "name": str,
    "active": bool,
}
_OWN_FIELDS = ("headers", "destinationUrl", "secretKey")


def problems(provider: str, configuration: Document) -> Iterator[Problem]:
    """What a configuration must not say."""
    if provider == "SVIX" and not configuration.get("apiKey"):
        yield Problem.violation("configuration.apiKey", "is required for SVIX: the API key of the account")
    if provider != "HTTP":
        return
    entries = configuration.get("eventsConfiguration", [])
    if not configuration.get("destinationUrl") and not all(
        each.get("destinationUrl") for each in entries or [{}]
    ):
        text = "is required, here or in every entry of eventsConfiguration"
        yield Problem.violation("configuration.destinationUrl", text)
    yield from _address_problems("configuration", configuration)
    for at, entry in enumerate(entries):
        where = f"configuration.eventsConfiguration[{at}]"
        yield from _address_problems(where, entry)
        if len(entry.get("name", "")) > 255:
            yield Problem.violation(f"{where}.name", "is longer than 255 characters")
        if any(not field.strip() for field in entry.get("excludedFields") or []):
            yield Problem.violation(
                f"{where}.excludedFields", "must hold names of top-level fields, none blank"
            )
        try:
            if entry.get("filter"):
                parse(entry["filter"])
        except JsonPathError as error:
            yield Problem.violation(f"{where}.filter", str(error))


def _address_problems(where: str, given: Document) -> Iterator[Problem]:
    url = given.get("destinationUrl")
    if url and (text := _not_a_url(url)):
        yield Problem.violation(f"{where}.destinationUrl", text)
    headers = given.get("headers") or {}
    if len(headers) > MOST_HEADERS:
        yield Problem.violation(f"{where}.headers", f"has {len(headers)} headers; use at most {MOST_HEADERS}")
    for name, header in headers.items():
        value = header["value"]
        if not _HEADER.fullmatch(name) or name.lower() in _RESERVED:
            yield Problem.violation(
                f"{where}.headers", f"{name[:80]!r} can't be set; use another header's name"
            )
        elif len(value) > 4096 or not value.isascii() or not value.isprintable():
            yield Problem.violation(
                f"{where}.headers.{name}", "must be printable ASCII of at most 4096 characters"
            )


def _not_a_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or any(each.isspace() for each in url):
        return f"{url[:80]!r} is not an http or https URL"
    return "holds credentials; use a header" if parts.username or parts.password else ""


def with_ids(entries: list[Document], before: list[Document], new_ids: Iterator[str]) -> list[Document]:
    """The entries of a whole new list with their ids: known ones are kept, others made. Raises Invalid.

    An entry without id is the stored one when both lists have exactly one of its type.
    """
    known = {each["id"]: each for each in before}
    given = [each["id"] for each in entries if "id" in each]
    if len(set(given)) < len(given):
        raise _invalid("eventsConfiguration", "two entries have the same id")
    result = []
    for entry in entries:
        id = entry.get("id")
        if id is None:
            alike = [each for each in before if _type(each) == _type(entry)]
            single = len([each for each in entries if _type(each) == _type(entry)]) == 1
            id = (
                alike[0]["id"]
                if single and len(alike) == 1 and alike[0]["id"] not in given
                else next(new_ids)
            )
        elif id not in known:
            raise _invalid(
                "eventsConfiguration", f"no entry has the id {id[:80]!r}; ids are made by the server"
            )
        result.append({**_secrets_of(known.get(id, {})), **entry, "id": id})
    return result


def replaced(configuration: Document, before: Document, new_ids: Iterator[str]) -> Document:
    """The configuration that a whole new one makes of the stored one: secrets that it does not name stay."""
    document = {**_secrets_of(before), **configuration}
    if "eventsConfiguration" in document:
        stored = before.get("eventsConfiguration", [])
        document["eventsConfiguration"] = with_ids(document["eventsConfiguration"], stored, new_ids)
    return document


def _secrets_of(document: Document) -> Document:
    return {name: document[name] for name in SECRETS if name in document}


def _invalid(field: str, text: str) -> Invalid:
    return Invalid(problems=(Problem.violation(field, text),))


def _type(entry: Document) -> str:
    return str(entry["eventType"]).lower()


def read(value: Any, where: str = "configuration") -> Document:
    """A whole configuration of a request, as a document."""
    return to_document(convert({} if value is None else value, Configuration, where=where))


def patched(
    code: str, document: Document, op: str, path: str, value: Any, new_ids: Iterator[str]
) -> Document:
    """The document (`active`, `configuration`) after one step of a PATCH. Raises Invalid or Conflict.

    `value` is as it was sent, but for secrets, which are sealed.
    """
    parts = path.strip("/").split("/")
    if parts == ["active"]:
        return {**document, "active": _active(op, path, value)}
    own, kind = document["configuration"], parts[1:2]
    if parts == ["configuration"]:
        changed = replaced(read(value), own, new_ids) if op == "UPSERT" else {}
    elif parts[0] != "configuration" or kind != [{"svix": "svix"}.get(code, "http")]:
        raise _no_path(path)
    elif code == "svix":
        if parts[2:] != ["apiKey"]:
            raise _no_path(path)
        changed = _with(own, "apiKey", op, value, str, path)
    elif len(parts) == 3 and parts[2] in _OWN_FIELDS:
        changed = _with(own, parts[2], op, value, _FIELDS[parts[2]], path)
    elif len(parts) >= 3 and parts[2] in ("eventsConfiguration", _ENTRY):
        entries = _entries(own.get("eventsConfiguration", []), parts, op, value, new_ids)
        changed = {**own, "eventsConfiguration": entries}
    else:
        raise _no_path(path)
    return {**document, "configuration": changed}


def _active(op: str, path: str, value: Any) -> bool:
    if op != "UPSERT" or value is None:
        raise _invalid(path, "takes UPSERT with true or false")
    return convert(value, bool, where=path)


def _no_path(path: str) -> Invalid:
    return _invalid("path", f"{path[:120]!r} is not a path of this configuration")


def _with(given: Document, name: str, op: str, value: Any, type: Any, path: str) -> Document:
    """A document with a field set, or taken away."""
    if op == "REMOVE":
        return {key: each for key, each in given.items() if key != name}
    if value is None:
        raise _invalid(path, "needs a value")
    converted = convert(value, type, where=path)
    if name == "headers":
        converted = {key: to_document(each) for key, each in converted.items()}
    return {**given, name: converted}


def _entries(
    entries: list[Document], parts: list[str], op: str, value: Any, new_ids: Iterator[str]
) -> list[Document]:
    path, by_id = "/".join(["", *parts]), parts[2] == _ENTRY
    if len(parts) == 3 and not by_id:
        if op == "REMOVE":
            return []
        read_ = [to_document(each) for each in convert(value, list[EventConfiguration], where=path)]
        return with_ids(read_, entries, new_ids)
    if len(parts) == 3:
        if op == "REMOVE":
            raise _invalid("op", f"REMOVE needs the entry's id: {path}/{{entryId}}")
        return [*entries, _new_entry(value, path, new_ids)]
    found = _named(entries, parts[3], by_id=by_id)
    if len(parts) == 4:
        if op == "REMOVE":
            return [each for each in entries if each is not found]
        if found is None and not by_id:
            return [*entries, _new_entry(value, path, new_ids)]
    if found is None or len(parts) > 5:
        raise _invalid("path", f"no entry is at {path[:120]!r}")
    if len(parts) == 4:
        new = to_document(convert(value, EventConfiguration, where=path))
        if new.get("id", found["id"]) != found["id"]:
            raise _invalid(f"{path}.id", "can't be changed; leave it out")
        changed = {**_secrets_of(found), **new, "id": found["id"]}
    else:
        field = parts[4]
        if field not in (_FIELDS if by_id else _OWN_FIELDS):
            raise _no_path(path)
        if field == "active":
            changed = {**found, "active": _active(op, path, value)}
        else:
            changed = _with(found, field, op, value, _FIELDS[field], path)
    return [changed if each is found else each for each in entries]


def _new_entry(value: Any, path: str, new_ids: Iterator[str]) -> Document:
    new = to_document(convert(value, EventConfiguration, where=path))
    if "id" in new:
        raise _invalid(f"{path}.id", "is made by the server; leave it out")
    return {**new, "id": next(new_ids)}


def _named(entries: list[Document], name: str, *, by_id: bool) -> Document | None:
    if by_id:
        return next((each for each in entries if each["id"] == name), None)
    found = [each for each in entries if _type(each) == name.lower()]
    if len(found) > 1:
        raise Conflict(f"{len(found)} entries have the event type {name}; address one by its id.")
    return found[0] if found else None


def shown(code: str, provider: str, active: bool, configuration: Document) -> Document:
    """A configuration as clients see it: instead of its secrets, whether there are any."""
    view: Document = {}
    if provider == "HTTP":
        entries = [
            {"active": True, **_without_secrets(each)}
            for each in configuration.get("eventsConfiguration", [])
        ]
        view = {**_without_secrets(configuration), "eventsConfiguration": entries}
    return {"code": code, "provider": provider, "active": active, "configuration": view}


def _without_secrets(document: Document) -> Document:
    kept = {name: value for name, value in document.items() if name not in SECRETS}
    return {**kept, "secretKeyExists": bool(document.get("secretKey"))}


def svix_authorization(key: str) -> str:
    """The header of an API key, which may be given with its scheme."""
    return key if " " in key else f"Bearer {key}"


def addresses(configuration: Document, *, http: bool) -> dict[str, bool]:
    """The destinations of a configuration by entry, the empty one its own, and whether each is active."""
    found = {"": True} if not http or configuration.get("destinationUrl") else {}
    for entry in configuration.get("eventsConfiguration", []):
        found[entry["id"]] = entry.get("active", True)
    return found


def wants(configuration: Document, entry_id: str, type: str) -> bool:
    """Whether a destination is one of an event of this type: its entries are, or, where it has none, the root."""
    entries = configuration.get("eventsConfiguration", [])
    if entry_id:
        return any(each["id"] == entry_id and _type(each) == type for each in entries)
    return all(_type(each) != type for each in entries)


def content(payload: Document, entry: Document, excluded: Iterable[str]) -> Document | None:
    """What a destination gets of a payload: without excluded fields; None when its filter does not match."""
    if entry.get("filter") and not parse(entry["filter"])(payload):
        return None
    own = entry.get("excludedFields")
    without = set(excluded if own is None else own)
    return {name: value for name, value in payload.items() if name not in without} if without else payload


def signatures(body: bytes, secret: str, id: str, seconds: int) -> dict[str, str]:
    """The headers that let a receiver check a body: the reference's, and those of Standard Webhooks.

    A secret that starts with `whsec_` holds its bytes for the latter in base64; any other is taken as text.
    """
    key = secret.encode()
    ours = base64.b64encode(hmac.digest(key, body, hashlib.sha256)).decode()
    signed = f"{id}.{seconds}.".encode() + body
    theirs = base64.b64encode(hmac.digest(standard_key(secret), signed, hashlib.sha256)).decode()
    return {"emporix-event-signature": ours, "webhook-signature": f"v1,{theirs}"}


def standard_key(secret: str) -> bytes:
    """The key of a secret in the Standard Webhooks scheme."""
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            pass
    return secret.encode()
