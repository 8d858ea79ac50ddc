"""The query language of `q` and `sort`, and the SQL and JSON that two engines share. It knows nothing of coterie."""
