"""The rules of customers, without a server."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coterie.kit.errors import Invalid
from coterie.services.customer import rules
from coterie.services.oauth import rules as oauth

emails = st.from_regex(r"[a-zA-ZäÖß0-9.+-]{1,20}@[a-zA-Z0-9.-]{1,20}", fullmatch=True)


@given(emails)
def test_an_address_is_the_same_in_any_letter_case(email: str) -> None:
    assert rules.folded(email) == rules.folded(email.upper()) == rules.folded(email.lower())
    assert rules.email_problems("email", email) == []


@pytest.mark.parametrize("email", ["", "a", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\n", "a@" + "b" * 253])
def test_what_is_no_address_is_named(email: str) -> None:
    (problem,) = rules.email_problems("email", email)
    assert problem.field == "email"


@given(st.none() | emails, st.none() | emails, st.none() | emails)
def test_who_signs_up_has_a_login_and_a_contact_address(
    contact: str | None, email: str | None, login: str | None
) -> None:
    profile: dict[str, Any] = {} if contact is None else {"contactEmail": contact}
    clash = email and contact and rules.folded(email) != rules.folded(contact)
    if clash or (email is None and login is None):
        with pytest.raises(Invalid) as caught:
            rules.signup_profile(profile, email, login)
        assert caught.value.problems
        return
    account, stored = rules.signup_profile(profile, email, login)
    assert account == (login or email)
    assert stored["contactEmail"] == (contact or email or login)


@pytest.mark.parametrize(
    ("expand", "wanted"),
    [
        (None, set()),
        ("", set()),
        ("addresses", {"addresses"}),
        ("accounts, mixin:*", {"accounts", "mixin"}),
        ("mixin:loyalty,,", {"mixin"}),
    ],
)
def test_expand_names_what_is_wanted(expand: str | None, wanted: set[str]) -> None:
    assert rules.expansions(expand) == wanted


@given(st.frozensets(st.sampled_from(["a.b_read", "a.b_manage", "c.d_read"])), st.data())
def test_a_token_never_has_a_scope_its_client_lacks(held: frozenset[str], data: st.DataObject) -> None:
    names = st.sampled_from(["a.b_read", "a.b_manage", "c.d_read", "x.y_read", "tenant=acme"])
    asked = data.draw(st.lists(names))
    scopes = set(asked) - {"tenant=acme"}
    if not scopes <= held:
        with pytest.raises(Invalid):
            oauth.granted(held, "acme", " ".join(asked))
        return
    granted = oauth.granted(held, "acme", " ".join(asked))
    assert granted <= held
    assert granted == (scopes or held)
