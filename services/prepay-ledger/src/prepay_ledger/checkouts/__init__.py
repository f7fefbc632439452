"""Checkouts: how a provider is asked to let somebody pay now, at a page of its own."""
