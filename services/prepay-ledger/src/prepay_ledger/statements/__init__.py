"""What a post-paid account was charged and has paid, period by period, as its customer is told."""
