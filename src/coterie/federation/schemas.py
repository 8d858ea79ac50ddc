"""What a tenant tells of its identity providers, in the words of OpenID Connect and CONTRACT §1.6."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from coterie.kit.wire import Wire

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
Texts = Annotated[list[Text], msgspec.Meta(min_length=1, max_length=50)]


class Provider(Wire, rename=str):
    """An identity provider. Endpoints that are left out are found by OpenID Connect Discovery from `issuer`.

    An endpoint may be a path, which is then on `domain`. jwks: the provider's keys, when they can't be fetched.
    trust_email: the provider's e-mail addresses count as verified although it does not say so. The last two overrule
    the tenant's settings of the same name.
    """

    issuer: Text
    domain: Text | None = None
    client_id: Text | None = None
    client_secret: Text | None = None
    jwks: dict[str, Any] | None = None
    jwks_uri: Text | None = None
    trust_email: bool | None = None
    identifier: Literal["EMAIL", "SUBJECT"] | None = msgspec.field(
        name="ssoCustomerIdentifierField", default=None
    )
    provisioning_disabled: bool | None = msgspec.field(
        name="ssoCustomerAutoprovisioningDisabled", default=None
    )


class ExchangeProvider(Provider, rename=str):
    """Whose access tokens are exchanged. audience: of which one must be in `aud`. token_client_id: must be `azp`.

    token_introspect_endpoint: is asked for each token, as `client_id`, unless there are keys.
    """

    audience: Text | Texts | None = None
    token_client_id: Text | None = None
    token_introspect_endpoint: Text | None = None


class LoginProvider(Provider, rename=str):
    """With whom people sign in by an authorisation code. redirect_uri: the pages of the front end it returns to.

    token_endpoint_auth_method: how `client_secret` is sent, by default in the header.
    """

    redirect_uri: Text | Texts
    token_endpoint: Text | None = None
    token_endpoint_auth_method: Literal["client_secret_basic", "client_secret_post"] | None = None

    @property
    def sends_secret_in_form(self) -> bool:
        """Whether the token endpoint wants the client's secret in the form."""
        return self.token_endpoint_auth_method == "client_secret_post"  # noqa: S105 - a method's name

    @property
    def pages(self) -> list[str]:
        """The pages that a code may have been sent to."""
        return [self.redirect_uri] if isinstance(self.redirect_uri, str) else self.redirect_uri
