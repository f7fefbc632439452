"""Which meter serves which account."""
