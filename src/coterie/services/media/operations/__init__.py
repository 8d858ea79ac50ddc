"""What the operations of the media service do."""
