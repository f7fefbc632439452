"""Registers, billing months, tariffs and rating: pure, shared by ledger and billing."""
