"""What stops cuts of many at once: the fleet breaker, the operators' switch, and undoing cuts."""
