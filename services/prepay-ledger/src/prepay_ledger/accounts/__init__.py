"""Accounts: opened, changed, imported, and as they stand."""
