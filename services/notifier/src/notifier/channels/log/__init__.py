"""The log, where there is nothing better."""
