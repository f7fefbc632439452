"""What the broker drops is noticed."""
