"""Schemas of mixins, and entities of a merchant's own.

A *schema* is a list of *attributes* for *types* of entities (PRODUCT, CUSTOMER, a custom one). Each version of it is
published as a JSON Schema document, which never changes, under a URL that mixins name. A *reference* is a JSON Schema
that the merchant wrote himself. A *custom entity type* brings *instances* of its own, and scopes for them.

No service calls this one: mixins find its documents by `Service.published`, which the runtime asks.
"""
