"""Customer segments: who belongs to a group of customers, and which products and categories it is assigned.

Nouns: a *segment* (status, validity, site), a *customer assignment* (a customer, for a legal entity or for himself),
an *item assignment* (a product or a category). Coupons, and later cart and search, ask the facade who may see what.
"""
