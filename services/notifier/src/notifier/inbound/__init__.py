"""What customers write to us by SMS, and what is done about it."""
