"""What every tenant has from the start: names from CLDR, and how seeds and a tenant's own rows make one list.

Seeds are no rows: a tenant's rows are laid over them when they are read, and a seed becomes a row with its first
change. So a new tenant costs nothing, and one that adds a language finds everything named in it.
"""
