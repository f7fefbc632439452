"""Commands on their way to meters."""
