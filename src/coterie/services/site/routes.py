"""The operations of the site settings service: read this first."""

from __future__ import annotations

from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, Service, op
from coterie.kit.wire import Created
from coterie.services.site import events, operations
from coterie.services.site.schemas import SiteView

MANAGE = (operations.MANAGE,)
CODES = (operations.READ, operations.MANAGE)

SERVICE = Service(
    name="site",
    title="Site Settings Service",
    prefix="/site/{tenant}",
    dialect=Dialect(
        envelope="B",
        count_query="totalCount",
        count_header="X-Count",
        page_size=16,
        texts={
            "not_found.site": "There is no site with the code '{id}'.",
            "exists.site": "A site with the code '{id}' exists already.",
        },
    ),
    events=events.ALL,
    reactions={"currency.deleted": operations.keep_currencies},
    rows=(
        op("GET", "/sites", operations.list_sites, ANY, 200, answer=list[SiteView]),
        op("POST", "/sites", operations.create_site, MANAGE, 201, answer=Created),
        op("GET", "/sites/{siteCode}", operations.get_site, ANY, 200, answer=SiteView),
        op("PUT", "/sites/{siteCode}", operations.replace_site, MANAGE, 200),
        op("PATCH", "/sites/{siteCode}", operations.patch_site, MANAGE, 200),
        op("DELETE", "/sites/{siteCode}", operations.delete_site, MANAGE, 204),
        op("GET", "/siteslist", operations.list_codes, CODES, 200, answer=list[str]),
    ),
)
