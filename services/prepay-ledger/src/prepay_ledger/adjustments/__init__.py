"""Balances put right by people: adjusted for a cause, and money moved between two accounts."""
