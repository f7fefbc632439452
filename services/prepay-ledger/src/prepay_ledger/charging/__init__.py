"""From readings to charges."""
