"""What the rows run, by noun: segments, customers, items, and what a storefront asks."""
