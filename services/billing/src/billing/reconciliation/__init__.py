"""Billing's month against the ledger's."""
