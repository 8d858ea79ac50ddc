"""Products: what a shop sells, with its texts, tax classes, relations and mixins.

Nouns: a *product* (basic, bundle, parent of variants, variant, or dynamic variant in a tree); a *template*, whose
attributes products follow and variants are made of; its *category ids* and *segment ids*, which it keeps a copy of by
following the assignments of the category and customer-segment services. Those two use the facade.
"""
