"""The services, one folder per first URL segment."""
