"""coterie: a commerce engine built around customer segments."""
