"""OAuth: service tokens for API clients. No other service calls it."""
