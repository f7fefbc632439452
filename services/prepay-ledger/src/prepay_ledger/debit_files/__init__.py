"""Batch debits: files that banks collect by, and what they answer."""
