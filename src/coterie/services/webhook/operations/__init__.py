"""What the rows of the webhook service run, by noun."""
