"""What is told of an account, or of the utility, that a policy may let hold cuts."""
