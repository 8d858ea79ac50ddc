"""Identity providers that speak OpenID Connect: how a tenant configures them, and what they say of a person."""
