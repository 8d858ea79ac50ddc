"""API clients: created with a secret that is shown once, verified by it."""

import pytest
from sqlalchemy import select

from coterie.kit import clients
from coterie.kit.tables import api_client

from .conftest import TENANT, Process


def test_a_client_is_verified_by_its_secret_alone(process: Process) -> None:
    client, secret = process.client()
    other, other_secret = process.client()

    def verified(id: str, given: str) -> object:
        return process.reading(lambda db: clients.verified(db, id, given))

    assert verified(client.id, secret) == client
    for id, given in [
        (client.id, other_secret),
        (client.id, ""),
        (client.id, secret + "x"),
        ("acme-nobody", secret),
        ("", ""),
        (f"other{client.id}", secret),
    ]:
        assert verified(id, given) is None
    assert verified(other.id, other_secret) == other


def test_the_secret_is_not_stored(process: Process) -> None:
    _, secret = process.client()
    assert len(secret) >= 43  # 32 bytes
    assert secret not in str(process.reading(lambda db: db.all(select(api_client))))


@pytest.mark.parametrize(
    ("kind", "scopes"), [("api", {"*"}), ("storefront", set()), ("custom", {"site.site_read"})]
)
def test_the_kind_decides_the_scopes(process: Process, kind: str, scopes: set[str]) -> None:
    client, _ = process.client(kind, frozenset({"site.site_read"}))
    assert client.scopes == scopes
    assert process.reading(lambda db: clients.find(db, client.id)) == client


def test_clients_are_listed_by_tenant(process: Process) -> None:
    mine = {process.client()[0], process.client("storefront")[0]}
    assert set(process.reading(lambda db: clients.listed(db, TENANT))) == mine
    assert process.reading(lambda db: clients.listed(db, "other")) == []


def test_a_removed_client_is_gone(process: Process) -> None:
    client, secret = process.client()
    assert not process.writing(lambda db: clients.remove(db, "other", client.id))
    assert process.writing(lambda db: clients.remove(db, TENANT, client.id))
    assert not process.writing(lambda db: clients.remove(db, TENANT, client.id))
    assert process.reading(lambda db: clients.verified(db, client.id, secret)) is None


def test_a_client_can_be_given_its_id_and_secret(process: Process) -> None:
    given = {"id": f"{TENANT}-known", "secret": "a secret made elsewhere"}
    client, secret = process.writing(lambda db: clients.create(db, TENANT, "api", at="", **given))
    assert {"id": client.id, "secret": secret} == given
    assert process.reading(lambda db: clients.verified(db, client.id, secret)) == client
