"""A shop around the coupons: customers, companies, categories and segments, and a clock that can stand still."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from support.api import Api, Response, Server
from support.shop import Shop

COUPONS = "/coupon/{tenant}/coupons"


class CouponShop(Shop):
    """A shop whose customers have the ids that a test gives them, with coupons."""

    def customer(self, id: str, **more: Any) -> str:
        return super().customer(f"{id}@example.com", id=id, **more)

    def company(self, id: str, *customers: str) -> str:
        super().company(id)
        for customer in customers:
            self.contact(customer, id)
        return id

    def segment(self, id: str, *customers: str, **more: Any) -> str:
        super().segment(id, **more)
        for customer in customers:
            self.member(id, customer)
        return id

    def coupon(self, code: str, **more: Any) -> str:
        """A coupon of 10 percent."""
        body = {"code": code, "name": code, "discountType": "PERCENT", "discountPercentage": 10, **more}
        self._made("POST", COUPONS, body)
        return code


@pytest.fixture
def shop(api: Api) -> CouponShop:
    """A shop whose site is `main`, once on each engine."""
    made = CouponShop(api)
    made.site("main")
    return made


@pytest.fixture
def stand_at(server: Server, monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Stops the server's clock at an instant."""

    def stop(instant: datetime) -> None:
        monkeypatch.setattr(server.runtime.clock, "now", lambda: instant)

    return stop


def types(response: Response) -> list[str]:
    """The types of the details of a refusal."""
    assert response.status == 400, response.body
    assert response.json["type"] == "validation_violation"
    return [detail["type"] for detail in response.json["details"]]


def fields(response: Response) -> list[str]:
    """The fields that a refusal names."""
    assert response.status == 400, response.body
    return [detail["field"] for detail in response.json["details"]]


def order(total: Any = 100, discount: Any = 10, currency: str = "EUR", **more: Any) -> dict[str, Any]:
    """The body of a redemption."""
    return {
        "orderTotal": {"amount": total, "currency": currency},
        "discount": {"amount": discount, "currency": currency},
        **more,
    }
