"""What the rows of IAM run, by noun."""
