"""What assets are attached to: products, categories, brands and labels show them, and never what is not so any more."""

from __future__ import annotations

from typing import Any

import pytest

from support.api import Api, new_tenant
from support.media import ASSETS, GIF, PNG, blob, form, link, one, send, upload
from support.shop import site

PRODUCT = {"id": "drill", "type": "PRODUCT"}
CATEGORY = {"id": "tools", "type": "CATEGORY"}
BRAND = {"id": "acme", "type": "BRAND"}
LABEL = {"id": "ships", "type": "LABEL"}
ALL = [PRODUCT, CATEGORY, BRAND, LABEL]
PATHS = {
    "PRODUCT": "/product/{tenant}/products/drill",
    "CATEGORY": "/category/{tenant}/categories/tools",
    "BRAND": "/brand/brands/acme",
    "LABEL": "/label/labels/ships",
}


def furnish(api: Api) -> None:
    """A product, a category, a brand and a label."""
    made = (
        api.post(
            "/product/{tenant}/products", {"id": "drill", "code": "D", "name": "Drill", "published": True}
        ),
        api.post(
            "/category/{tenant}/categories?publish=true",
            {"id": "tools", "localizedName": {"en": "Tools"}, "published": True},
        ),
        api.post("/brand/brands", {"id": "acme", "name": "Acme"}),
        api.post("/label/labels", {"id": "ships", "name": "Ships", "description": "Anywhere"}),
    )
    assert [each.status for each in made] == [201] * 4


@pytest.fixture
def shop(api: Api) -> Api:
    furnish(api)
    return api


def view(api: Api, type: str) -> Any:
    return api.get(PATHS[type]).json


def shown(api: Api) -> dict[str, list[str]]:
    """The ids of the media that everything shows."""
    found = {type: [each["id"] for each in view(api, type)["media"]] for type in ("PRODUCT", "CATEGORY")}
    return found | {
        type: [media] if (media := view(api, type).get("mediaId")) else [] for type in ("BRAND", "LABEL")
    }


def test_everything_that_an_asset_is_attached_to_shows_it(shop: Api) -> None:
    id = upload(shop, refIds=ALL, filename="drill.png", mixins={"m": {"alt": "A drill"}})
    asset = one(shop, id)
    attributes = {
        "id": id,
        "name": "drill.png",
        "type": "image/png",
        "sizeKB": round(len(PNG) / 1024, 2),
        "width": 96,
        "height": 96,
    }
    media = {
        "id": id,
        "url": asset["url"],
        "contentType": "image/png",
        "customAttributes": attributes,
        "mixins": {"m": {"alt": "A drill"}},
    }
    created, modified = asset["metadata"]["createdAt"], asset["metadata"]["modifiedAt"]
    assert view(shop, "PRODUCT")["media"] == [{**media, "createdAt": created}]
    metadata = {"createdAt": created, "modifiedAt": modified}
    assert view(shop, "CATEGORY")["media"] == [{**media, "metadata": metadata}]
    for type, folder in (("BRAND", "brands"), ("LABEL", "labels")):
        found = view(shop, type)
        assert found["image"] == asset["url"]
        assert found["mediaId"] == id
        assert found["cloudinaryUrl"] == f"{shop.tenant}/{folder}/{id}"
    assert shop.get("/product/{tenant}/products").json[0]["media"] == view(shop, "PRODUCT")["media"]
    assert shop.get("/category/{tenant}/categories").json[0]["media"] == view(shop, "CATEGORY")["media"]
    assert shop.get("/brand/brands").json[0]["mediaId"] == id
    assert shop.get("/label/labels").json[0]["mediaId"] == id


def test_what_shows_nothing_says_so(shop: Api) -> None:
    assert shown(shop) == {"PRODUCT": [], "CATEGORY": [], "BRAND": [], "LABEL": []}
    assert "image" not in view(shop, "BRAND")


def test_what_is_shown_follows_every_change_of_the_asset(shop: Api) -> None:
    id = upload(shop, refIds=[PRODUCT, BRAND])
    before = view(shop, "BRAND")["image"]
    body = blob(refIds=[PRODUCT, LABEL, CATEGORY], metadata={"version": 1})
    assert send(shop, "PUT", f"{ASSETS}/{id}", form(body, GIF, filename="b.gif")).status == 204
    assert shown(shop) == {"PRODUCT": [id], "CATEGORY": [id], "BRAND": [], "LABEL": [id]}
    product = view(shop, "PRODUCT")["media"][0]
    assert product["url"] == one(shop, id)["url"] != before
    assert product["contentType"] == "image/gif"
    assert (product["customAttributes"]["width"], product["customAttributes"]["height"]) == (3, 4)
    assert shop.delete(f"{ASSETS}/{id}").status == 204
    assert shown(shop) == {"PRODUCT": [], "CATEGORY": [], "BRAND": [], "LABEL": []}


def test_media_stand_in_the_order_of_their_creation_and_an_image_is_the_last(shop: Api) -> None:
    first = upload(shop, id="b", refIds=[PRODUCT, BRAND])
    shop.post(ASSETS, link(id="a", refIds=[PRODUCT, BRAND]))
    assert shown(shop)["PRODUCT"] == [first, "a"]
    assert view(shop, "PRODUCT")["media"][1]["url"] == "https://example.com/a.html"
    assert view(shop, "BRAND")["image"] == "https://example.com/a.html"
    shop.delete(f"{ASSETS}/a")
    assert view(shop, "BRAND")["mediaId"] == first


def test_products_and_brands_are_found_by_their_media(shop: Api) -> None:
    id = upload(shop, refIds=[PRODUCT, BRAND, LABEL])
    assert [each["id"] for each in shop.get(f"/product/{{tenant}}/products?q=media.id:{id}").json] == [
        "drill"
    ]
    assert [each["id"] for each in shop.get(f"/brand/brands?q=mediaId:{id}").json] == ["acme"]
    assert [each["id"] for each in shop.get(f"/label/labels?q=mediaId:{id}").json] == ["ships"]
    assert shop.get("/product/{tenant}/products?q=media.id:other").json == []


@pytest.mark.parametrize("ref", ALL, ids=lambda ref: ref["type"])
def test_what_is_deleted_is_taken_off_its_assets(shop: Api, ref: dict[str, str]) -> None:
    other = {"id": "sheet", "type": "SHEET"}
    id = upload(shop, refIds=[ref, other])
    alone = upload(shop, refIds=[ref])
    assert shop.delete(PATHS[ref["type"]]).status in (200, 204)
    asset = one(shop, id)
    assert asset["refIds"] == [other]
    assert asset["metadata"]["version"] == 2
    assert "refIds" not in one(shop, alone)
    furnish_again = {"PRODUCT": {"id": "drill", "code": "D", "name": "Drill", "published": True}}
    if ref["type"] in furnish_again:
        shop.post("/product/{tenant}/products", furnish_again["PRODUCT"])
        assert view(shop, "PRODUCT")["media"] == []
    body = blob(refIds=[other], metadata={"version": 2})
    assert send(shop, "PUT", f"{ASSETS}/{id}", form(body, None)).status == 204


@pytest.mark.parametrize("type", ["PRODUCT", "product", "CATEGORY", "BRAND", "LABEL"])
def test_what_does_not_exist_has_no_media(shop: Api, type: str) -> None:
    refs = [PRODUCT, {"id": "nothing", "type": type}]
    with shop.unchanged():
        for response in (
            send(shop, "POST", ASSETS, form(blob(refIds=refs), PNG)),
            shop.post(ASSETS, link(refIds=refs)),
        ):
            assert response.status == 400
            message = f"refIds[1].id: there is no {type.lower()} 'nothing' here"
            assert response.json["details"] == [message]


def test_a_tenant_whose_catalogue_is_elsewhere_attaches_freely(shop: Api) -> None:
    api = new_tenant(shop.server, references="open")
    id = upload(api, refIds=ALL)
    furnish(api)
    assert shown(api) == {"PRODUCT": [id], "CATEGORY": [id], "BRAND": [id], "LABEL": [id]}


@pytest.mark.parametrize("type", ["PRODUCT", "CATEGORY", "BRAND", "LABEL", "MODULE", "module"])
def test_what_everybody_sees_takes_public_assets(shop: Api, type: str) -> None:
    refs = [{"id": "drill", "type": type}]
    with shop.unchanged():
        response = send(shop, "POST", ASSETS, form(blob(access="PRIVATE", refIds=refs), PNG))
    assert response.status == 400
    assert response.json["details"] == [
        f"refIds[0].type: {type.upper()} is for assets with the access PUBLIC"
    ]
    upload(shop, access="PRIVATE", refIds=[{"id": "1", "type": "CONTRACT"}])


def test_a_reference_counts_once(shop: Api) -> None:
    id = upload(shop, refIds=[PRODUCT, {"id": "drill", "type": "product"}, PRODUCT])
    assert one(shop, id)["refIds"] == [PRODUCT]


def test_lists_cost_the_same_with_media(shop: Api) -> None:
    for _ in range(3):
        upload(shop, refIds=ALL)
    for path in (
        "/product/{tenant}/products",
        "/category/{tenant}/categories",
        "/brand/brands",
        "/label/labels",
    ):
        with shop.statements(1):
            shop.get(path)


def test_subscribers_hear_nothing_of_attachments(shop: Api) -> None:
    upload(shop, refIds=ALL)
    (event,) = shop.events("media.attachments-changed")
    assert set(event) == {"id", "tenant", "type"}


# Vendors


def vendor_of(api: Api, *scopes: str) -> Api:
    """An employee of the vendor `v1` with these scopes."""
    control = api.put(
        "/iam/{tenant}/access-controls/media.vendor", {"name": {"en": "Media"}, "scopes": [*scopes]}
    )
    assert control.status == 201, control.body
    body = {
        "name": {"en": "Vendor"},
        "userType": "EMPLOYEE",
        "vendorId": "v1",
        "accessControls": ["media.vendor"],
    }
    group = api.post("/iam/{tenant}/groups", {"id": "vendor", **body})
    assert group.status == 201, group.body
    assert api.post("/site/{tenant}/sites", site()).status == 201
    person = {
        "firstName": "Vera",
        "lastName": "One",
        "preferredSite": "main",
        "preferredCurrency": "EUR",
        "preferredLanguage": "en",
        "department": "Sales",
        "contactEmail": "vera@example.com",
        "groupIds": ["vendor"],
    }
    user = api.post("/iam/{tenant}/users", person)
    assert user.status == 201, user.body
    return api.as_employee(user.json["id"])


def test_a_vendor_meets_his_own_assets_only(shop: Api) -> None:
    theirs = upload(shop)
    vendor = vendor_of(shop, "media.asset_read_by_vendor", "media.asset_manage_by_vendor")
    mine = upload(vendor)
    assert one(vendor, mine)["vendorId"] == "v1"
    assert [each["id"] for each in vendor.get(ASSETS).json] == [mine]
    assert vendor.get(f"{ASSETS}/{theirs}").status == 404
    assert vendor.get(f"{ASSETS}/{theirs}/download").status == 404
    assert vendor.get(f"{ASSETS}/{mine}/download").status == 301
    change = form(blob(metadata={"version": 1}), None)
    with shop.unchanged():
        assert send(vendor, "PUT", f"{ASSETS}/{theirs}", change).status == 404
        assert vendor.delete(f"{ASSETS}/{theirs}").status == 404
    # A tenant's own change leaves the vendor his asset.
    assert send(shop, "PUT", f"{ASSETS}/{mine}", change).status == 204
    assert one(shop, mine)["vendorId"] == "v1"
    assert vendor.delete(f"{ASSETS}/{mine}").status == 204


def test_a_vendor_attaches_to_his_own_products_only(shop: Api) -> None:
    made = shop.post(
        "/product/{tenant}/products",
        {"id": "saw", "code": "S", "name": "Saw", "vendorId": "v1", "published": True},
    )
    assert made.status == 201
    vendor = vendor_of(shop, "media.asset_read_by_vendor", "media.asset_manage_by_vendor")
    id = upload(vendor, refIds=[{"id": "saw", "type": "PRODUCT"}, {"id": "1", "type": "SHEET"}])
    assert one(vendor, id)["refIds"][0]["id"] == "saw"
    with shop.unchanged():
        for ref in ALL:
            response = send(vendor, "POST", ASSETS, form(blob(refIds=[ref]), PNG))
            assert response.status == 400
            assert "of yours" in response.json["details"][0]


def test_a_scope_of_vendors_is_for_vendors(api: Api) -> None:
    nobody = api.with_scopes("media.asset_read_by_vendor", "media.asset_manage_by_vendor")
    assert nobody.get(ASSETS).status == 403
    with api.unchanged():
        assert send(nobody, "POST", ASSETS, form(blob(), PNG)).status == 403
