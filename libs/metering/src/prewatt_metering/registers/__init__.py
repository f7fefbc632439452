"""Readings, installations and what is known of a meter. See README.md of this room."""
