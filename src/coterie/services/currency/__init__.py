"""Currencies that a tenant sells in, named in its languages, and the exchange rates between them.

Those of `project_curr`, or the one that the tenant was created with, are seeds named by CLDR; others are added. Sites
ask the facade whether a currency is the tenant's.
"""
