"""The mails to customers: which letter goes to whom, in which language, with which link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coterie.kit.call import Call
from coterie.kit.language import LanguageError, parse_accept
from coterie.kit.runtime import Runtime
from coterie.kit.tenants import Tenant
from coterie.mail.letters import Letter, post
from coterie.services.customer import rules
from coterie.services.customer.operations import links


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
    token = await links.make(call.runtime, call.db, call.tenant.name, purpose, customer_id, data or {})
    post(
        call, letter(call.runtime, call.tenant, purpose, to, token, languages(call, profile), site=site or "")
    )


def letter(
    runtime: Runtime,
    tenant: Tenant,
    purpose: str,
    to: str,
    token: str,
    languages: tuple[str, ...],
    **more: str,
) -> Letter:
    """A letter with a link, or with the bare token where the tenant has told of no storefront."""
    seconds = links.seconds(runtime, purpose)
    hours = str(seconds // 3600) if seconds >= 7200 else ""
    values = {
        "tenant": tenant.name,
        "email": to,
        "token": token,
        "link": rules.page(tenant.settings, purpose, token),
        "shop": rules.shop(tenant.settings),
        "hours": hours,
        "minutes": str(max(1, seconds // 60)),
    }
    return Letter(purpose, to, (*languages, tenant.languages.default), values | more)


def languages(call: Call, profile: Mapping[str, Any]) -> tuple[str, ...]:
    """The customer's language, then those that the request asks for."""
    preferred = profile.get("preferredLanguage")
    try:
        accepted = parse_accept(call.headers.get("accept-language")).ranges
    except LanguageError:
        accepted = ()
    asked = tuple(tag for tag in accepted if tag != "*")
    return (preferred, *asked) if preferred else asked
