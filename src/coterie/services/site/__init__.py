"""Sites: a tenant's shops, each with its languages, currencies, home base and the countries it ships to.

Exactly one site of a tenant is the default. Segments, and later prices, carts and session contexts, stand on sites
and ask the facade for them.
"""
