"""Webhooks: where a tenant's events are sent, which of them, and what became of them.

A *configuration* says how: over HTTP, or through Svix with an account of the tenant's or the operator's. A
*subscription* says whether events of a type are sent, and without which fields. A *destination* is one address with a
place of its own in the feed of events, so that none waits for another. The worker delivers; it uses the facade.
"""
