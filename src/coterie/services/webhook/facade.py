"""What the worker needs of webhooks: the feed, the tables of destinations, and what is sent where."""

from __future__ import annotations

from coterie.services.webhook.operations.configs import SECRETS
from coterie.services.webhook.operations.destinations import first_of_subject
from coterie.services.webhook.operations.feed import Horizon, Told, cursor, page
from coterie.services.webhook.operations.svix import Svix, SvixError
from coterie.services.webhook.rules import content, signatures, wants
from coterie.services.webhook.tables import aside, config, destination, month, subscription

__all__ = [
    "SECRETS",
    "Horizon",
    "Svix",
    "SvixError",
    "Told",
    "aside",
    "config",
    "content",
    "cursor",
    "destination",
    "first_of_subject",
    "month",
    "page",
    "signatures",
    "subscription",
    "wants",
]
