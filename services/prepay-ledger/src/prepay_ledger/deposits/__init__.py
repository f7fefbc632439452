"""What an account has left with the utility as security: cash, or a bank's guarantee."""
