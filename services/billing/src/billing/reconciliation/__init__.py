"""Billing's charge against the ledger's, for every period of every agreement."""
