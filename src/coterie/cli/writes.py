"""How the rows of a catalogue's file are written: which requests they go into, and what the server says of each."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2

from coterie.cli import CommandError
from coterie.cli.remote import Server, complaint, said

_BULK = 200
# How often a request is sent that a server did not take, and the seconds before the second time.
_TRIES, _PAUSE = 6, 0.5
_ASSETS = "/media/{tenant}/assets"


@dataclass(frozen=True)
class Target:
    """Where rows go. folder: where the files of rows lie. dry: nothing is written."""

    server: Server
    folder: Path
    dry: bool

    @property
    def headers(self) -> dict[str, str]:
        """Of every request: bodies hold all languages."""
        return {"content-language": "*"} | ({"x-dry-run": "true"} if self.dry else {})


@dataclass(frozen=True)
class Result:
    """What became of a row: a status code, and what the server said of one that it refused.

    fields: those that it named, where it named any.
    """

    code: int
    message: str = ""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """What the rows of a file are.

    id: names a row in the list of errors, and to rows after it. together: whether a row can go into one request with
    another. most: rows in one request. send: makes it.
    """

    id: Callable[[Mapping[str, Any]], str]
    needs: tuple[str, ...]
    together: Callable[[Mapping[str, Any], Mapping[str, Any]], bool]
    most: int
    send: Callable[[Target, list[Mapping[str, Any]]], list[Result]]


def _put_products(target: Target, bodies: list[Mapping[str, Any]]) -> list[Result]:
    answer = _sent(target, "PUT", "/product/{tenant}/products/bulk", json=bodies)
    return _entries(answer, len(bodies))


def _put_category(target: Target, bodies: list[Mapping[str, Any]]) -> list[Result]:
    (body,) = bodies
    query = {"publish": json.dumps(body["published"])} if isinstance(body.get("published"), bool) else {}
    path = f"/category/{{tenant}}/categories/{quote(body['id'], safe='')}"
    return [_single(_sent(target, "PUT", path, json=body, params=query))]


def _put_assignments(target: Target, bodies: list[Mapping[str, Any]]) -> list[Result]:
    path = f"/category/{{tenant}}/categories/{quote(bodies[0]['categoryId'], safe='')}/assignments/references/bulk"
    refs = [{"ref": {"id": body["productId"], "type": "PRODUCT"}} for body in bodies]
    return _entries(_sent(target, "PUT", path, json=refs), len(bodies))


def _alone(_one: Mapping[str, Any], _other: Mapping[str, Any]) -> bool:
    return True


def _put_asset(target: Target, bodies: list[Mapping[str, Any]]) -> list[Result]:
    """A LINK where the row has a `url`, else the BLOB of its `file`. One that is there already is replaced."""
    (body,) = bodies
    asset = {name: value for name, value in body.items() if name != "file"}
    asset |= {"type": "LINK" if "url" in body else "BLOB", "access": body.get("access", "PUBLIC")}
    if "url" in body:
        # An upload has no dry run: what only the server can tell is not told.
        return [Result(201) if target.dry else _kept(target, asset, {})]
    name = body.get("file")
    if not isinstance(name, str):
        return [
            Result(400, "file: is required, or url; the path of a file, from where the list of them lies")
        ]
    try:
        with (target.folder / name).open("rb") as file:
            return [Result(201) if target.dry else _kept(target, asset, {"file": (Path(name).name, file)})]
    except OSError as error:
        return [Result(400, f"file: {name} can't be read: {error.strerror}")]


def _kept(target: Target, asset: dict[str, Any], file: dict[str, Any]) -> Result:
    created = _sent(target, "POST", _ASSETS, **_content(asset, file))
    if created.status_code != 409:
        return _single(created)
    path = f"{_ASSETS}/{quote(asset['id'], safe='')}"
    stored = _sent(target, "GET", path)
    if stored.status_code != 200:
        return _single(created)
    asset["metadata"] = {**asset.get("metadata", {}), "version": stored.json()["metadata"]["version"]}
    return _single(_sent(target, "PUT", path, **_content(asset, file)))


def _content(asset: Mapping[str, Any], file: dict[str, Any]) -> dict[str, Any]:
    return {"files": {**file, "body": (None, json.dumps(asset))}} if file else {"json": asset}


KINDS = {
    "products": Kind(lambda body: str(body["id"]), ("id",), _alone, _BULK, _put_products),
    "categories": Kind(lambda body: str(body["id"]), ("id",), _alone, 1, _put_category),
    "assignments": Kind(
        lambda body: f"{body['categoryId']}/{body['productId']}",
        ("categoryId", "productId"),
        lambda one, other: one["categoryId"] == other["categoryId"],
        _BULK,
        _put_assignments,
    ),
    "media": Kind(lambda body: str(body["id"]), ("id",), _alone, 1, _put_asset),
}


def _sent(target: Target, method: str, path: str, **request: Any) -> httpx2.Response:
    """The answer of a server that is there and well; one that is not is asked again for a while."""
    for again in range(_TRIES):
        try:
            answer = target.server.send(method, path, headers=target.headers, **request)
        except httpx2.TransportError:
            if again == _TRIES - 1:
                raise
        else:
            if answer.status_code < 500 and answer.status_code != 429:
                break
            if again == _TRIES - 1:
                raise CommandError(f"the server answered {answer.status_code}: {complaint(answer)}")
        time.sleep(_PAUSE * 2**again)
    if answer.status_code in (401, 403):
        raise CommandError(f"the server answered {answer.status_code}: {complaint(answer)}")
    return answer


def _single(answer: httpx2.Response) -> Result:
    if answer.status_code < 300:
        return Result(answer.status_code)
    try:
        body = answer.json()
    except ValueError:
        body = {}
    return Result(answer.status_code, complaint(answer), _fields(body))


def _entries(answer: httpx2.Response, rows: int) -> list[Result]:
    if answer.status_code != 207:
        return [_single(answer)] * rows
    return [
        Result(entry["code"], "" if entry["code"] < 300 else said(entry), _fields(entry))
        for entry in answer.json()
    ]


def _fields(error: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields that an error names: those of a request that has one of each."""
    found = []
    for each in error.get("details") or ():
        name = each.get("field", "") if isinstance(each, dict) else str(each).split(": ", 1)[0]
        found.append(name)
    return tuple(found)
