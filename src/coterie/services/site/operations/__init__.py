"""What the rows of the site settings service run, by noun."""
