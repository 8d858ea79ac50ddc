"""The operations of session contexts: what clients ask for, and what becomes of a session."""
