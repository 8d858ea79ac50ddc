"""The operations of the site settings service: read this first."""

from __future__ import annotations

from typing import Any

from coterie.kit.dialect import Dialect
from coterie.kit.rows import ANY, Service, op
from coterie.kit.wire import Created
from coterie.services.site import events
from coterie.services.site.operations import mixins, sites
from coterie.services.site.schemas import SiteView

MANAGE = (sites.MANAGE,)
CODES = (sites.READ, sites.MANAGE)
_MIXINS = "/sites/{siteCode}/mixins"

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
            "not_found.mixin": "Mixin with name '{id}' could not be found",
            "not_found.site": "There is no site with the code '{id}'.",
            "exists.site": "A site with the code '{id}' exists already.",
        },
    ),
    events=events.ALL,
    reactions={"currency.deleted": sites.keep_currencies},
    rows=(
        op("GET", "/sites", sites.list_sites, ANY, 200, answer=list[SiteView]),
        op("POST", "/sites", sites.create_site, MANAGE, 201, answer=Created),
        op("GET", "/sites/{siteCode}", sites.get_site, ANY, 200, answer=SiteView),
        op("PUT", "/sites/{siteCode}", sites.replace_site, MANAGE, 200),
        op("PATCH", "/sites/{siteCode}", sites.patch_site, MANAGE, 200),
        op("DELETE", "/sites/{siteCode}", sites.delete_site, MANAGE, 204),
        op("GET", _MIXINS, mixins.list_mixins, MANAGE, 200, answer=dict[str, Any]),
        op("POST", _MIXINS, mixins.create_mixin, MANAGE, 201, answer=Created),
        op("GET", _MIXINS + "/{mixinName}", mixins.get_mixin, MANAGE, 200, answer=dict[str, Any]),
        op("PUT", _MIXINS + "/{mixinName}", mixins.replace_mixin, MANAGE, 200),
        op("PATCH", _MIXINS + "/{mixinName}", mixins.patch_mixin, MANAGE, 200),
        op("DELETE", _MIXINS + "/{mixinName}", mixins.delete_mixin, MANAGE, 204),
        op("GET", "/siteslist", sites.list_codes, CODES, 200, answer=list[str]),
    ),
)
