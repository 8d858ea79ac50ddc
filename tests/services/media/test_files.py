"""Files over HTTP: what is refused by size or content, and that the store holds those of assets and no others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from coterie.blobs.port import BlobsUnavailable
from coterie.services.media.operations import files
from support.api import Api
from support.media import ASSETS, GIF, PNG, SVG, blob, content, form, one, png_of, send, upload


def stored(api: Api) -> list[bytes]:
    """The contents of the tenant's files on the disk."""
    root = Path(api.server.settings.data_dir) / "media" / api.tenant
    return sorted(path.read_bytes() for path in root.rglob("*") if path.is_file())


def sweep(api: Api, **later: float) -> int:
    """How many files the chore deletes after this time."""
    runtime = api.server.runtime

    async def run() -> int:
        async with runtime.database.writing() as session:
            return await files.sweep(runtime, session, runtime.clock.now() + timedelta(**later), 1000)

    return api.run(run())


@pytest.fixture
def limits(api: Api) -> Iterator[Any]:
    """Set limits of the server for this test."""
    runtime, before = api.server.runtime, api.server.runtime.settings

    def set_(**values: int) -> None:
        object.__setattr__(runtime, "settings", replace(before, **values))

    yield set_
    object.__setattr__(runtime, "settings", before)


def test_a_file_over_the_limit_is_413_and_leaves_nothing(api: Api, limits: Any) -> None:
    limits(media_max=1000)
    with api.unchanged():
        response = send(api, "POST", ASSETS, form(blob(), b"x" * 1001))
    assert response.status == 413
    assert response.json["message"] == "The part named [file] exceeds the maximum allowed content length."
    assert stored(api) == []
    upload(api, b"x" * 1000)


def test_the_json_of_a_form_has_a_limit_too(api: Api) -> None:
    with api.unchanged():
        response = send(api, "POST", ASSETS, form(blob(mixins={"m": {"a": "x" * 1024 * 1024}}), PNG))
    assert response.status == 413
    assert "[body]" in response.json["message"]
    assert stored(api) == []


def test_an_image_of_absurd_size_is_refused_unseen(api: Api) -> None:
    with api.unchanged():
        response = send(api, "POST", ASSETS, form(blob(), png_of(60_000, 60_000)))
    assert response.status == 400
    assert "60000 x 60000 pixels" in response.json["details"][0]
    assert stored(api) == []


@pytest.mark.parametrize(
    "content", [b"<!doctype html><script>alert(1)</script>", b" \n<svg/><html>"[:2] + b"<html>"]
)
def test_active_content_is_refused_whatever_it_is_called(api: Api, content: bytes) -> None:
    with api.unchanged():
        response = send(api, "POST", ASSETS, form(blob(), content, filename="a.png", type="image/png"))
    assert response.status == 400
    assert stored(api) == []


def test_an_svg_is_served_where_nothing_of_it_runs(api: Api) -> None:
    id = upload(api, SVG, filename="logo.svg", type="image/svg+xml")
    served = content(api, id)
    assert served.headers["content-type"] == "image/svg+xml"
    assert served.headers["content-disposition"].startswith("attachment")
    assert served.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert served.headers["x-content-type-options"] == "nosniff"


def test_a_path_in_a_file_s_name_leads_nowhere(api: Api) -> None:
    id = upload(api, filename="..\\..\\..\\evil.png", details={"filename": "../../evil.png"})
    assert one(api, id)["details"]["filename"] == "evil.png"
    assert stored(api) == [PNG]
    assert content(api, id).body == PNG


def test_a_refused_request_leaves_no_file(api: Api) -> None:
    refused = blob(refIds=[{"id": "nothing", "type": "PRODUCT"}])
    with api.unchanged():
        assert send(api, "POST", ASSETS, form(refused, PNG)).status == 400
    assert stored(api) == []


def test_a_file_that_no_asset_holds_is_swept(api: Api) -> None:
    sweep(api, days=1)
    id = upload(api)
    gone = upload(api, b"gone")
    assert api.delete(f"{ASSETS}/{gone}").status == 204
    assert send(api, "PUT", f"{ASSETS}/{id}", form(blob(metadata={"version": 1}), GIF)).status == 204
    assert stored(api) == sorted([PNG, GIF, b"gone"])
    assert sweep(api, seconds=1) == 2
    assert stored(api) == [GIF]
    assert sweep(api, days=365) == 0
    assert content(api, id).body == GIF


def test_what_a_crash_left_behind_is_swept_in_time(api: Api) -> None:
    sweep(api, days=1)

    async def crash() -> None:
        runtime = api.server.runtime
        async with runtime.database.writing() as session:
            row = {
                "tenant": api.tenant,
                "key": f"{api.tenant}/ab/abandoned",
                "doomed_at": "2026-01-01T00:00:00.000Z",
            }
            await session.run(files.blob.insert(), [row])
        writing = await runtime.blobs.begin(f"{api.tenant}/ab/abandoned")
        await writing.write(b"half a file")
        await writing.discard()

    api.run(crash())
    assert stored(api) == [b"half a file"]
    assert sweep(api) == 1
    assert stored(api) == []


def test_a_request_slower_than_the_sweep_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_LONGEST_UPLOAD", timedelta(seconds=-1))
    hold = files.hold

    async def late(call: Any, key: str) -> None:
        await call.db.run(files.blob.delete().where(files.blob.c.key == key))
        await hold(call, key)

    monkeypatch.setattr(files, "hold", late)
    assert send(api, "POST", ASSETS, form(blob(), PNG)).status == 502
    assert api.get(ASSETS).json == []


def test_a_file_that_the_store_has_lost_is_not_found(api: Api) -> None:
    id = upload(api)
    for path in (Path(api.server.settings.data_dir) / "media" / api.tenant).rglob("*"):
        if path.is_file():
            path.unlink()
    assert content(api, id).status == 404
    assert one(api, id)["id"] == id


def test_a_store_that_can_t_be_reached_is_502_and_changes_nothing(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = upload(api)

    async def broken(*_: Any) -> Any:
        raise BlobsUnavailable("no route to host 10.0.0.1")

    blobs = type(api.server.runtime.blobs)
    for name in ("begin", "read"):
        monkeypatch.setattr(blobs, name, broken)
    assert content(api, id).status == 502
    response = send(api, "POST", ASSETS, form(blob(), PNG))
    assert response.status == 502
    assert "10.0.0.1" not in response.json["message"]
    assert len(api.get(ASSETS).json) == 1
