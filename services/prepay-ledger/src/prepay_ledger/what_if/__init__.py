"""What if another policy had held: history simulated under it, beside what was."""
