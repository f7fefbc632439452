"""Accounts' balances: what was paid and what was charged, against what the ledger says is left."""
