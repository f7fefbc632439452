"""Refunders: how a provider is asked to give money of a payment back, and what its answer means."""
