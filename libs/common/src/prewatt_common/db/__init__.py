"""PostgreSQL: one engine a service, shared tables, migrations."""
