"""Three suites over every row: without a token, without the scope, with another tenant's token."""

from __future__ import annotations

import re
from typing import Any

import pytest

from coterie.directory import SERVICES
from coterie.kit.rows import Row, Service
from support.api import Api, Response, Server, new_tenant

ROWS = [(service, row) for service in SERVICES for row in service.rows]
GUARDED = [(service, row) for service, row in ROWS if row.scopes is not None]
SCOPED = [(service, row) for service, row in GUARDED if row.scopes]


def named(value: Any) -> str:
    return f"{value.method} {value.path}" if isinstance(value, Row) else value.name


def path_of(service: Service, row: Row) -> str:
    """A concrete path: the tenant stays open, every other parameter is some id."""
    return re.sub(r"\{(?!tenant\})[^}]+\}", "some", service.prefix + row.path)


def send(api: Api, service: Service, row: Row) -> Response:
    """The row's request with a body that is as good as any: nobody may look at it before the caller."""
    body = [] if "bulk" in row.path else {}
    return api.request(row.method, path_of(service, row), body if row.handler.body is not None else None)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def shared(request: pytest.FixtureRequest) -> Api:
    """One tenant for the whole suite: nothing in it may change."""
    server: Server = request.getfixturevalue(f"{request.param}_server")
    return new_tenant(server)


@pytest.fixture(scope="module")
def stranger(shared: Api) -> Api:
    """A client of another tenant with every scope."""
    return new_tenant(shared.server)


@pytest.mark.parametrize(("service", "row"), GUARDED, ids=named)
def test_without_a_token_every_row_is_refused(shared: Api, service: Service, row: Row) -> None:
    response = send(shared.as_(None), service, row)
    assert response.status == 401
    assert response.json["fault"]["detail"]["errorcode"] == "oauth.v2.InvalidAccessToken"


@pytest.mark.parametrize(("service", "row"), SCOPED, ids=named)
def test_without_its_scope_every_row_is_refused(shared: Api, service: Service, row: Row) -> None:
    other = {scope for _, each in SCOPED for scope in each.scopes or ()} - set(row.scopes or ())
    assert send(shared.with_scopes(*other), service, row).status == 403


@pytest.mark.parametrize(("service", "row"), GUARDED, ids=named)
def test_another_tenants_token_is_refused_everywhere(
    shared: Api, stranger: Api, service: Service, row: Row
) -> None:
    if "{tenant}" not in service.prefix:
        pytest.skip("the tenant is the token's: there is no other to name")
    with shared.unchanged():
        visitor = Api(shared.server, shared.tenant, stranger.token)
        assert send(visitor, service, row).status == 403
