"""What leaves the ledger after its time, and where it is then."""
