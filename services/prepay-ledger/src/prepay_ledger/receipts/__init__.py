"""Receipts of payments, signed at once and proven once their day is sealed."""
