"""Pure decisions of the unit handling service."""
