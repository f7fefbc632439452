"""What a post-paid account has to pay, by when, and what of it is overdue."""
