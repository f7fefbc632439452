"""Billing's own rating: from readings to use, from use to a charge. See README.md of this room."""
