"""Instants, local days and their slots. See README.md of this room."""
