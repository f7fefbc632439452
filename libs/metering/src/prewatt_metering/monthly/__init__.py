"""Today's charge of one meter's month: highest registers, blocks, one tariff version a month.

The ledger and billing stand on it until they are put on `usage` and `rating`; then it goes.
"""
