"""What the operations of the product service do."""
