"""What people decided, as it was told: append only."""
