"""How banks take batch debits, and how they answer."""
