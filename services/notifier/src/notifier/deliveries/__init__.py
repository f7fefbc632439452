"""What becomes of a notice that is due: sent, tried again, given up, and told as an event."""
