"""Banks' statements: each line of them, and what became of it."""
