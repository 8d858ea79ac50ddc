"""Customers under the path that older storefronts ask: the same operations as those of the customer service."""
