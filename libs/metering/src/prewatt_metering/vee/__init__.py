"""Validation, estimation and editing of readings. See README.md of this room."""
