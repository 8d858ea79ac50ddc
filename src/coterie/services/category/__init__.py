"""Categories: the trees in which a shop shows its products, and which products lie in which category.

Nouns: a *category* (a node of a tree), its *closure* (its ancestors and itself), an *assignment* of a product.
Segments and coupons ask the facade which categories exist, what lies below them and which products are in them.
"""
