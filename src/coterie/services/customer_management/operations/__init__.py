"""The operations of client management, one module for each noun."""
