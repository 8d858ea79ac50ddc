"""What the operations of the unit handling service do."""
