"""Key messages on their way to meters."""
