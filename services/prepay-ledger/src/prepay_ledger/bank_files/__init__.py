"""What banks' statements say, in our words."""
