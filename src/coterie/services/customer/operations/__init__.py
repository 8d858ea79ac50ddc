"""The operations of the customer service, by what they act on."""
