"""PostgreSQL, templates and channels."""
