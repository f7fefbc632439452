"""Relays that were to close: whether they have, how long it took, what is owed if not."""
