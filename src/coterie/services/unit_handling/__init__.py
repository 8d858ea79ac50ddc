"""Units of measurement by type, and exact conversion between those of one type.

The common ones are seeds (`rules/builtin.py`), named by CLDR in the tenant's languages; a tenant changes or deletes
them and adds its own. Other services ask the facade to convert.
"""
