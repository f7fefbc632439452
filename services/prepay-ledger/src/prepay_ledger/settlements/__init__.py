"""What providers settle, against what we have taken of them: what differs, and what came of it."""
