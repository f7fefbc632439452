"""How each account pays, and whether that is changing."""
