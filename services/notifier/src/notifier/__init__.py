"""Notices to customers: which ones an event calls for, by which channel, what became of them."""
