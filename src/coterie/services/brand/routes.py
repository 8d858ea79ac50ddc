"""The operations of the brand service: read this first."""

from __future__ import annotations

from coterie.attachments import CHANGED, follow
from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, Service, op
from coterie.services.brand import operations
from coterie.services.brand.operations import RESOURCE
from coterie.services.brand.schemas import BrandView
from coterie.services.brand.tables import brand_media

MANAGE = (operations.MANAGE,)
DELETE = (operations.DELETE, operations.MANAGE)

SERVICE = Service(
    name="brand",
    title="Brand Service",
    prefix="/brand",
    dialect=Dialect(
        texts={
            "invalid": "There are validation problems, see details section for more information",
            "not_found": "The requested resource does not exist.",
            "exists": "The requested resource could not be created due to server-side uniqueness validation.",
            "missing_scopes": "Given request does not have required scopes. "
            "It is not authorized to perform this operation.",
        },
    ),
    reactions={CHANGED: follow(brand_media, "BRAND")},
    rows=(
        op("GET", "/brands", RESOURCE.list, ANY, 200),
        op("POST", "/brands", operations.create_brand, MANAGE, 201, answer=BrandView),
        op("GET", "/brands/{brandId}", RESOURCE.get, ANY, 200),
        op("PUT", "/brands/{brandId}", operations.replace_brand, MANAGE, 200, answer=BrandView),
        op("PATCH", "/brands/{brandId}", operations.patch_brand, MANAGE, 200, answer=BrandView),
        op("DELETE", "/brands/{brandId}", RESOURCE.delete, DELETE, 204),
    ),
)
