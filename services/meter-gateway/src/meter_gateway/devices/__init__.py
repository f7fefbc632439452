"""Registered meters."""
