"""Assets over HTTP: files as forms, links as JSON; read, list, replace, delete, download."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import pytest

from support.api import Api, new_tenant
from support.media import (
    ASSETS,
    BOUNDARY,
    GIF,
    PDF,
    PNG,
    blob,
    content,
    form,
    link,
    one,
    part,
    send,
    upload,
)


def facts(view: Any) -> Any:
    return {name: value for name, value in view.items() if name != "metadata"}


def fields_of(response: Any) -> list[str]:
    return [problem.partition(":")[0] for problem in response.json["details"]]


# Files


def test_a_public_file_reads_back_and_is_served_to_anybody(api: Api) -> None:
    id = upload(api, details={"filename": "Logo groß.png", "mimeType": "image/jpg"})
    view = one(api, id)
    etag = hashlib.sha256(PNG).hexdigest()
    url = f"{api.server.settings.base_url}/media/{api.tenant}/files/{id}/Logo%20gro%C3%9F.png?v={etag[:16]}"
    assert facts(view) == {
        "id": id,
        "type": "BLOB",
        "access": "PUBLIC",
        "url": url,
        "details": {
            "filename": "Logo groß.png",
            "mimeType": "image/png",
            "bytes": len(PNG),
            "etag": etag,
        },
    }
    assert view["metadata"]["version"] == 1
    assert api.get(ASSETS).json == [view]
    moved = api.get(f"{ASSETS}/{id}/download")
    assert moved.status == 301
    assert moved.headers["location"] == url
    served = content(api, id)
    assert served.status == 200
    assert served.body == PNG
    assert served.headers["content-type"] == "image/png"
    assert served.headers["content-length"] == str(len(PNG))
    assert served.headers["etag"] == f'"{etag}"'
    assert served.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert served.headers["content-disposition"].startswith(
        "inline; filename=\"Logo gro_.png\"; filename*=UTF-8''"
    )


def test_a_private_file_is_served_to_who_may_read_assets(api: Api) -> None:
    id = upload(api, PDF, filename="contract.pdf", access="PRIVATE")
    view = one(api, id)
    assert "url" not in view
    assert view["details"]["mimeType"] == "application/pdf"
    served = api.get(f"{ASSETS}/{id}/download")
    assert served.status == 200
    assert served.body == PDF
    assert served.headers["content-type"] == "application/pdf"
    assert served.headers["cache-control"] == "private, no-store"
    assert served.headers["content-disposition"].startswith('attachment; filename="contract.pdf"')
    assert served.headers["etag"] == f'"{view["details"]["etag"]}"'
    assert api.as_(None).get(f"/media/{{tenant}}/files/{id}/contract.pdf").status == 404
    assert api.as_anonymous().get(f"{ASSETS}/{id}/download").status == 403
    assert api.as_(None).get(f"{ASSETS}/{id}/download").status == 401


def test_a_cache_learns_that_its_content_is_still_right(api: Api) -> None:
    id = upload(api)
    path = f"/media/{{tenant}}/files/{id}/any.name"
    etag = f'"{one(api, id)["details"]["etag"]}"'
    nobody = api.as_(None)
    assert nobody.get(path).headers["cache-control"] == "public, max-age=300"
    kept = nobody.get(path, if_none_match=f'"other", W/{etag}')
    assert kept.status == 304
    assert kept.body == b""
    assert kept.headers["etag"] == etag
    assert "content-length" not in kept.headers
    assert nobody.get(path, if_none_match='"other"').status == 200


def test_the_parts_of_a_form_come_in_any_order_and_others_are_ignored(api: Api) -> None:
    body = json.dumps(blob(id="first")).encode()
    raw = (
        part("body", body)
        + part("x", b"1")
        + part("file", GIF, filename="b.gif")
        + f"--{BOUNDARY}--".encode()
    )
    assert send(api, "POST", ASSETS, raw).json == {"id": "first"}
    assert one(api, "first")["details"]["mimeType"] == "image/gif"
    assert content(api, "first").body == GIF


def test_an_empty_file_is_a_file(api: Api) -> None:
    id = upload(api, b"", filename="empty", type="text/plain")
    assert one(api, id)["details"]["bytes"] == 0
    assert content(api, id).body == b""


def test_a_file_is_replaced_and_its_old_address_leads_to_the_new_content(api: Api) -> None:
    id = upload(api, mixins={"m": {"a": 1}})
    before = one(api, id)
    base = api.server.settings.base_url
    changed = form(blob(metadata={"version": 1}), GIF, filename="b.gif")
    assert send(api, "PUT", f"{ASSETS}/{id}", changed).status == 204
    after = one(api, id)
    assert after["details"] == {
        "filename": "b.gif",
        "mimeType": "image/gif",
        "bytes": len(GIF),
        "etag": hashlib.sha256(GIF).hexdigest(),
    }
    assert "mixins" not in after
    assert after["metadata"]["version"] == 2
    assert content(api, id).body == GIF
    old = api.as_(None).get(before["url"].removeprefix(base))
    assert old.body == GIF
    assert old.headers["cache-control"] == "public, max-age=300"


def test_a_put_without_a_file_keeps_it(api: Api) -> None:
    id = upload(api)
    before = one(api, id)["details"]
    body = blob(metadata={"version": 1}, mixins={"m": {"a": 1}}, details={"filename": "../new.png"})
    assert send(api, "PUT", f"{ASSETS}/{id}", form(body, None)).status == 204
    assert one(api, id)["details"] == {**before, "filename": "new.png"}
    assert one(api, id)["mixins"] == {"m": {"a": 1}}
    assert content(api, id).body == PNG


# Links


def test_a_link_reads_back_and_its_download_leads_there(api: Api) -> None:
    body = link(id="guide", refIds=[{"id": "m", "type": "module"}])
    assert api.post(ASSETS, body).json == {"id": "guide"}
    assert facts(one(api, "guide")) == {**body, "refIds": [{"id": "m", "type": "MODULE"}]}
    moved = api.get(f"{ASSETS}/guide/download")
    assert moved.status == 301
    assert moved.headers["location"] == body["url"]
    body = link(url="https://example.com/b", metadata={"version": 1})
    assert api.put(f"{ASSETS}/guide", body).status == 204
    assert one(api, "guide")["url"] == "https://example.com/b"
    assert api.as_(None).get("/media/{tenant}/files/guide/x").status == 404


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//example.com/x",
        "/local",
        "http://",
        "https://a b",
        "https://example.com/\r\nX: y",
        "https://[",
        "https://example.com/" + "x" * 2000,
    ],
)
def test_a_link_leads_to_the_web(api: Api, url: str) -> None:
    with api.unchanged():
        response = api.post(ASSETS, link(url=url))
    assert response.status == 400
    assert fields_of(response) == ["url"]


# What is refused


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"access": "PUBLIC", "url": "https://example.com"}, "type"),
        (link(access="SECRET"), "access"),
        (link(url=None), "url"),
        (link(id="a/b"), "id"),
        (link(refIds=[{"id": " ", "type": "MODULE"}]), "refIds[0]"),
        (link(refIds=[{"type": "MODULE"}]), "refIds[0].id"),
        (blob(), "type"),
    ],
)
def test_a_link_that_is_refused(api: Api, body: Any, field: str) -> None:
    with api.unchanged():
        response = api.post(ASSETS, body)
    assert response.status == 400
    assert fields_of(response) == [field]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "The form can't be read"),
        (form(blob(), PNG)[:-20], "The form can't be read"),
        (b"no boundary at all", "The form can't be read"),
        (part("file", PNG) + f"--{BOUNDARY}--".encode(), "body: is required"),
        (form(blob(), None), "file: is required of a BLOB"),
        (form(link(), PNG), "type: LINK is sent as application/json"),
        (part("file", PNG) + form(blob(), PNG), "file: is there twice"),
        (part("file", PNG) + part("body", b"{") + f"--{BOUNDARY}--".encode(), "not valid JSON"),
        (form(blob(id="a b"), PNG), "id: "),
        (form({"type": "BLOB"}, PNG), "access: is required"),
    ],
    ids=range(10),
)
def test_a_form_that_is_refused(api: Api, raw: bytes, message: str) -> None:
    with api.unchanged():
        response = send(api, "POST", ASSETS, raw)
    assert response.status == 400
    assert message in f"{response.json['message']} {response.json.get('details')}"


def test_other_media_types_are_refused(api: Api) -> None:
    with api.unchanged():
        assert api.post(ASSETS, PNG, content_type="image/png").status == 415
        assert api.post(ASSETS, b"a=b", content_type="application/x-www-form-urlencoded").status == 415
        assert api.post(ASSETS, form(blob(), PNG), content_type="multipart/form-data").status == 400


def test_a_put_needs_the_version_and_changes_neither_type_nor_access(api: Api) -> None:
    id = upload(api)
    api.post(ASSETS, link(id="guide"))
    with api.unchanged():
        response = send(api, "PUT", f"{ASSETS}/{id}", form(blob(), PNG))
        assert response.status == 400
        assert response.json["message"] == "The document version has to be provided on update operations."
        assert api.put(f"{ASSETS}/guide", link()).status == 400
        stale = {"metadata": {"version": 7}}
        assert send(api, "PUT", f"{ASSETS}/{id}", form(blob(**stale), GIF)).status == 409
        right = {"metadata": {"version": 1}}
        assert api.put(f"{ASSETS}/none", link(**right)).status == 404
        assert api.put(f"{ASSETS}/{id}", link(**right)).status == 400
        assert send(api, "PUT", f"{ASSETS}/guide", form(blob(**right), PNG)).status == 400
        private = form(blob(access="PRIVATE", **right), None)
        assert fields_of(send(api, "PUT", f"{ASSETS}/{id}", private)) == ["access"]
    assert content(api, id).body == PNG


def test_an_id_that_is_taken_is_a_conflict(api: Api) -> None:
    upload(api, id="logo")
    with api.unchanged():
        assert send(api, "POST", ASSETS, form(blob(id="logo"), GIF)).status == 409
        assert api.post(ASSETS, link(id="logo")).status == 409
    assert content(api, "logo").body == PNG


def test_writers_of_one_version_meet(api: Api) -> None:
    id = upload(api)
    kind = f"multipart/form-data; boundary={BOUNDARY}"

    async def race() -> list[int]:
        writes = (
            api.send("PUT", f"{ASSETS}/{id}", form(blob(metadata={"version": 1}), file), content_type=kind)
            for file in (GIF, PDF, b"text")
        )
        return sorted(response.status for response in await asyncio.gather(*writes))

    assert api.run(race()) == [204, 409, 409]
    served = content(api, id).body
    assert hashlib.sha256(served).hexdigest() == one(api, id)["details"]["etag"]


# Lists


def test_assets_are_searched_sorted_and_counted(api: Api) -> None:
    upload(api, id="a", refIds=[{"id": "1", "type": "SHEET"}])
    upload(api, GIF, id="b", access="PRIVATE", filename="b.gif", refIds=[{"id": "1", "type": "CONTRACT"}])
    api.post(ASSETS, link(id="c", refIds=[{"id": "2", "type": "SHEET"}]))

    def found(q: str) -> list[str]:
        with api.statements(1):
            return [each["id"] for each in api.get(f"{ASSETS}?q={q}&sort=id").json]

    assert found("access:PUBLIC") == ["a", "c"]
    assert found("id:(a,b) type:BLOB") == ["a", "b"]
    assert found(f"details.bytes:>{len(GIF)}") == ["a"]
    assert found("details.filename:null") == ["c"]
    assert found("details:exists") == ["a", "b"]
    assert found("refIds.id:1") == ["a", "b"]
    assert found("refIds.type:SHEET") == ["a", "c"]
    assert found("url:~example") == ["c"]
    with api.statements(2):
        page = api.get(f"{ASSETS}?sort=id:desc&pageSize=2", x_total_count="true")
    assert [each["id"] for each in page.json] == ["c", "b"]
    assert page.headers["x-total-count"] == "3"


# Deleting, tenants, scopes


def test_a_deleted_asset_is_served_no_longer(api: Api) -> None:
    id = upload(api)
    path = one(api, id)["url"].removeprefix(api.server.settings.base_url)
    assert api.delete(f"{ASSETS}/{id}").status == 204
    assert api.get(f"{ASSETS}/{id}").status == 404
    assert api.get(f"{ASSETS}/{id}/download").status == 404
    assert api.as_(None).get(path).status == 404
    assert api.get(ASSETS).json == []
    with api.unchanged():
        assert api.delete(f"{ASSETS}/{id}").status == 404


def test_a_tenant_s_files_are_not_another_s(api: Api) -> None:
    id = upload(api)
    other = new_tenant(api.server)
    assert other.get(ASSETS).json == []
    assert other.get(f"{ASSETS}/{id}").status == 404
    assert other.as_(None).get(f"/media/{{tenant}}/files/{id}/a.png").status == 404
    assert api.as_(None).get(f"/media/nobody/files/{id}/a.png").status == 404


def test_who_only_manages_lists_and_writes(api: Api) -> None:
    manager = api.with_scopes("media.asset_manage")
    id = upload(manager)
    assert len(manager.get(ASSETS).json) == 1
    assert manager.get(f"{ASSETS}/{id}").status == 403
    reader = api.with_scopes("media.asset_read")
    assert reader.get(f"{ASSETS}/{id}").status == 200
    with api.unchanged():
        assert send(reader, "POST", ASSETS, form(blob(), PNG)).status == 403
        assert reader.delete(f"{ASSETS}/{id}").status == 403
