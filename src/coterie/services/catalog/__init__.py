"""Catalogs: which trees of categories a shop offers, on which of its sites, and when.

Nouns: a *catalog* names root categories and the sites that it is published on; its *status* is whether it is visible
at this moment.
"""
