"""Anonymous visits of a storefront: their tokens, and the session that a customer's login continues."""
