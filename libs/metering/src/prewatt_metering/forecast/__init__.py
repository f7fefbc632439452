"""How much will be used, what that costs, and when money ends. See README.md of this room."""
