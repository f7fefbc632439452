"""Billing's own PostgreSQL database."""
