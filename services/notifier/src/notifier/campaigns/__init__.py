"""What a person has many customers told at once, and what came of it."""
