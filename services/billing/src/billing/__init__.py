"""Independent re-rating: verifies reading against charge, from its own state."""
