"""One database behind two engines: sessions and hot statements, SQLite and PostgreSQL, and how a URL opens one."""
