"""What meters send."""
