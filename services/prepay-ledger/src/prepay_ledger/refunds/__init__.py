"""Money that leaves: what an account that moved out has left is paid out to its customer."""
