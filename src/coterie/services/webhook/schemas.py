"""What travels: configurations, subscriptions, statistics, the feed, and what was set aside."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from coterie.kit.wire import Wire

Provider = Literal["SVIX_SHARED", "SVIX", "HTTP"]


class HeaderValue(Wire):
    """A header that decorates a delivery."""

    value: str


class EventConfiguration(Wire):
    """An entry of a request: where and how events of one type are sent."""

    event_type: str
    id: str | None = None
    name: Annotated[str, msgspec.Meta(max_length=255)] | None = None
    destination_url: str | None = None
    secret_key: str | None = None
    headers: dict[str, HeaderValue] | None = None
    filter: str | None = None
    excluded_fields: list[str] | None = None
    active: bool | None = None


class Configuration(Wire):
    """What a request says of a provider; which fields count, the provider says."""

    api_key: str | None = None
    destination_url: str | None = None
    secret_key: str | None = None
    headers: dict[str, HeaderValue] | None = None
    events_configuration: list[EventConfiguration] | None = None


class ConfigUpdate(Wire):
    """A configuration in a PUT."""

    provider: Provider
    active: bool | None = None
    configuration: Configuration | None = None


class ConfigCreation(ConfigUpdate):
    """A configuration in a POST."""

    code: str


class ConfigPatch(Wire):
    """One step of a PATCH."""

    op: Literal["UPSERT", "REMOVE"]
    path: str
    value: Any = None


class ConfigCreated(Wire):
    """The answer of a POST."""

    code: str


class EntryView(Wire):
    """An entry as clients see it."""

    id: str
    event_type: str
    active: bool
    secret_key_exists: bool
    name: str | None = None
    destination_url: str | None = None
    headers: dict[str, HeaderValue] | None = None
    filter: str | None = None
    excluded_fields: list[str] | None = None


class ConfigurationView(Wire):
    """What clients see of a provider's settings: no secret."""

    destination_url: str | None = None
    secret_key_exists: bool | None = None
    headers: dict[str, HeaderValue] | None = None
    events_configuration: list[EntryView] | None = None


class ConfigView(Wire):
    """A configuration as clients see it."""

    code: str
    provider: Provider
    active: bool
    configuration: ConfigurationView


class DeleteQuery(Wire):
    """`force`: also an active one."""

    force: bool | None = None


class VersionIn(Wire):
    """`metadata` of a subscription's change."""

    version: int | None = None


class SubscriptionUpdate(Wire):
    """A change of a subscription."""

    event_type: str
    action: Literal["SUBSCRIBE", "UNSUBSCRIBE"] | None = None
    metadata: VersionIn | None = None
    fields_to_unsubscribe: list[str] | None = None
    fields_to_subscribe: list[str] | None = None


class SubscriptionResult(Wire):
    """What became of one change."""

    event_type: str
    code: int
    status: str
    message: str | None = None


class SubscriptionMetadata(Wire):
    """`metadata` of a subscription; empty for one that was never changed."""

    version: int | None = None
    created_at: str | None = None
    modified_at: str | None = None


class EventView(Wire):
    """An event that can be subscribed to."""

    type: str
    name: dict[str, str]
    group: dict[str, str]
    description: dict[str, str]


class SubscriptionView(Wire):
    """An event and whether it is sent."""

    event: EventView
    metadata: SubscriptionMetadata
    subscription: Literal["SUBSCRIBED", "UNSUBSCRIBED", "NONE"]
    excluded_fields: list[str]


class MonthsQuery(Wire):
    """The months that are asked for, as 2026-01."""

    from_year_month: str | None = None
    to_year_month: str | None = None


class MonthView(Wire):
    """A month's deliveries; the misspelling is the reference's."""

    statistics_month: str
    succesfully_sent_webhooks: int


class StatisticsView(Wire):
    """Deliveries by month, and how many a month may have; 0: any number."""

    month_statistics: list[MonthView]
    webhooks_limit: int


class DashboardView(Wire):
    """A link that opens the portal, and the token in it."""

    url: str
    token: str


class FeedQuery(Wire):
    """`after`: the `next` of the page before; without it, from the oldest event that is kept."""

    after: str | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] | None = None


class FedEvent(Wire):
    """An event of the feed."""

    id: str
    type: str
    subject: str
    created_at: str
    payload: dict[str, Any]


class FeedView(Wire):
    """A page of the feed; `next` is where the following one begins."""

    events: list[FedEvent]
    next: str


class AsideView(Wire):
    """An event that a destination has not taken; `parkedAt`: it is not tried again until it is replayed."""

    id: str
    code: str
    type: str
    subject: str
    attempts: int
    entry_id: str | None = None
    error: str | None = None
    retry_at: str | None = None
    parked_at: str | None = None


class AsideQuery(Wire):
    """`parked`: only what is not tried again by itself, or only the rest."""

    parked: bool | None = None


class Replay(Wire):
    """Which parked events to try again, or to give up, by id; without ids, all."""

    ids: list[str] | None = None


class Changed(Wire):
    """How many events it was."""

    count: int
