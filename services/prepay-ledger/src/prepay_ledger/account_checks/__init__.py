"""A point of sale's day as it has it, against ours: what differs, and what came of that."""
