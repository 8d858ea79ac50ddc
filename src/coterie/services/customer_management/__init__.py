"""Client management: the companies that buy, and which customers act for them.

Nouns: a *legal entity* (a company, or a subsidiary below one), a *contact assignment* (a customer who acts for a
legal entity, in some role) and a *location* (an address that legal entities list). Customer segments, and later
prices, carts and approvals, ask the facade.
"""
