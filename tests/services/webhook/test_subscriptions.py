"""Subscriptions, the list of event types, and the feed."""

from __future__ import annotations

import asyncio

from sqlalchemy import text

from coterie.kit.tables import outbox
from coterie.services.webhook.operations import feed
from support.api import Api
from support.shop import SEGMENTS, Shop

SUBSCRIPTIONS = "/webhook/{tenant}/event-subscriptions"
EVENTS = "/webhook/{tenant}/events"
# The events of the reference that services have which are built already (CONTRACT §3.14), by what comes before the dot.
REFERENCE = {
    "category": {"created", "updated", "deleted"},
    "assignment": {"created", "deleted"},
    "client-management": {
        *("legalentity-created", "legalentity-updated", "legalentity-deleted"),
        "user-assigned-to-legalentity",
    },
    "customer-segment": {
        *("segment-created", "segment-updated", "segment-deleted"),
        *(
            f"{kind}-assignment-{what}"
            for kind in ("customer", "item")
            for what in ("created", "updated", "deleted")
        ),
    },
    "product": {"created", "updated", "deleted"},
    "site": {"site-created", "site-updated", "site-deleted"},
}


def change(api: Api, **entry: object) -> tuple[int, str | None]:
    (result,) = api.patch(SUBSCRIPTIONS, [entry]).json
    return result["code"], result.get("message")


def test_the_events_are_those_of_the_code_and_the_reference(api: Api) -> None:
    listed = [each["event"]["type"] for each in api.get(SUBSCRIPTIONS).json]
    assert listed == sorted(name for service in api.server.runtime.services for name in service.events)
    for group, names in REFERENCE.items():
        assert {name.partition(".")[2] for name in listed if name.partition(".")[0] == group} == names
    for each in api.get(SUBSCRIPTIONS).json:
        assert (each["subscription"], each["metadata"], each["excludedFields"]) == ("NONE", {}, [])


def test_a_subscription_changes_by_version_and_field(api: Api) -> None:
    def view() -> dict[str, object]:
        return next(
            each for each in api.get(SUBSCRIPTIONS).json if each["event"]["type"] == "product.created"
        )

    assert change(api, eventType="PRODUCT.CREATED", action="SUBSCRIBE", fieldsToUnsubscribe=["name"]) == (
        200,
        None,
    )
    assert (view()["subscription"], view()["excludedFields"]) == ("SUBSCRIBED", ["name"])
    assert (
        change(api, eventType="product.created", fieldsToSubscribe=["name"], metadata={"version": 1})[0]
        == 200
    )
    assert (view()["subscription"], view()["excludedFields"]) == ("SUBSCRIBED", [])
    with api.unchanged():
        assert (
            change(api, eventType="product.created", action="UNSUBSCRIBE", metadata={"version": 1})[0] == 409
        )
        assert change(api, eventType="product.sold", action="SUBSCRIBE")[0] == 404
        assert change(api, action="SUBSCRIBE")[0] == 400
        assert change(api, eventType="product.created", fieldsToUnsubscribe=[" "])[0] == 400
    assert change(api, eventType="product.created", action="UNSUBSCRIBE", metadata={"version": 2})[0] == 200
    assert view()["subscription"] == "UNSUBSCRIBED"
    answer = api.patch(
        SUBSCRIPTIONS,
        [{"eventType": "product.created", "action": "SUBSCRIBE"}] * 2 + [{"eventType": "product.x"}],
    )
    assert [each["code"] for each in answer.json] == [200, 200, 404]


def test_statistics_of_a_tenant_that_sent_nothing(api: Api) -> None:
    assert api.get("/webhook/{tenant}/statistics").json == {"monthStatistics": [], "webhooksLimit": 0}
    assert api.get("/webhook/{tenant}/statistics?fromYearMonth=2026-13").status == 400


def test_the_feed_is_read_page_by_page_through_rows_of_many_events(api: Api) -> None:
    shop = Shop(api)
    shop.site()
    shop.setting("references", "open")
    shop.segment("gold")
    people = [{"customerId": f"c{at}"} for at in range(25)]
    assert api.put(f"{SEGMENTS}/gold/customers/bulk", people).status == 207
    told, after = [], ""
    while page := api.get(f"{EVENTS}?limit=7{after}").json:
        told += page["events"]
        after = f"&after={page['next']}"
        if not page["events"]:
            break
    assert [each["payload"] for each in told] == [
        {name: value for name, value in each.items() if name != "type"}
        for each in api.events()
        if each["type"] in {event["type"] for event in told}
    ]
    ids = [tuple(map(int, each["id"].split("."))) for each in told]
    assert ids == sorted(set(ids))
    for bad in ("x", "1", "1.x", "9" * 40):
        assert api.get(f"{EVENTS}?after={bad}").status == 400
    assert api.get(f"{EVENTS}?after=99999999999999999999.1").json["events"] == []


def test_the_feed_skips_no_event_that_appears_late(api: Api) -> None:
    """On PostgreSQL the row of a lower id may become visible after that of a higher one."""
    database = api.server.runtime.database
    row = {"tenant": api.tenant, "type": "product.created", "subject": "a", "payload": {}, "internal": False}
    row["created_at"] = "2026-01-01T00:00:00.000Z"

    async def test() -> None:
        if database.sql.name != "postgresql":
            return  # one writer: ids appear in their order
        horizon = feed.Horizon(database)

        async def seen() -> int:
            bound = await horizon.id(0.05)
            async with database.reading() as session:
                told, _ = await feed.page(session, api.tenant, (0, feed.WHOLE), bound, 100)
            return len(told)

        before = await seen()
        async with database.writing() as slow:
            await slow.all(text("SELECT pg_current_xact_id()"))
            await slow.run(outbox.insert(), [row])
            async with database.writing() as quick:
                await quick.all(text("SELECT pg_current_xact_id()"))
                await quick.run(outbox.insert(), [row])
            assert await seen() == before, "the quick one's event is held back"
        await asyncio.sleep(0)
        assert await seen() == before + 2

    api.run(test())
