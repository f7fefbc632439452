"""The ledger's own PostgreSQL database."""
