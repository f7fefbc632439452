"""What providers say they have sent to the bank, and whether it came there."""
