"""Subscriptions: which events are sent, and without which of their fields; and how many were."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select, update

from coterie.kit.call import Call, Reply
from coterie.kit.errors import CoterieError, Invalid, NotFound, Problem, VersionConflict
from coterie.kit.rows import Bulk
from coterie.services.webhook.schemas import MonthsQuery, MonthView, StatisticsView, SubscriptionUpdate
from coterie.services.webhook.tables import month, subscription

Document = dict[str, Any]
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_MOST_FIELDS = 200


def types(call: Call) -> list[str]:
    """Every type of event that subscribers can get: those that the services' code defines."""
    return sorted(name for service in call.runtime.services for name in service.events)


def described(type_: str) -> Document:
    """An event type with its name and group in words."""
    group, _, name = type_.partition(".")
    words, of = re.sub(r"[-._]", " ", name), re.sub(r"[-_]", " ", group)
    return {
        "type": type_,
        "name": {"en": words.capitalize()},
        "group": {"en": of.capitalize()},
        "description": {"en": f"Emitted by {of} when this has happened: {words}."},
    }


async def list_subscriptions(call: Call) -> list[Document]:
    """Every event, and whether it is sent."""
    mine = select(subscription).where(subscription.c.tenant == call.tenant.name)
    rows = {row.event_type: row for row in await call.db.all(mine)}
    return [_view(type_, rows.get(type_)) for type_ in types(call)]


def _view(type_: str, row: Any) -> Document:
    if row is None:
        none: Document = {"metadata": {}, "subscription": "NONE", "excludedFields": []}
        return {"event": described(type_), **none}
    metadata = {"version": row.version, "createdAt": row.created_at, "modifiedAt": row.modified_at}
    return {
        "event": described(type_),
        "metadata": metadata,
        "subscription": "SUBSCRIBED" if row.subscribed else "UNSUBSCRIBED",
        "excludedFields": row.excluded,
    }


async def change_subscriptions(call: Call, body: Bulk[SubscriptionUpdate]) -> Reply:
    """Subscribe, unsubscribe, and leave fields out; each change for itself."""
    mine = select(subscription).where(subscription.c.tenant == call.tenant.name)
    rows: dict[str, Any] = {row.event_type: row._mapping for row in await call.db.all(mine.with_for_update())}
    known = set(types(call))
    results = []
    for each in body.items:
        name = "" if isinstance(each, CoterieError) else each.event_type.lower()
        try:
            if isinstance(each, CoterieError):
                raise each
            if name not in known:
                raise NotFound("event", name, f"There is no event {name[:80]!r}.")
            rows[name] = await _changed(call, name, each, rows.get(name))
            results.append({"eventType": name, "code": 200, "status": "OK"})
        except CoterieError as error:
            dialect = call.service.dialect
            told = "; ".join(f"{p.field}: {p.message}" for p in error.problems)
            text = told or dialect.message(error, call.tenant.name)
            status = dialect.reason(error.status)
            results.append({"eventType": name, "code": error.status, "status": status, "message": text})
    return Reply(207, results)


async def _changed(call: Call, name: str, change: SubscriptionUpdate, before: Any) -> Document:
    version = change.metadata.version if change.metadata else None
    if before is not None and version is not None and version != before["version"]:
        raise VersionConflict("subscription", name)
    excluded = list(before["excluded"]) if before else []
    excluded += [field for field in change.fields_to_unsubscribe or [] if field not in excluded]
    excluded = [field for field in excluded if field not in (change.fields_to_subscribe or [])]
    if len(excluded) > _MOST_FIELDS or any(not field.strip() for field in excluded):
        text = f"must be at most {_MOST_FIELDS} names of top-level fields, none blank"
        raise Invalid(problems=(Problem.violation("fieldsToUnsubscribe", text),))
    subscribed = before["subscribed"] if before and change.action is None else change.action == "SUBSCRIBE"
    values = {"subscribed": subscribed, "excluded": excluded, "modified_at": call.at}
    if before is None:
        row = {"tenant": call.tenant.name, "event_type": name, **values, "version": 1, "created_at": call.at}
        await call.db.run(subscription.insert(), [row])
        return row
    values["version"] = before["version"] + 1
    here = (subscription.c.tenant == call.tenant.name, subscription.c.event_type == name)
    await call.db.run(update(subscription).where(*here).values(**values))
    return {**before, **values}


async def statistics(call: Call, query: MonthsQuery) -> StatisticsView:
    """How many events were sent, by month, the latest first."""
    found = select(month.c.month, month.c.sent).where(month.c.tenant == call.tenant.name)
    for name, text in (("fromYearMonth", query.from_year_month), ("toYearMonth", query.to_year_month)):
        if text is not None and not _MONTH.fullmatch(text):
            raise Invalid(
                problems=(Problem.violation(name, f"{text[:20]!r} is not a month such as 2026-01"),)
            )
    if query.from_year_month is not None:
        found = found.where(month.c.month >= query.from_year_month)
    if query.to_year_month is not None:
        found = found.where(month.c.month <= query.to_year_month)
    rows = await call.db.all(found.order_by(month.c.month.desc()))
    months = [MonthView(statistics_month=row.month, succesfully_sent_webhooks=row.sent) for row in rows]
    return StatisticsView(month_statistics=months, webhooks_limit=call.runtime.settings.webhook_limit)
