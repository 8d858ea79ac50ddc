"""What the operations of the currency service do."""
