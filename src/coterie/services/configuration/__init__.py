"""Configurations: what a tenant, or one of its clients, keeps under a key, and the settings the engine acts on.

A configuration whose key is one of `kit.tenant_settings` is a setting of the tenant: its value is validated, and
stands in the tenant's row, where `call.setting` finds it. Nobody needs a facade.
"""
