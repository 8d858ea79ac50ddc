"""The mails to customers: which letter goes to whom, in which language, with which link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coterie.kit.call import Call
from coterie.kit.runtime import Runtime
from coterie.kit.tenants import Tenant
from coterie.mail.letters import Letter, asked_languages, post, with_link
from coterie.mail.links import Links
from coterie.services.customer import rules
from coterie.services.customer.tables import link

LINKS = Links(
    link,
    link.c.customer_id,
    {
        rules.OPT_IN: "opt_in_seconds",
        rules.RESET: "reset_seconds",
        rules.EMAIL_CHANGE: "email_change_seconds",
    },
)


async def send_link(
    call: Call,
    purpose: str,
    customer_id: str,
    to: str,
    profile: Mapping[str, Any],
    data: dict[str, Any] | None = None,
    site: str | None = None,
) -> None:
    """Send a customer a link; to nobody, with the same work done, when `to` is empty."""
    token = await LINKS.make(call.runtime, call.db, call.tenant.name, purpose, customer_id, data or {})
    languages = asked_languages(call, profile.get("preferredLanguage"))
    post(call, letter(call.runtime, call.tenant, purpose, to, token, languages, site=site or ""))


def letter(
    runtime: Runtime,
    tenant: Tenant,
    purpose: str,
    to: str,
    token: str,
    languages: tuple[str, ...],
    *,
    site: str,
) -> Letter:
    """A letter with a link, or with the bare token where the tenant has told of no storefront."""
    page = rules.page(tenant.settings, purpose, token)
    values = {"shop": rules.shop(tenant.settings), "site": site}
    seconds = LINKS.seconds(runtime, purpose)
    return with_link(tenant, purpose, to, languages, token, page, seconds, values)
