"""Whether an account's supply stays, goes or comes back."""
