"""Notices, contacts and accounts in PostgreSQL."""
