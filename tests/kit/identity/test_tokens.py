"""Access tokens: what goes in comes out, and nothing that was tampered with does."""

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt as jose
from joserfc.jwk import OctKey, OKPKey

from coterie.kit import clients, jwt
from coterie.kit.caller import Caller
from coterie.kit.errors import Unauthorized
from coterie.kit.keys import SigningKey

from .conftest import TENANT, Process, StillClock

NOW = 1_700_000_000
KEY = SigningKey("k1", OKPKey.generate_key("Ed25519"))
OTHER = SigningKey("k1", OKPKey.generate_key("Ed25519"))
words = st.text("abcdefghijklmnopqrstuvwxyz0123456789._-", min_size=1, max_size=30)
callers = st.builds(
    Caller,
    st.sampled_from(["service", "anonymous", "customer", "employee"]),
    words,
    st.one_of(st.just(frozenset("*")), st.frozensets(words, max_size=5)),
    client_id=words,
    customer_id=st.none() | words,
    legal_entity_id=st.none() | words,
    session_id=st.none() | words,
    login_id=st.just("") | words,
    expires=st.integers(NOW + 1, NOW + 10**8),
)
CALLER = Caller("customer", TENANT, frozenset({"order.history_view"}), customer_id="1", expires=NOW + 60)


def find(kid: str) -> OKPKey | None:
    return KEY.key if kid == KEY.kid else None


def refused(token: str, reason: str = "invalid") -> None:
    with pytest.raises(Unauthorized) as caught:
        jwt.decode(token, find, NOW)
    assert caught.value.reason == reason


def segment(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


@given(callers)
def test_a_token_says_who_it_was_issued_to(caller: Caller) -> None:
    assert jwt.decode(jwt.encode(caller, KEY, NOW), find, NOW) == caller


def test_a_token_for_every_scope_is_short() -> None:
    token = jwt.encode(Caller("service", TENANT, frozenset("*"), client_id="a", expires=NOW), KEY, NOW)
    assert len(token) < 350


@given(callers, st.data())
def test_a_token_of_which_any_character_was_changed_is_refused(caller: Caller, data: st.DataObject) -> None:
    token = jwt.encode(caller, KEY, NOW)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(max_codepoint=0x17F).filter(lambda character: character != token[at]))
    with pytest.raises((Unauthorized, jwt.UnknownKey)):
        jwt.decode(token[:at] + other + token[at + 1 :], find, NOW)


def test_every_spelling_of_the_last_character_but_one_is_refused() -> None:
    token = jwt.encode(CALLER, KEY, NOW)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for other in set(alphabet) - {token[-1]}:
        refused(token[:-1] + other)


@given(
    st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
)
def test_made_up_texts_are_refused(text: str) -> None:
    refused(text)


@given(
    st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "b64", "jwk", "enc"]),
        st.none() | words | st.lists(words),
    ),
    st.recursive(st.none() | words | st.integers(), lambda inner: st.dictionaries(words, inner)),
)
def test_made_up_headers_and_claims_are_refused(header: object, claims: object) -> None:
    signature = jwt.encode(CALLER, KEY, NOW).rpartition(".")[2]
    with pytest.raises((Unauthorized, jwt.UnknownKey)):
        jwt.decode(f"{segment(header)}.{segment(claims)}.{signature}", find, NOW)


def test_a_token_added_to_or_cut_is_refused() -> None:
    token = jwt.encode(CALLER, KEY, NOW)
    for other in (token + "A", token + "=", token + "\n", token[:-1], f" {token}", token + ".", ""):
        refused(other)


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", ""])
def test_no_algorithm_is_refused(algorithm: str) -> None:
    _, claims, signature = jwt.encode(CALLER, KEY, NOW).split(".")
    header = segment({"typ": "JWT", "alg": algorithm, "kid": KEY.kid})
    refused(f"{header}.{claims}.{signature}")
    refused(f"{header}.{claims}.")


def test_another_key_with_the_same_id_is_refused() -> None:
    refused(jwt.encode(CALLER, OTHER, NOW))


def test_a_symmetric_signature_made_with_the_public_key_is_refused() -> None:
    public = json.dumps(KEY.key.as_dict(private=False)).encode()
    claims = {"iss": "coterie", "aud": "api", "knd": "service", "ten": TENANT, "exp": NOW + 60, "scp": "*"}
    forged = jose.encode({"alg": "HS256", "kid": KEY.kid}, claims, OctKey.import_key(public))
    refused(forged)


@pytest.mark.parametrize("claim", ["iss", "aud"])
def test_a_token_of_another_issuer_or_for_another_audience_is_refused(claim: str) -> None:
    claims = {"iss": "coterie", "aud": "api", "knd": "service", "ten": TENANT, "exp": NOW + 60, "scp": "*"}
    header = {"alg": "Ed25519", "kid": KEY.kid}

    def signed(claims: dict[str, object]) -> str:
        return jose.encode(header, claims, KEY.key, algorithms=["Ed25519"])

    assert jwt.decode(signed(claims), find, NOW).may(("anything",))
    refused(signed(claims | {claim: "else"}))
    refused(signed({name: value for name, value in claims.items() if name != claim}))


def test_a_token_expires_at_its_second() -> None:
    token = jwt.encode(CALLER, KEY, NOW)
    assert jwt.decode(token, find, CALLER.expires - 0.001) == CALLER
    with pytest.raises(Unauthorized) as caught:
        jwt.decode(token, find, CALLER.expires)
    assert caught.value.reason == "expired"


# With a database


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic {token}", "{token}", "Bearer {token} {token}"])
def test_another_authorization_header_is_refused(process: Process, header: str | None) -> None:
    token = process.anonymous().access_token
    with pytest.raises(Unauthorized) as caught:
        process.run(process.tokens.caller(header.format(token=token) if header else header))
    assert caught.value.reason == "invalid"


def test_the_scheme_is_read_in_any_letter_case(process: Process) -> None:
    token = process.anonymous().access_token
    assert process.run(process.tokens.caller(f"bearer {token}")).tenant == TENANT


def test_a_remembered_token_still_expires(
    process: Process, start: Callable[..., Process], clock: StillClock
) -> None:
    hours = start(token_memory=10**6)
    issued = hours.anonymous()
    hours.caller(issued.access_token)
    clock.pass_(issued.expires_in)
    with pytest.raises(Unauthorized) as caught:
        hours.caller(issued.access_token)
    assert caught.value.reason == "expired"


def test_a_remembered_token_costs_no_statement(process: Process, clock: StillClock) -> None:
    token = process.anonymous().access_token
    process.caller(token)
    assert process.statements(lambda: process.caller(token)) == 0
    clock.pass_(process.settings.token_memory)
    assert process.statements(lambda: process.caller(token)) == 1


def test_an_ended_login_is_refused_at_once_here_and_soon_elsewhere(
    process: Process, start: Callable[..., Process], clock: StillClock
) -> None:
    elsewhere = start()
    issued = process.customer()
    other = process.customer()
    for each in (process, elsewhere):
        each.caller(issued.access_token)
    process.writing(lambda db: process.tokens.end(db, TENANT, issued.caller.login_id))
    with pytest.raises(Unauthorized):
        process.caller(issued.access_token)
    assert elsewhere.caller(issued.access_token)  # still remembered there
    clock.pass_(process.settings.token_memory)
    with pytest.raises(Unauthorized):
        elsewhere.caller(issued.access_token)
    assert process.caller(other.access_token) == other.caller


def test_ending_a_login_that_is_rolled_back_ends_nothing(process: Process) -> None:
    issued = process.customer()
    process.caller(issued.access_token)

    async def fails() -> None:
        async with process.database.writing() as session:
            await process.tokens.end(session, TENANT, issued.caller.login_id)
            raise LookupError

    with pytest.raises(LookupError):
        process.run(fails())
    assert process.caller(issued.access_token) == issued.caller


def test_a_customers_logins_end_together_and_nobody_elses(process: Process) -> None:
    mine = [process.customer("1"), process.customer("1")]
    other = process.customer("2")
    process.writing(lambda db: process.tokens.end_customer(db, TENANT, "1"))
    for issued in mine:
        with pytest.raises(Unauthorized):
            process.caller(issued.access_token)
    assert process.caller(other.access_token).customer_id == "2"


def test_a_service_token_ends_with_its_api_client(process: Process, clock: StillClock) -> None:
    client, _ = process.client()
    issued = process.run(process.tokens.issuer()).service(client, client.scopes)
    caller = process.caller(issued.access_token)
    assert (caller.kind, caller.client_id, caller.may(("any.thing",))) == ("service", client.id, True)
    assert issued.expires_in == process.settings.token_seconds
    process.writing(lambda db: clients.remove(db, TENANT, client.id))
    clock.pass_(process.settings.token_memory)
    with pytest.raises(Unauthorized):
        process.caller(issued.access_token)


def test_memory_is_bounded(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coterie.kit.tokens._REMEMBERED", 3)
    for _ in range(5):
        process.caller(process.anonymous().access_token)
    assert len(process.tokens._memory) == 3


# The saas-token


def test_a_saas_token_names_its_customer_to_its_own_tenant_only(process: Process, clock: StillClock) -> None:
    expires = int(clock.now().timestamp()) + 60
    token = process.tokens.saas_token(TENANT, "10000001", expires)
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert header["alg"] == "HS256"
    assert process.tokens.saas_customer(TENANT, token) == "10000001"
    with pytest.raises(Unauthorized):
        process.tokens.saas_customer("other", token)
    clock.pass_(60)
    with pytest.raises(Unauthorized) as caught:
        process.tokens.saas_customer(TENANT, token)
    assert caught.value.reason == "expired"


@given(st.data())
def test_a_saas_token_that_was_changed_is_refused(data: st.DataObject) -> None:
    secret = b"s" * 32
    token = jwt.encode_saas("10000001", secret, NOW + 60)
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(max_codepoint=0x17F).filter(lambda character: character != token[at]))
    with pytest.raises(Unauthorized):
        jwt.decode_saas(token[:at] + other + token[at + 1 :], secret, NOW)
