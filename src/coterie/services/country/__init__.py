"""Countries and regions to which a tenant may sell, named in its languages; it says which countries are active.

They are seeds: codes and regions stand in `rules.py`, names come from CLDR, and only a country that a tenant has
changed has a row. Sites and legal entities ask the facade whether a country may be used.
"""
