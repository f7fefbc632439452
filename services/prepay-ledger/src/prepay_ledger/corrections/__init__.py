"""Correction runs: a tariff version is put right, and what was charged by it."""
