"""What the operations of the country service do."""
