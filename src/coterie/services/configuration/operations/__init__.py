"""What the rows run: configurations of the tenant, and of its clients, on shared steps."""
