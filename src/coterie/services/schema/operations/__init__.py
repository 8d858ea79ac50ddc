"""What the rows of the schema service run."""
