"""Numbers that others keep never go back."""
