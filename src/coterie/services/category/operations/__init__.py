"""What the rows of the category service run, by noun."""
