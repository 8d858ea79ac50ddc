"""What tests stand on: the database engines they use and the guards around them."""
