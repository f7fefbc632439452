"""What the ledger says it has posted."""
