"""The outbox worker: takes events in order for each subject, and delivers them at least once."""
