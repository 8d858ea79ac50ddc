"""Session contexts: in which site, currency, language and country a visitor's session shops.

Noun: a *session context*, one for each session of a storefront. It is born with the visit's first token, follows the
visitor when he logs in or out, and goes when no login of the session is left.
"""
