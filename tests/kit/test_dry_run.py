"""A dry run: the answer of a request that is not carried out."""

from __future__ import annotations

import pytest

from support.api import Api
from support.shop import SEGMENTS, Shop

GOLD = {"id": "gold", "name": {"en": "Gold"}, "siteCode": "main"}


@pytest.fixture(autouse=True)
def shop(api: Api) -> None:
    Shop(api).site("main")


def test_a_dry_run_answers_and_changes_nothing(api: Api) -> None:
    with api.unchanged():
        dry = api.post(SEGMENTS, GOLD, x_dry_run="true")
    assert (dry.status, dry.json) == (201, {"id": "gold"})
    assert api.post(SEGMENTS, GOLD, x_dry_run="false").status == 201
    with api.unchanged():
        assert api.post(SEGMENTS, GOLD, x_dry_run="true").status == 409
        assert api.delete(f"{SEGMENTS}/gold", x_dry_run="true").status == 204
    assert api.get(f"{SEGMENTS}/gold", x_dry_run="true").status == 200


def test_a_dry_run_of_a_bulk_judges_each_item(api: Api) -> None:
    bad = {"id": "bad", "name": {"en": "Bad"}, "siteCode": "nowhere"}
    with api.unchanged():
        dry = api.put(f"{SEGMENTS}/bulk", [GOLD, bad], x_dry_run="true")
    assert dry.status == 207
    assert [entry["code"] for entry in dry.json] == [201, 400]


def test_a_dry_run_runs_the_reactions(api: Api) -> None:
    Shop(api).site("other", default=False)
    assert api.post(SEGMENTS, GOLD | {"siteCode": "other"}).status == 201
    with api.unchanged():
        refused = api.delete("/site/{tenant}/sites/other", x_dry_run="true")
    assert refused.status in (400, 409)


def test_what_commits_by_itself_has_no_dry_run(api: Api) -> None:
    with api.unchanged():
        refused = api.post(
            "/customer/{tenant}/login", {"email": "a@example.com", "password": "secret1"}, x_dry_run="true"
        )
    assert refused.status == 400
    assert refused.json["details"][0]["field"] == "X-Dry-Run"
