"""Client management: the companies that buy, and which customers act for them.

Nouns: a *legal entity* (a company, or a subsidiary below one) and a *contact assignment* (a customer who acts for a
legal entity, in some role). Customer segments, and later prices, carts and approvals, ask the facade.
"""
