"""The operations of the media service: read this first."""

from __future__ import annotations

from dataclasses import replace

from coterie.kit.dialect import Dialect
from coterie.kit.rows import PUBLIC, Service, handler_of, op
from coterie.kit.wire import Created
from coterie.services.media import rules
from coterie.services.media.operations import assets, attach, files, uploads
from coterie.services.media.operations.assets import RESOURCE
from coterie.services.media.schemas import AssetCreation, AssetForm, AssetUpdate, AssetUpdateForm

# Who has only the `_by_vendor` ones meets the assets of his vendor.
MANAGE = ("media.asset_manage", "media.asset_manage_by_vendor")
READ = ("media.asset_read", "media.asset_read_by_vendor", "media.asset_manage_by_vendor")
LIST = ("media.asset_manage", *READ)

_ASSET = "/assets/{assetId}"
_CREATE = replace(
    handler_of(assets.create_asset), media={uploads.FORM: AssetForm, uploads.JSON: AssetCreation}
)
_REPLACE = replace(
    handler_of(assets.replace_asset), media={uploads.FORM: AssetUpdateForm, uploads.JSON: AssetUpdate}
)
_DOWNLOAD = replace(handler_of(assets.download_asset), answer=bytes, media={"*/*": str})
_FILE = replace(handler_of(assets.public_file), answer=bytes, media={"*/*": str})

SERVICE = Service(
    name="media",
    title="Media Service",
    prefix="/media/{tenant}",
    dialect=Dialect(
        details="strings",
        texts={
            "not_found": "The asset with the requested code does not exist.",
            "missing_scopes": "The access to the requested resource has been forbidden by the server.",
        },
    ),
    reactions={
        "product.deleted": attach.detach(rules.PRODUCT),
        "category.deleted": attach.detach(rules.CATEGORY),
        "brand.deleted": attach.detach(rules.BRAND),
        "label.deleted": attach.detach(rules.LABEL),
    },
    chores=(files.sweep,),
    rows=(
        op("GET", "/assets", RESOURCE.list, LIST, 200),
        # Bodies of any size are read as they arrive, outside of a transaction.
        op("POST", "/assets", _CREATE, MANAGE, 201, answer=Created, mode="none"),
        op("GET", _ASSET, RESOURCE.get, READ, 200),
        op("PUT", _ASSET, _REPLACE, MANAGE, 204, mode="none"),
        op("DELETE", _ASSET, assets.delete_asset, MANAGE, 204),
        op("GET", _ASSET + "/download", _DOWNLOAD, READ, 200, 301, mode="none"),
        op("GET", "/files/{assetId}/{filename}", _FILE, PUBLIC, 200, 304, mode="none", extension=True),
    ),
)
