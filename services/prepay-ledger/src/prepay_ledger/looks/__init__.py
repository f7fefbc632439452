"""The daily look at every meter."""
