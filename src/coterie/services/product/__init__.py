"""Products: what a shop sells, with its texts, tax classes, relations and mixins.

Nouns: a *product* (so far of the type BASIC); its *category ids* and *segment ids*, which it keeps a copy of by
following the assignments of the category and customer-segment services. Those two use the facade.
"""
