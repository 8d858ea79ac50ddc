"""The operations of the webhook service: read this first."""

from __future__ import annotations

from coterie.kit.dialect import Dialect
from coterie.kit.rows import Service, op
from coterie.services.webhook.operations import configs, destinations, feed, subscriptions, svix
from coterie.services.webhook.schemas import (
    AsideView,
    ConfigView,
    FeedView,
    SubscriptionResult,
    SubscriptionView,
)

READ, MANAGE = ("webhook.subscription_read",), ("webhook.subscription_manage",)
_CONFIG, _SUBSCRIPTIONS, _FAILURES = "/config/{code}", "/event-subscriptions", "/failed-events"

SERVICE = Service(
    name="webhook",
    title="Webhook Service",
    prefix="/webhook/{tenant}",
    dialect=Dialect(
        envelope="A",
        details="strings",
        bulk_status={409: "CONFLICT"},
        texts={
            "invalid": "There is a validation error. Please check the details.",
            "not_found.config": "There is no configuration {id}.",
            "changed": "The subscription was changed by someone else; fetch it to get the latest version.",
        },
    ),
    rows=(
        op("POST", "/config", configs.create_config, MANAGE, 201),
        op("GET", "/config", configs.list_configs, READ, 200, answer=list[ConfigView]),
        op("GET", _CONFIG, configs.get_config, READ, 200, answer=ConfigView),
        op("PUT", _CONFIG, configs.replace_config, MANAGE, 204),
        op("PATCH", _CONFIG, configs.patch_config, MANAGE, 204),
        op("DELETE", _CONFIG, configs.delete_config, MANAGE, 204),
        op("GET", _SUBSCRIPTIONS, subscriptions.list_subscriptions, READ, 200, answer=list[SubscriptionView]),
        op(
            "PATCH",
            _SUBSCRIPTIONS,
            subscriptions.change_subscriptions,
            MANAGE,
            207,
            answer=list[SubscriptionResult],
        ),
        op("GET", "/dashboard-access", svix.dashboard_access, MANAGE, 200, mode="none"),
        op("GET", "/statistics", subscriptions.statistics, READ, 200),
        # Extensions
        op("GET", "/events", feed.list_events, READ, 200, answer=FeedView, mode="none", extension=True),
        op("GET", _FAILURES, destinations.list_aside, READ, 200, answer=list[AsideView], extension=True),
        op("POST", _FAILURES + "/replay", destinations.replay, MANAGE, 200, extension=True),
        op("POST", _FAILURES + "/discard", destinations.discard, MANAGE, 200, extension=True),
    ),
)
