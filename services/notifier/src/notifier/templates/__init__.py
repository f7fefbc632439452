"""Notices in words, in every language."""
