"""Pure decisions and values."""
