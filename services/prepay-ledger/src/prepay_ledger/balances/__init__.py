"""The account's row: found, and locked while its money moves."""
